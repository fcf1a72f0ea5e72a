/** The tool `lock-contention`: threads that wait for a futex, which one, how long, where, and who holds it. */
import { readText } from "../../kernel/read.ts";
import { timeText } from "../result/time_text.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { COMM_BYTES } from "./layout.ts";
import { lookForWaiters } from "./futex_waiters.ts";
import { startObject, type ToolObject, type ToolProgram } from "./object.ts";
import { recordOffsets } from "./offsets.ts";
import { type Cell, histogramsOf, Names, PROCESS, tableOf } from "./reading.ts";
import { Stacks } from "./stacks.ts";
import { timesOf } from "./times.ts";
import { type RunningTool, type Tool, type ToolOutcome, type ToolRun, Unavailable } from "./tool.ts";

/** Structures of bpf/tools/lock_contention.bpf.c. */
const WAIT = { time_ns: 0, address: 8, kind: 16, holder: 20, ids: 24, comm: 32, bytes: 48 } as const;
const KEY = { address: 0, tgid: 8, kind: 12, bytes: 16 } as const;
const LOCK = {
  waits: 0,
  timeouts: 8,
  total_ns: 16,
  max_ns: 24,
  tid: 32,
  holder: 36,
  user_stack: 40,
  comm: 48,
  bytes: 64,
} as const;
/** Held against the object's BTF by a test. */
export const LOCK_CONTENTION_LAYOUT = { wait: WAIT, lock_key: KEY, lock: LOCK } as const;
const KINDS = ["other", "lock", "pi_lock"] as const;
const NO_STACK = -1;

export const lockContention: Tool = {
  name: "lock-contention",
  summary: "threads that wait for locks of their program (futex): which, how long, where, and who holds them",
  needs:
    "the tracepoints syscalls:sys_enter_futex and sys_exit_futex; without BPF, threads that are found waiting, by " +
    "/proc/PID/task/TID/syscall. Waits by futex_waitv(2) and of 32-bit programs are not " +
    "seen.",
  ways: [
    { source: "tracepoints syscalls:sys_enter_futex, sys_exit_futex", start: startTracing },
    { source: "/proc/PID/task/TID/syscall", start: lookForWaiters },
  ],
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: false,
};

interface Lock {
  readonly tgid: number;
  readonly address: bigint;
  readonly kind: typeof KINDS[number];
  readonly comm: string;
  readonly waits: number;
  readonly timeouts: number;
  readonly total_ns: number;
  readonly max_ns: number;
  readonly still_waiting: number;
  /** Of the longest wait. */
  readonly tid: number;
  readonly holder: number;
  readonly user_stack: number;
}

function startTracing(run: ToolRun): Promise<RunningTool> {
  const futex_wait = futexWait(run);
  return startObject(run, {
    name: "lock_contention",
    programs: [
      { program: "futex_left", tracepoint: "syscalls:sys_exit_futex" },
      { program: "futex_entered", tracepoint: "syscalls:sys_enter_futex" },
      ...futex_wait.programs,
    ],
    offsets: [
      ...recordOffsets(run, "syscalls:sys_enter_futex", ["uaddr", "op", "val"]),
      ...recordOffsets(run, "syscalls:sys_exit_futex", ["ret"]),
      ...futex_wait.offsets,
    ],
  }, (object) => outcomeOf(object, object.end_ns));
}

/** futex_wait(2), since Linux 6.7. */
function futexWait(run: ToolRun): { readonly programs: readonly ToolProgram[]; readonly offsets: readonly number[] } {
  try {
    return {
      offsets: [
        ...recordOffsets(run, "syscalls:sys_enter_futex_wait", ["uaddr", "val"]),
        ...recordOffsets(run, "syscalls:sys_exit_futex_wait", ["ret"]),
      ],
      programs: [
        { program: "wait_left", tracepoint: "syscalls:sys_exit_futex_wait" },
        { program: "wait_entered", tracepoint: "syscalls:sys_enter_futex_wait" },
      ],
    };
  } catch (error) {
    if (error instanceof Unavailable) return { programs: [], offsets: [] };
    throw error;
  }
}

