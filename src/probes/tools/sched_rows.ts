/** What bpf/tools/sched.bpf.c counted: time on a CPU, switches and waits by process. */
import { Names, sumsOf } from "./reading.ts";
import { LATENCY_BUCKETS, SLOT, SLOTS } from "./layout.ts";
import type { ObjectPlan, ToolObject, ToolProgram } from "./object.ts";
import { memberOffsets, recordOffsets } from "./offsets.ts";
import { forEachSlotRow } from "./slots.ts";
import type { ToolRun } from "./tool.ts";

const COUNTS = {
  ran_ns: 0,
  voluntary: 8,
  involuntary: 16,
  waits: 24,
  wait_ns: 32,
  max_wait_ns: 40,
  bytes: 48,
} as const;
const SCHED_SLOT = { slot: 0, counts: SLOT.bytes, bytes: SLOT.bytes + COUNTS.bytes } as const;
/** struct sched_counts, sched_slot, cpu_sched. */
export const SCHED_LAYOUT = {
  sched_counts: COUNTS,
  sched_slot: SCHED_SLOT,
  cpu_sched: {
    slots: 0,
    waits: SLOTS * SCHED_SLOT.bytes,
    bytes: SLOTS * SCHED_SLOT.bytes + LATENCY_BUCKETS * 8 + 24,
  },
} as const;

export interface SchedRow {
  readonly tgid: number;
  ran_ns: number;
  voluntary: number;
  involuntary: number;
  waits: number;
  wait_ns: number;
  max_wait_ns: number;
}

const WAKEUPS = ["sched_wakeup", "sched_wakeup_new"];

/** With `waits`, all time in the run queue; that takes a program at every wake-up. Otherwise only after a preemption. */
export async function rawPlan(run: ToolRun, { waits }: { readonly waits: boolean }): Promise<ObjectPlan> {
  const [pid = 0, state = 0] = await memberOffsets(run, ["task_struct.pid", "task_struct.__state|task_struct.state"]);
  const wakeups = WAKEUPS.map((event): ToolProgram => ({ program: "raw_woken", raw_tracepoint: event }));
  return {
    name: "sched",
    programs: [{ program: "raw_switched", raw_tracepoint: "sched_switch" }, ...waits ? wakeups : []],
    mark: "marked",
    offsets: [pid, state, pid],
  };
}

/** The same on the events, whose records have the ids: no BTF is needed. */
export function eventPlan(run: ToolRun, { waits }: { readonly waits: boolean }): ObjectPlan {
  const switched = recordOffsets(run, "sched:sched_switch", ["next_pid", "prev_state"]);
  const woken = recordOffsets(run, "sched:sched_wakeup", ["pid"]);
  const wakeups = WAKEUPS.map((event): ToolProgram => ({ program: "event_woken", tracepoint: `sched:${event}` }));
  return {
    name: "sched",
    programs: [{ program: "event_switched", tracepoint: "sched:sched_switch" }, ...waits ? wakeups : []],
    mark: "marked",
    offsets: [...switched, ...woken],
  };
}

export function readSched(
  object: ToolObject,
): { readonly rows: readonly SchedRow[]; readonly names: Names; readonly waits: readonly number[] } {
  const rows = new Map<number, SchedRow>(), names = new Names();
  const { cpu_sched: CPU } = SCHED_LAYOUT;
  const cpus = forEachSlotRow(object, {
    per_cpu: "cpu_sched",
    cpu_bytes: CPU.bytes,
    slot: SCHED_SLOT,
    rows: "processes",
    counts_bytes: COUNTS.bytes,
  }, ({ tgid, comm }, counts, at) => {
    const value = (of: keyof typeof COUNTS): number => Number(counts.getBigUint64(at + COUNTS[of], true));
    const switches = value("voluntary") + value("involuntary");
    if (switches === 0 && value("ran_ns") === 0) return;
    const row = rows.get(tgid) ??
      { tgid, ran_ns: 0, voluntary: 0, involuntary: 0, waits: 0, wait_ns: 0, max_wait_ns: 0 };
    rows.set(tgid, row);
    names.add(tgid, comm, switches + 1);
    for (const sum of ["ran_ns", "voluntary", "involuntary", "waits", "wait_ns"] as const) row[sum] += value(sum);
    row.max_wait_ns = Math.max(row.max_wait_ns, value("max_wait_ns"));
  });
  return { rows: [...rows.values()], names, waits: sumsOf(cpus, CPU.waits, LATENCY_BUCKETS) };
}
