/** The tool `off-cpu`: how long threads did not run, why, and where in the kernel they waited. */
import { parseProcessStat } from "../../kernel/host/procfs.ts";
import { readText } from "../../kernel/read.ts";
import { timeText } from "../result/time_text.ts";
import { COMM_BYTES } from "./layout.ts";
import { lookAgainAndAgain, type Sight } from "./looking.ts";
import { startObject, type ToolObject } from "./object.ts";
import { recordOffsets } from "./offsets.ts";
import { livingProcesses } from "./proc.ts";
import { histogramsOf, Names, PROCESS, tableOf } from "./reading.ts";
import { Stacks } from "./stacks.ts";
import { timesOf } from "./times.ts";
import type { RunningTool, Tool, ToolOutcome, ToolRun } from "./tool.ts";

/** Structures of bpf/tools/off_cpu.bpf.c. */
const WAIT = { time_ns: 0, kernel_stack: 8, why: 12, tgid: 16, comm: 24, bytes: 40 } as const;
const PLACE = { tgid: 0, kernel_stack: 4, why: 8, comm: 16, bytes: 32 } as const;
const WAITS = { count: 0, total_ns: 8, max_ns: 16, bytes: 24 } as const;
/** Held against the object's BTF by a test. */
export const OFF_CPU_LAYOUT = { wait: WAIT, place: PLACE, waits: WAITS } as const;
const WHY = ["runnable", "sleeping", "blocked"] as const;
/** Without BPF: how often it is looked who is blocked. */
const LOOK_MS = 200;

export const offCpu: Tool = {
  name: "off-cpu",
  summary: "how long threads do not run, and why: blocked (uninterruptible) or sleeping, by kernel stack, or runnable",
  needs:
    "the tracepoint sched:sched_switch, and /proc/kallsyms for names; without BPF, processes that are found in state " +
    "D, by /proc/PID/stack",
  ways: [
    { source: "tracepoint sched:sched_switch", start: startTracing },
    { source: `/proc/PID/stat and stack, every ${LOOK_MS} ms`, start: startLooking },
  ],
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: false,
};

interface Row {
  readonly tgid: number;
  readonly comm: string;
  readonly why: typeof WHY[number];
  readonly kernel_stack: number;
  readonly count: number;
  readonly total_ns: number;
  readonly max_ns: number;
  /** Threads that were waiting there when the window ended; their time until then is in the figures. */
  readonly still_waiting: number;
}

function startTracing(run: ToolRun): Promise<RunningTool> {
  return startObject(run, {
    name: "off_cpu",
    programs: [{ program: "switched", tracepoint: "sched:sched_switch" }],
    offsets: recordOffsets(run, "sched:sched_switch", ["prev_pid", "prev_state", "next_pid"]),
  }, (object) => outcomeOf(object, object.end_ns));
}

async function outcomeOf(object: ToolObject, end_ns: bigint): Promise<ToolOutcome> {
  const rows = merged([...finishedWaits(object), ...unfinishedWaits(object, end_ns)]);
  const stacks = new Stacks(object);
  const named = await stacks.name(rows.map(({ tgid, kernel_stack }) => ({ tgid, kernel_stack, user_stack: -1 })));
  const names = new Names();
  for (const { tgid, comm, count } of rows) names.add(tgid, comm, count + 1);
  const all = rows.map((row, i) => ({ ...row, stack: tellingFrames(named[i]?.frames ?? []) }));
  const of = (why: Row["why"]): readonly Named[] =>
    byProcessAndStack(all.filter((row) => row.why === why)).sort((a, b) => b.total_ns - a.total_ns);
  const blocked = of("blocked"), sleeping = of("sleeping"), runnable = of("runnable");
  const { hits, lost_rows } = object.stats();
  const total = (rows: readonly Named[]): number => rows.reduce((sum, { total_ns }) => sum + total_ns, 0);
  return {
    reading: {
      figures: {
        waits: hits,
        blocked_ns: total(blocked),
        runnable_ns: total(runnable),
        sleeping_ns: total(sleeping),
        still_blocked: blocked.reduce((sum, { still_waiting }) => sum + still_waiting, 0),
      },
      tables: [
        stackTable("blocked", blocked, names),
        tableOf(
          "runnable",
          { ...PROCESS, waits: "count", total: "ms", longest: "ms" },
          runnable.map(({ tgid, count, total_ns, max_ns }) => [...names.cells(tgid), count, ms(total_ns), ms(max_ns)]),
        ),
        stackTable("sleeping", sleeping, names),
      ],
      histograms: histogramsOf("blocked", "ns", timesOf(object)),
      notes: [
        "threads that waited all through the window, from before it, are not seen",
        ...stacks.notes,
        ...names.notes,
      ],
    },
    event_count: hits,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    summary: summaryOf(blocked, runnable, names),
  };
}

type Named = Row & { readonly stack: readonly string[] };

/**
 * Every wait begins with these, where others trace the switch, too, with the function that calls them all; and that all
 * frames are the kernel's, the column says.
 */
const SWITCHING = /^(__traceiter_sched_switch|__schedule|schedule)$/;

function tellingFrames(frames: readonly string[]): string[] {
  const plain = frames.map((frame) => frame.replace(/ \[kernel\]$/, ""));
  const first = plain.findIndex((frame) => !SWITCHING.test(frame));
  return plain.slice(Math.max(0, first));
}

