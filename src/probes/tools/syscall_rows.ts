/** What bpf/tools/syscalls.bpf.c counted: rows by process and call, errors, latencies. */
import { errnoName } from "../../kernel/errno.ts";
import { syscallName } from "../../kernel/tracing/syscalls.ts";
import { countKeyAt, Names, sumsOf } from "./reading.ts";
import { COUNT_KEY, LATENCY_BUCKETS, SLOT, SLOTS } from "./layout.ts";
import type { ObjectPlan, ToolObject } from "./object.ts";
import { forEachSlotRow } from "./slots.ts";

/** struct call_slot, struct cpu_calls, struct call_counts, struct error_key. */
export const SYSCALLS_LAYOUT = {
  call_slot: { slot: 0, counts: SLOT.bytes, bytes: SLOT.bytes + 32 },
  cpu_calls: { slots: 0, latencies: SLOTS * 72, bytes: SLOTS * 72 + LATENCY_BUCKETS * 8 },
  call_counts: { calls: 0, errors: 8, total_ns: 16, max_ns: 24, bytes: 32 },
  error_key: { row: 0, error: COUNT_KEY.bytes, bytes: COUNT_KEY.bytes + 4 },
} as const;

/** Marks the call of a 32-bit program (bpf/include/syscall_regs.h): it has other numbers. */
const CALL_32_BIT = 0x4000_0000;

/** The kernel puts these where probes on functions are: no program makes them. */
const UNMADE: ReadonlySet<string> = new Set(["uretprobe", "uprobe"]);
/** What it returns to is a register of the program: no error. */
const RETURNS_NO_ERROR = "rt_sigreturn";

export interface CallRow {
  readonly tgid: number;
  readonly call: string;
  calls: number;
  errors: number;
  total_ns: number;
  max_ns: number;
}

export interface CallError {
  readonly tgid: number;
  readonly call: string;
  readonly error: string;
  count: number;
}

export interface SystemCalls {
  readonly rows: readonly CallRow[];
  readonly errors: readonly CallError[];
  readonly names: Names;
  readonly latencies: readonly number[];
}

/** Ways to the programs `counted`, or `begun` and `ended`: raw tracepoints, then the events of the same name. */
export function programsOf(
  ...names: readonly ("counted" | "begun" | "ended")[]
): Record<"raw" | "event", ObjectPlan["programs"]> {
  const at = (name: string): string => name === "begun" ? "sys_enter" : "sys_exit";
  return {
    raw: names.map((name) => ({ program: `raw_${name}`, raw_tracepoint: at(name) })),
    event: names.map((name) => ({ program: `event_${name}`, tracepoint: `raw_syscalls:${at(name)}` })),
  };
}

export function readCalls(object: ToolObject): SystemCalls {
  const rows = new Map<string, CallRow>(), errors = new Map<string, CallError>(), names = new Names();
  const { call_slot: CALL_SLOT, cpu_calls: CPU, call_counts: COUNTS, error_key: ERROR } = SYSCALLS_LAYOUT;
  const cpus = forEachSlotRow(object, {
    per_cpu: "cpu_calls",
    cpu_bytes: CPU.bytes,
    slot: CALL_SLOT,
    rows: "calls",
    counts_bytes: COUNTS.bytes,
  }, ({ tgid, key: number, comm }, counts, at) => {
    const calls = u64(counts, at + COUNTS.calls), call = nameOf(number);
    if (calls === 0 || UNMADE.has(call)) return;
    const id = `${tgid} ${call}`;
    const row = rows.get(id) ?? { tgid, call, calls: 0, errors: 0, total_ns: 0, max_ns: 0 };
    rows.set(id, row);
    names.add(tgid, comm, calls);
    row.calls += calls;
    if (call !== RETURNS_NO_ERROR) row.errors += u64(counts, at + COUNTS.errors);
    row.total_ns += u64(counts, at + COUNTS.total_ns);
    row.max_ns = Math.max(row.max_ns, u64(counts, at + COUNTS.max_ns));
  });
  object.forEachRow("errors", { key_bytes: ERROR.bytes, value_bytes: 8 }, (key, value) => {
    const { tgid, key: number } = countKeyAt(key), call = nameOf(number);
    if (call === RETURNS_NO_ERROR || UNMADE.has(call)) return;
    const value_of_error = key.getUint32(ERROR.error, true);
    const error = errnoName(value_of_error) ?? `errno ${value_of_error}`;
    const id = `${tgid} ${call} ${error}`;
    const row = errors.get(id) ?? { tgid, call, error, count: 0 };
    errors.set(id, row);
    row.count += u64(value, 0);
  });
  return {
    rows: [...rows.values()],
    errors: [...errors.values()].sort((a, b) => b.count - a.count),
    names,
    latencies: sumsOf(cpus, CPU.latencies, LATENCY_BUCKETS),
  };
}

function nameOf(number: number): string {
  if (number === NO_CALL) return "(none)";
  if ((number & CALL_32_BIT) !== 0) return `32-bit call ${number & ~CALL_32_BIT}`;
  return syscallName(number) ?? `call ${number}`;
}
/** What a tracer or a filter put in the place of a call. */
const NO_CALL = 0xffff_ffff;

function u64(view: DataView<ArrayBuffer>, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/** Rows merged by what they have in common. */
export function merged(rows: readonly CallRow[], by: (row: CallRow) => string | number): CallRow[] {
  const merged = new Map<string | number, CallRow>();
  for (const row of rows) {
    const sum = merged.get(by(row));
    if (sum === undefined) merged.set(by(row), { ...row });
    else {
      sum.calls += row.calls;
      sum.errors += row.errors;
      sum.total_ns += row.total_ns;
      sum.max_ns = Math.max(sum.max_ns, row.max_ns);
    }
  }
  return [...merged.values()];
}
