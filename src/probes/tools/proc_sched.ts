/** Without BPF: time on a CPU and in the run queue, as the kernel keeps it for every thread. */
import { timeText } from "../result/time_text.ts";
import { cpuTimeOutcome } from "./cpu_time_outcome.ts";
import { counters, livingProcesses } from "./proc.ts";
import { PROCESS, tableOf } from "./reading.ts";
import { type RunningTool, type ToolOutcome, type ToolRun, Unavailable } from "./tool.ts";

interface Thread {
  readonly pid: number;
  readonly name: string;
  readonly ran_ns: number;
  readonly wait_ns: number;
  /** Times that it came to a CPU. */
  readonly runs: number;
  readonly voluntary: number;
  readonly involuntary: number;
}

const NOTES = ["of threads that lived to the end of the window"];

/** @throws {Unavailable} the kernel keeps no such figures */
export async function readSchedstat(run: ToolRun, what: "time" | "waits"): Promise<RunningTool> {
  if (parseSchedstat(textOf("/proc/self/schedstat")) === undefined) {
    throw new Unavailable("this kernel keeps no schedstat of tasks (CONFIG_SCHED_INFO)");
  }
  return await counters(() => readThreads(run), (before, after, window_s) => {
    const rows = byProcess(before, after);
    return what === "time" ? timeOf(rows, window_s) : waitsOf(rows);
  });
}

/** `run_ns wait_ns runs` @see Documentation/scheduler/sched-stats.rst */
export function parseSchedstat(text: string): Pick<Thread, "ran_ns" | "wait_ns" | "runs"> | undefined {
  const [, ran, wait, runs] = /^(\d+) (\d+) (\d+)\s*$/.exec(text) ?? [];
  return ran === undefined ? undefined : { ran_ns: Number(ran), wait_ns: Number(wait), runs: Number(runs) };
}

function readThreads({ filters }: ToolRun): Map<number, Thread> {
  const threads = new Map<number, Thread>();
  for (const { pid, comm, text } of livingProcesses(filters)) {
    for (const tid of filters.tid === undefined ? threadsOf(pid) : [filters.tid]) {
      const stat = parseSchedstat(text(`task/${tid}/schedstat`) ?? "");
      if (stat === undefined) continue;
      const status = text(`task/${tid}/status`) ?? "";
      const switches = (kind: string): number =>
        Number(new RegExp(`^${kind}_ctxt_switches:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
      threads.set(tid, {
        pid,
        name: comm,
        ...stat,
        voluntary: switches("voluntary"),
        involuntary: switches("nonvoluntary"),
      });
    }
  }
  return threads;
}

function threadsOf(pid: number): number[] {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => Number(name));
  } catch {
    return []; // it has ended
  }
}

function byProcess(before: Map<number, Thread>, after: Map<number, Thread>): Thread[] {
  const rows = new Map<number, Thread>();
  for (const [tid, now] of after) {
    const then = before.get(tid), sum = rows.get(now.pid);
    const since = (of: "ran_ns" | "wait_ns" | "runs" | "voluntary" | "involuntary"): number =>
      now[of] - (then?.[of] ?? 0) + (sum?.[of] ?? 0);
    rows.set(now.pid, {
      pid: now.pid,
      name: now.name,
      ran_ns: since("ran_ns"),
      wait_ns: since("wait_ns"),
      runs: since("runs"),
      voluntary: since("voluntary"),
      involuntary: since("involuntary"),
    });
  }
  return [...rows.values()].filter(({ ran_ns, runs }) => ran_ns > 0 || runs > 0);
}

function timeOf(rows: readonly Thread[], window_s: number): ToolOutcome {
  const named = rows.map((row) => ({ ...row, process: [row.pid, row.name] as const }));
  return {
    ...cpuTimeOutcome(named, { window_ns: window_s * 1e9, notes: ["waited: for a CPU, in all", ...NOTES] }),
    event_count: rows.reduce((sum, { voluntary, involuntary }) => sum + voluntary + involuntary, 0),
    lost_events: 0,
  };
}

function waitsOf(rows: readonly Thread[]): ToolOutcome {
  const waiting = rows.filter(({ runs }) => runs > 0).sort((a, b) => b.wait_ns - a.wait_ns), [first] = waiting;
  const waits = waiting.reduce((sum, { runs }) => sum + runs, 0);
  const total_wait_ns = waiting.reduce((sum, { wait_ns }) => sum + wait_ns, 0);
  return {
    event_count: waits,
    lost_events: 0,
    events: [],
    reading: {
      figures: { waits, total_wait_ns },
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, total_wait_ns: "ns", waits: "count", mean_wait_ns: "ns" },
          waiting.map(({ pid, name, wait_ns, runs }) => [pid, name, wait_ns, runs, Math.round(wait_ns / runs)]),
        ),
      ],
      histograms: [],
      notes: ["only sums: no single wait is known", ...NOTES],
    },
    summary: first === undefined
      ? "No process waited for a CPU."
      : `${timeText(total_wait_ns)} spent waiting for a CPU, most by ${first.name} (pid ${first.pid}): ${
        timeText(first.wait_ns)
      } in ${first.runs} waits.`,
  };
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
