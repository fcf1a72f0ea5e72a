/** The tool `leaks`: processes whose open files, sockets or threads grow over the window. */
import { parseProcessStat } from "../../kernel/host/procfs.ts";
import { timeText } from "../result/time_text.ts";
import { type Holdings, holdingsOf, openFiles } from "./holdings.ts";
import { lookRegularly } from "./looking.ts";
import { livingProcesses } from "./proc.ts";
import { type Cell, PROCESS, tableOf } from "./reading.ts";
import type { RunningTool, Tool, ToolOutcome, ToolRun } from "./tool.ts";

/** Looks in between tell what grows all the time from what grew once, and what is new in a process that grows. */
const LOOK_MS = 2000;
/** Processes of which it is told what they hold: each costs a look at every file that it has open. */
const MAX_EXAMINED = 20;

export const leaks: Tool = {
  name: "leaks",
  summary:
    "processes whose open files, sockets or threads grow over the window: how fast, of which kind, until which limit",
  needs: `/proc, looked at every ${LOOK_MS / 1000} s; no BPF`,
  ways: [{ source: "/proc/PID/fd, /proc/PID/stat, /proc/net/sockstat", start: startLooking }],
  filters: ["comm", "pid", "uid"],
  // it looks at every descriptor of every process, twice
  in_snapshot: false,
};

interface Counts {
  readonly files: number;
  readonly threads: number;
}

/** One process through the window. */
interface Watched {
  readonly pid: number;
  readonly name: string;
  /** With the pid it names one process for ever. */
  readonly start_ticks: number;
  readonly first: Counts;
  last: Counts;
  looks: number;
  /** Looks that found more open files than the one before. */
  grew: number;
  /** When it was first found to have grown. */
  held?: Holdings | undefined;
}

function startLooking({ filters }: ToolRun): Promise<RunningTool> {
  const watched = new Map<string, Watched>();
  let looks = 0;
  const look = (): void => lookAt(watched, { filters, looks: looks++ });
  const start_ms = performance.now(), sockets = socketsInUse();
  return lookRegularly(LOOK_MS, look, () => {
    const window_s = (performance.now() - start_ms) / 1000;
    return outcomeOf([...watched.values()], { window_s, new_sockets: socketsInUse() - sockets });
  });
}

/** Processes that are new since the first look begin to be watched when they are first seen. */
function lookAt(
  watched: Map<string, Watched>,
  { filters, looks }: Pick<ToolRun, "filters"> & { readonly looks: number },
): void {
  for (const { pid, comm, text } of livingProcesses(filters)) {
    const stat = parseProcessStat(text("stat") ?? "");
    const files = stat === undefined || stat.is_kernel_thread ? undefined : openFiles(pid);
    if (stat === undefined || files === undefined) continue;
    const counts = { files, threads: stat.threads }, key = `${pid} ${stat.start_ticks}`;
    const known = watched.get(key);
    if (known === undefined) {
      // what ktriage starts from now on is its own
      if (looks > 0 && stat.parent_id === Deno.pid) continue;
      const { start_ticks } = stat;
      watched.set(key, { pid, name: comm, start_ticks, first: counts, last: counts, looks: 0, grew: 0 });
      continue;
    }
    known.looks++;
    if (files > known.last.files) known.grew++;
    known.last = counts;
    if (known.grew === 1 && known.held === undefined) known.held = holdingsOf(pid);
  }
}