async function outcomeOf(object: ToolObject, end_ns: bigint): Promise<ToolOutcome> {
  const all = merged(withoutCounters([...finishedWaits(object), ...unfinishedWaits(object, end_ns)]));
  const locks = all.filter(({ kind }) => kind !== "other"), others = all.filter(({ kind }) => kind === "other");
  const shown = [...locks.slice(0, 20), ...others.slice(0, 20)];
  const stacks = new Stacks(object);
  const named = await stacks.name(shown.map(({ tgid, user_stack }) => ({ tgid, user_stack, kernel_stack: NO_STACK })));
  const where = new Map(shown.map((lock, i) => [lock, named[i]?.text ?? ""]));
  const names = new Names();
  for (const { tgid, comm, waits } of all) names.add(tgid, comm, waits + 1);
  const { hits, lost_rows } = object.stats();
  const sum = (rows: readonly Lock[], of: (lock: Lock) => number): number =>
    rows.reduce((sum, row) => sum + of(row), 0);
  return {
    reading: {
      figures: {
        lock_waits: sum(locks, ({ waits }) => waits),
        lock_wait_ns: sum(locks, ({ total_ns }) => total_ns),
        locks: locks.length,
        still_waiting_for_locks: sum(locks, ({ still_waiting }) => still_waiting),
        other_waits: sum(others, ({ waits }) => waits),
      },
      tables: [table("locks", locks, { where, names }), table("other_waits", others, { where, names })],
      histograms: histogramsOf("lock_wait", "ns", timesOf(object)),
      notes: [
        "a lock is told by the value that it is waited for with (2: contended, as glibc, Rust and Go have it; a counter may " +
        "have it by chance) or by a call for locks; other waits are mostly for work, a condition or the end of a thread",
        ...stacks.notes,
        ...names.notes,
      ],
    },
    event_count: hits,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    summary: summaryOf(locks, { where, names }),
  };
}

function finishedWaits(object: ToolObject): Lock[] {
  const locks: Lock[] = [];
  object.forEachRow("locks", { key_bytes: KEY.bytes, value_bytes: LOCK.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    locks.push({
      tgid: key.getUint32(KEY.tgid, true),
      address: key.getBigUint64(KEY.address, true),
      kind: KINDS[key.getUint32(KEY.kind, true)] ?? "other",
      comm: readText(value, LOCK.comm, COMM_BYTES),
      waits: number(LOCK.waits),
      timeouts: number(LOCK.timeouts),
      total_ns: number(LOCK.total_ns),
      max_ns: number(LOCK.max_ns),
      still_waiting: 0,
      tid: value.getUint32(LOCK.tid, true),
      holder: value.getUint32(LOCK.holder, true),
      user_stack: value.getInt32(LOCK.user_stack, true),
    });
  });
  return locks;
}

/** A thread that was ended while it waited has left its row; it does not wait any more. */
function unfinishedWaits(object: ToolObject, end_ns: bigint): Lock[] {
  const locks: Lock[] = [];
  object.forEachRow("waiting", { key_bytes: 4, value_bytes: WAIT.bytes }, (_, value) => {
    const ids = value.getBigUint64(WAIT.ids, true);
    const tgid = Number(ids >> 32n), tid = Number(ids & 0xffff_ffffn);
    if (!isHostId(tgid) && threadName(tgid, tid) === undefined) return;
    const waited = Math.max(0, Number(end_ns - value.getBigUint64(WAIT.time_ns, true)));
    locks.push({
      tgid,
      address: value.getBigUint64(WAIT.address, true),
      kind: KINDS[value.getUint32(WAIT.kind, true)] ?? "other",
      comm: readText(value, WAIT.comm, COMM_BYTES),
      waits: 0,
      timeouts: 0,
      total_ns: waited,
      max_ns: waited,
      still_waiting: 1,
      tid,
      holder: value.getUint32(WAIT.holder, true),
      user_stack: NO_STACK,
    });
  });
  return locks;
}