function finishedWaits(object: ToolObject): Row[] {
  const rows: Row[] = [];
  object.forEachRow("places", { key_bytes: PLACE.bytes, value_bytes: WAITS.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    rows.push({
      tgid: key.getUint32(PLACE.tgid, true),
      comm: readText(key, PLACE.comm, COMM_BYTES),
      why: WHY[key.getUint32(PLACE.why, true)] ?? "sleeping",
      kernel_stack: key.getInt32(PLACE.kernel_stack, true),
      count: number(WAITS.count),
      total_ns: number(WAITS.total_ns),
      max_ns: number(WAITS.max_ns),
      still_waiting: 0,
    });
  });
  return rows;
}

function unfinishedWaits(object: ToolObject, end_ns: bigint): Row[] {
  const rows: Row[] = [];
  object.forEachRow("waiting", { key_bytes: 4, value_bytes: WAIT.bytes }, (_, value) => {
    const since = value.getBigUint64(WAIT.time_ns, true);
    if (since === 0n) return;
    const waited = Math.max(0, Number(end_ns - since));
    rows.push({
      tgid: value.getUint32(WAIT.tgid, true),
      comm: readText(value, WAIT.comm, COMM_BYTES),
      why: WHY[value.getUint32(WAIT.why, true)] ?? "sleeping",
      kernel_stack: value.getInt32(WAIT.kernel_stack, true),
      count: 0,
      total_ns: waited,
      max_ns: waited,
      still_waiting: 1,
    });
  });
  return rows;
}

/** Finished and unfinished waits at one place become one row. */
function merged(rows: readonly Row[]): Row[] {
  return summed(rows, ({ tgid, why, kernel_stack }) => `${tgid} ${why} ${kernel_stack}`);
}

/** Stacks that differ by an instruction have the same names. */
function byProcessAndStack(rows: readonly Named[]): Named[] {
  return summed(rows, ({ tgid, stack }) => `${tgid} ${stack.join()}`);
}

function summed<R extends Row>(rows: readonly R[], keyOf: (row: R) => string): R[] {
  const sums = new Map<string, R>();
  for (const row of rows) {
    const key = keyOf(row), known = sums.get(key);
    sums.set(
      key,
      known === undefined ? row : {
        ...known,
        count: known.count + row.count,
        total_ns: known.total_ns + row.total_ns,
        max_ns: Math.max(known.max_ns, row.max_ns),
        still_waiting: known.still_waiting + row.still_waiting,
      },
    );
  }
  return [...sums.values()];
}

function stackTable(name: string, rows: readonly Named[], names: Names): ReturnType<typeof tableOf> {
  return tableOf(
    name,
    { ...PROCESS, waits: "count", still_waiting: "count", total: "ms", longest: "ms", kernel_stack: "text" },
    rows.map(({ tgid, count, still_waiting, total_ns, max_ns, stack }) => [
      ...names.cells(tgid),
      count,
      still_waiting,
      ms(total_ns),
      ms(max_ns),
      stackText(stack),
    ]),
  );
}

function stackText(frames: readonly string[]): string {
  return frames.length === 0 ? "unknown" : frames.join(" < ");
}

function ms(ns: number): number {
  return Math.round(ns / 1e3) / 1e3;
}

function summaryOf(blocked: readonly Named[], runnable: readonly Named[], names: Names): string {
  const [worst] = blocked, [pushed] = runnable;
  const said = [];
  if (worst === undefined) said.push("No thread was blocked (uninterruptible).");
  else {
    const [pid, name] = names.cells(worst.tgid);
    const still = worst.still_waiting > 0 ? `, ${worst.still_waiting} still when the window ended` : "";
    said.push(
      `Longest blocked (uninterruptible): ${name} (pid ${pid}), ${timeText(worst.total_ns)} in ` +
        `${worst.count + worst.still_waiting} waits${still}, at ${stackText(worst.stack.slice(0, 4))}.`,
    );
  }
  if (pushed !== undefined) {
    const [pid, name] = names.cells(pushed.tgid);
    said.push(
      `Longest runnable without a CPU: ${name} (pid ${pid}), ${timeText(pushed.total_ns)} in ${pushed.count} waits.`,
    );
  }
  return said.join(" ");
}

/** Where and how often processes were found blocked. */
function startLooking({ filters }: ToolRun): Promise<RunningTool> {
  return lookAgainAndAgain({ every_ms: LOOK_MS, look: () => blocked(filters) }, ({ rows, looks, event_count }) => {
    const [worst] = rows;
    return {
      reading: {
        figures: { looks, found_blocked: event_count },
        tables: [
          tableOf(
            "blocked",
            { ...PROCESS, found: "count", of_looks: "percent", kernel_stack: "text" },
            rows.map(({ pid, name, at, times }) => [pid, name, times, Math.round(100 * times / looks), at]),
          ),
        ],
        histograms: [],
        notes: ["without BPF only waits that are found by looking are seen, of the first thread of each process"],
      },
      event_count,
      lost_events: 0,
      events: [],
      summary: worst === undefined
        ? `No process was found blocked in ${looks} looks.`
        : `${worst.name} (pid ${worst.pid}) was blocked in ${worst.times} of ${looks} looks, at ${worst.at}.`,
    };
  });
}

function* blocked(filters: ToolRun["filters"]): Generator<Sight> {
  for (const { pid, comm, text } of livingProcesses(filters)) {
    if (parseProcessStat(text("stat") ?? "")?.state !== "D") continue;
    yield { pid, name: comm, at: stackFrom(text("stack") ?? "") };
  }
}

/** `/proc/PID/stack` (proc(5)): a frame a line, `[<0>] io_schedule+0x46/0x70`; root's alone. */
export function stackFrom(text: string): string {
  const frames = [...text.matchAll(/^\[<[0-9a-fx]*>\] ([^+\s]+)/gm)].map(([, name = "?"]) => name);
  return stackText(tellingFrames(frames));
}