function outcomeOf(
  watched: readonly Watched[],
  { window_s, new_sockets }: { readonly window_s: number; readonly new_sockets: number },
): ToolOutcome {
  const grown = watched.filter(({ first, last }) => last.files > first.files)
    .sort((a, b) => grownFiles(b) - grownFiles(a));
  const threads = watched.filter(({ first, last }) => last.threads > first.threads)
    .sort((a, b) => b.last.threads - b.first.threads - (a.last.threads - a.first.threads));
  const new_files = grown.reduce((sum, process) => sum + grownFiles(process), 0);
  const rows = grown.map((process, i) => ({ process, ...(i < MAX_EXAMINED ? examined(process, window_s) : {}) }));
  const of = (kind: keyof Counts): number => watched.reduce((sum, { last }) => sum + last[kind], 0);
  return {
    reading: {
      figures: {
        processes: watched.length,
        open_files: of("files"),
        threads: of("threads"),
        new_files,
        growing_processes: grown.length,
        sockets_in_use_change: new_sockets,
      },
      tables: [
        tableOf(
          "open_files",
          {
            ...PROCESS,
            at_start: "count",
            at_end: "count",
            grew: "count",
            grew_in_looks: "text",
            sockets: "count",
            limit: "count",
            limit_reached_in: "s",
            mostly: "text",
          },
          rows.map(({ process, sockets = null, limit = null, limit_in_s = null, most_new = null }): Cell[] => [
            process.pid,
            process.name,
            process.first.files,
            process.last.files,
            grownFiles(process),
            `${process.grew} of ${process.looks}`,
            sockets,
            limit,
            limit_in_s,
            most_new,
          ]),
        ),
        tableOf(
          "threads",
          { ...PROCESS, at_start: "count", at_end: "count" },
          threads.map(({ pid, name, first, last }) => [pid, name, first.threads, last.threads]),
        ),
      ],
      histograms: [],
      notes: [
        "growth in a window is a leak only where it goes on: grew_in_looks says how steady it was",
        "mostly: what has become more since the growth was first seen; where nothing has since, what it has most of",
        "processes that began within the window are counted from when they were first seen",
      ],
    },
    event_count: new_files,
    lost_events: 0,
    events: [],
    summary: summaryOf(rows, window_s),
  };
}

function grownFiles({ first, last }: Pick<Watched, "first" | "last">): number {
  return last.files - first.files;
}

interface Examined {
  readonly process: Watched;
  readonly sockets?: number;
  readonly limit?: number;
  readonly limit_in_s?: number;
  readonly most_new?: string;
}

function examined(process: Watched, window_s: number): Omit<Examined, "process"> {
  const now = holdingsOf(process.pid);
  if (now === undefined) return {}; // it has just ended
  const { limit, sockets } = now;
  const per_s = grownFiles(process) / window_s;
  const left = limit === undefined ? undefined : Math.max(0, limit - process.last.files);
  const most_new = mostNew(process.held, now);
  return {
    sockets,
    ...(limit === undefined ? {} : { limit }),
    ...(left === undefined || !growsSteadily(process) ? {} : { limit_in_s: Math.round(left / per_s) }),
    ...(most_new === "" ? {} : { most_new }),
  };
}

/** One that grew in most looks will go on; another may just have begun its work. */
function growsSteadily({ grew, looks }: Watched): boolean {
  return 2 * grew > looks;
}

/** What has become more since it was found to grow; where nothing has, what it has most of. */
function mostNew(before: Holdings | undefined, now: Holdings): string {
  const kinds = [...now.kinds].map(([kind, count]): [string, number] => [kind, count - (before?.kinds.get(kind) ?? 0)]);
  const more = kinds.filter(([, count]) => count > 0);
  if (before !== undefined && more.length === 0) return mostNew(undefined, now);
  return more.sort(([, a], [, b]) => b - a).slice(0, 3).map(([kind, count]) => `${kind} (${count})`).join(", ");
}

function summaryOf(rows: readonly Examined[], window_s: number): string {
  const [first] = rows;
  if (first === undefined) return "No process has more open files than at the start.";
  const { process, limit_in_s, most_new, limit } = first;
  const when = limit_in_s === undefined
    ? ""
    : `; at this rate its limit of ${limit} is reached in ${timeText(limit_in_s * 1e9)}`;
  return `Most new open files: ${process.name} (pid ${process.pid}), ${grownFiles(process)} more in ${
    window_s.toFixed(1)
  } s, ${process.last.files} now, growing in ${process.grew} of ${process.looks} looks${
    most_new === undefined ? "" : `: ${most_new}`
  }${when}.`;
}

/** Of all kinds, in this network namespace. */
function socketsInUse(): number {
  try {
    return Number(/^sockets: used (\d+)$/m.exec(Deno.readTextFileSync("/proc/net/sockstat"))?.[1] ?? 0);
  } catch {
    return 0; // a kernel without networks
  }
}
