/** All processes, read once for each end of the window; further files only of the few that are looked at. */
import { parseProcessStat, type ProcessStat } from "../../kernel/host/procfs.ts";
import type { Sources } from "../collector.ts";
import { namedCounters } from "./counters.ts";
import { type Moment, once } from "./once.ts";
import { quiet } from "./reading.ts";
import { printable } from "./words.ts";

const FEW = 8;

export type Processes = ReadonlyMap<number, ProcessStat>;

/** By process id, in the order of /proc. */
export function processesAt(sources: Sources, moment: Moment): Processes {
  return once(sources, `processes ${moment}`, () => {
    const processes = new Map<number, ProcessStat>();
    for (const name of sources.names("/proc")) {
      const first = name.charCodeAt(0);
      if (first < 48 || first > 57) continue;
      const process = parseProcessStat(quiet(sources, `/proc/${name}/stat`) ?? "");
      if (process !== undefined) processes.set(Number(name), process);
    }
    return processes;
  });
}

/**
 * User programs, but of those of one name that one parent has started only the first few: the workers of a pool share
 * their namespaces and their sockets, and there may be ten thousand.
 */
export function fewOfEachKind(all: Processes): readonly ProcessStat[] {
  const seen = new Map<string, number>();
  return [...all.values()].filter(({ is_kernel_thread, parent_id, process_name }) => {
    if (is_kernel_thread) return false;
    const kind = `${parent_id} ${process_name}`, before = seen.get(kind) ?? 0;
    seen.set(kind, before + 1);
    return before < FEW;
  });
}

/** Those that were there at both ends of the window, as they were. */
export function stayed(before: Processes, after: Processes): readonly (readonly [ProcessStat, ProcessStat])[] {
  return [...after].flatMap(([pid, now]) => {
    const then = before.get(pid);
    return then?.start_ticks === now.start_ticks ? [[then, now] as const] : [];
  });
}

/** As people name a process. */
export function nameOf({ process_name, process_id }: ProcessStat): string {
  return `${printable(process_name)} (pid ${process_id})`;
}

/** How often a process gave up a CPU, by itself or not; undefined when it has ended. Unchanged: it did not run at all. */
export function switchesOf(sources: Sources, pid: number): number | undefined {
  const counters = namedCounters(quiet(sources, `/proc/${pid}/status`)?.replaceAll(":\t", " "));
  const [own, forced] = [counters.get("voluntary_ctxt_switches"), counters.get("nonvoluntary_ctxt_switches")];
  return own === undefined || forced === undefined ? undefined : own + forced;
}

/** A soft limit in force, from the text of `/proc/<pid>/limits`; Infinity for `unlimited`, undefined when it is not there. */
export function softLimit(limits: string, name: "Max open files" | "Max processes"): number | undefined {
  const line = limits.split("\n").find((candidate) => candidate.startsWith(name));
  const soft = line?.slice(name.length).trim().split(/\s+/)[0];
  if (soft === "unlimited") return Infinity;
  return soft === undefined || !/^\d{1,20}$/.test(soft) ? undefined : Number(soft);
}