/** What is waited for with other values, too, is a counter that passed by the value of a lock. */
function withoutCounters(rows: readonly Lock[]): Lock[] {
  const place = ({ tgid, address }: Lock): string => `${tgid} ${address}`;
  const others = new Set(rows.filter(({ kind }) => kind === "other").map(place));
  return rows.map((row) => row.kind === "lock" && others.has(place(row)) ? { ...row, kind: "other" } : row);
}

/** One row a lock, the longest waited for first. */
function merged(rows: readonly Lock[]): Lock[] {
  const locks = new Map<string, Lock>();
  for (const row of rows) {
    const key = `${row.tgid} ${row.kind} ${row.address}`, known = locks.get(key);
    if (known === undefined) {
      locks.set(key, row);
      continue;
    }
    const longest = row.max_ns > known.max_ns ? row : known;
    locks.set(key, {
      ...longest,
      user_stack: longest.user_stack === NO_STACK ? Math.max(row.user_stack, known.user_stack) : longest.user_stack,
      waits: known.waits + row.waits,
      timeouts: known.timeouts + row.timeouts,
      total_ns: known.total_ns + row.total_ns,
      still_waiting: known.still_waiting + row.still_waiting,
    });
  }
  return [...locks.values()].sort((a, b) => b.total_ns - a.total_ns);
}

interface Context {
  readonly where: ReadonlyMap<Lock, string>;
  readonly names: Names;
}

function table(name: string, locks: readonly Lock[], { where, names }: Context): ReturnType<typeof tableOf> {
  return tableOf(
    name,
    {
      ...PROCESS,
      address: "text",
      waits: "count",
      still_waiting: "count",
      timeouts: "count",
      total: "ms",
      longest: "ms",
      longest_by: "text",
      held_by: "text",
      stack: "text",
    },
    locks.map((lock): Cell[] => [
      ...names.cells(lock.tgid),
      `0x${lock.address.toString(16)}`,
      lock.waits,
      lock.still_waiting,
      lock.timeouts,
      ms(lock.total_ns),
      ms(lock.max_ns),
      `${lock.comm} (thread ${plainId(lock.tid)})`,
      holderOf(lock),
      where.get(lock) || null,
    ]),
  );
}

function ms(ns: number): number {
  return Math.round(ns / 1e3) / 1e3;
}

/** Where a lock of another library keeps something else in glibc's place of the owner, it is no thread of the process. */
function holderOf({ tgid, holder }: Lock): string | null {
  const name = holder === 0 || isHostId(tgid) ? undefined : threadName(tgid, holder);
  return name === undefined ? null : `${name} (thread ${holder})`;
}

function threadName(tgid: number, tid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${tgid}/task/${tid}/comm`).trimEnd();
  } catch {
    return undefined;
  }
}

function summaryOf(locks: readonly Lock[], { where, names }: Context): string {
  const [worst] = locks;
  if (worst === undefined) return "No thread waited for a lock.";
  const [pid, name] = names.cells(worst.tgid);
  const holder = holderOf(worst);
  const still = worst.still_waiting === 0 ? "" : `, ${worst.still_waiting} still when the window ended`;
  return `Most waited for: the lock at 0x${
    worst.address.toString(16)
  } of ${name} (pid ${pid}), ${worst.waits} waits of ` +
    `${timeText(worst.total_ns)} in all, the longest ${timeText(worst.max_ns)}${still}${
      holder === null ? "" : `, held by ${holder}`
    }${where.get(worst) ? `, at ${where.get(worst)?.split(" < ").slice(0, 3).join(" < ")}` : ""}.`;
}
