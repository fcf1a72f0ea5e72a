/** Processes: stuck ones, zombies, restart loops, and those near a limit of their own. */
import { hasOption } from "../../kernel/host/mounts.ts";
import type { ProcessStat } from "../../kernel/host/procfs.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { severityOver, SHORT_LIFE_S, STUCK_PROCESSES, STUCK_S, ZOMBIES } from "../limits.ts";
import { number, shown, time, watched } from "../readings/figures.ts";
import { mountsAt, uptime } from "../readings/host.ts";
import { nameOf, type Processes, processesAt, stayed, switchesOf } from "../readings/processes.ts";
import { quiet } from "../readings/reading.ts";
import { printable } from "../readings/words.ts";

/** USER_HZ: what /proc counts in on every architecture that ktriage runs on. */
const TICKS_PER_S = 100;
const MAX_TOLD = 5;
/**
 * Programs that start what ended again. A shell that runs one command after the other is none of them, nor is monit, whose
 * children are its checks; what systemd starts again, its units tell.
 */
const SUPERVISORS =
  /^(runsv|s6-supervise|supervise|supervisord|perpd|circusd|pm2|PM2.*|containerd-shim|conmon|openrc-supervis|supervise-daemo)$/;
/** They also are the parents of health checks, which run in the container every few seconds and end as they should. */
const OF_CONTAINERS = /^(containerd-shim|conmon)$/;

export const processes: Collector = {
  name: "processes",
  start: (sources) => {
    const before = processesAt(sources, "start");
    const waiting = waitingAt(sources, before);
    return Promise.resolve(({ window_s }) => {
      const after = processesAt(sources, "end");
      const both = stayed(before, after);
      const stuck = window_s < STUCK_S ? [] : stuckOf(sources, { both, waiting });
      return Promise.resolve({
        figures: figuresOf(after, stuck.length),
        findings: [
          ...stuckFindings(sources, stuck, window_s),
          ...zombieFindings(both, after),
          ...restartLoops(sources, { before, after, uptime_s: uptime(sources) }),
        ],
      });
    });
  },
};

/** Of user programs that wait uninterruptibly: how often each has run, to tell whether it runs at all. */
function waitingAt(sources: Sources, all: Processes): ReadonlyMap<number, number> {
  const waiting = new Map<number, number>();
  for (const process of all.values()) {
    if (process.state !== "D" || process.is_kernel_thread) continue;
    const switches = switchesOf(sources, process.process_id);
    if (switches !== undefined) waiting.set(process.process_id, switches);
  }
  return waiting;
}

/**
 * In D at both ends, and never scheduled in between: one that reads a busy disk is in D most of the time and runs after
 * every request. Kernel threads wait like that by design.
 */
function stuckOf(
  sources: Sources,
  { both, waiting }: {
    readonly both: readonly (readonly [ProcessStat, ProcessStat])[];
    readonly waiting: ReadonlyMap<number, number>;
  },
): readonly ProcessStat[] {
  return both.filter(([then, now]) => then.state === "D" && now.state === "D")
    .map(([, now]) => now)
    .filter(({ process_id }) => {
      const before = waiting.get(process_id);
      return before !== undefined && before === switchesOf(sources, process_id) && !waitsByDesign(sources, process_id);
    });
}

/** A parent in vfork() waits in D until its child runs another program, a paused container until it goes on. */
function waitsByDesign(sources: Sources, pid: number): boolean {
  return /vfork|^kernel_clone/.test(quiet(sources, `/proc/${pid}/wchan`) ?? "") || isFrozen(sources, pid);
}

/** By the freezer of cgroup v1; what version 2 freezes is not in D. */
function isFrozen(sources: Sources, pid: number): boolean {
  const group = /^\d+:[^:\n]*\bfreezer\b[^:\n]*:(\/.*)$/m.exec(quiet(sources, `/proc/${pid}/cgroup`) ?? "")?.[1];
  const freezer = mountsAt(sources, "end").find(({ type, super_options }) =>
    type === "cgroup" && hasOption(super_options, "freezer")
  );
  if (group === undefined || freezer === undefined) return false;
  return quiet(sources, `${freezer.mount_point}${group}/freezer.state`)?.trim() === "FROZEN";
}

function figuresOf(all: Processes, stuck: number): readonly Figure[] {
  let threads = 0, zombies = 0, blocked = 0;
  for (const { state, threads: own } of all.values()) {
    threads += own;
    if (state === "Z") zombies++;
    if (state === "D") blocked++;
  }
  return [
    watched("process.count", all.size),
    watched("process.threads", threads),
    watched("process.zombies", zombies),
    shown("process.blocked", blocked),
    shown("process.stuck", stuck, STUCK_PROCESSES),
  ];
}

function stuckFindings(sources: Sources, stuck: readonly ProcessStat[], window_s: number): readonly HealthFinding[] {
  const severity = severityOver(stuck.length, STUCK_PROCESSES);
  const [first] = stuck;
  if (severity === undefined || first === undefined) return [];
  const told = stuck.slice(0, MAX_TOLD).map((process) => {
    const place = quiet(sources, `/proc/${process.process_id}/wchan`)?.trim();
    return `${nameOf(process)}${place === undefined || /^0?$/.test(place) ? "" : ` in ${printable(place)}`}`;
  });
  const one = stuck.length === 1;
  return [{
    id: "process.stuck",
    of: one ? nameOf(first) : `${stuck.length} processes`,
    severity,
    title: `${one ? `${nameOf(first)} is` : `${stuck.length} processes are`} stuck in the kernel and cannot be killed`,
    evidence: told.map((each) => `/proc/<pid>/stat: ${each} is in D and did not run once in ${number(window_s)} s`),
    meaning:
      "It waits for a disk or a server that does not answer: a dead NFS server, a failing disk, or a fault of a driver.",
    next: "ps -eo pid,stat,wchan:32,comm | grep ' D'",
  }];
}

/** A zombie for the whole window, whose parent never asks for its exit code. */
function zombieFindings(
  both: readonly (readonly [ProcessStat, ProcessStat])[],
  all: Processes,
): readonly HealthFinding[] {
  const by_parent = new Map<number, ProcessStat[]>();
  for (const [then, now] of both) {
    if (then.state !== "Z" || now.state !== "Z") continue;
    by_parent.getOrInsertComputed(now.parent_id, () => []).push(now);
  }
  return [...by_parent].filter(([, zombies]) => zombies.length >= ZOMBIES).slice(0, MAX_TOLD).map(
    ([parent_id, zombies]): HealthFinding => {
      const parent = all.get(parent_id);
      const name = parent === undefined ? `pid ${parent_id}` : nameOf(parent);
      return {
        id: "process.zombies",
        of: name,
        severity: "warning",
        title: `${name} leaves its children as zombies: ${zombies.length}`,
        evidence: [
          `/proc/<pid>/stat: ${zombies.length} children of ${name} are in Z for the whole window, for example ${
            zombies.slice(0, 3).map(nameOf).join(", ")
          }`,
        ],
        meaning:
          "Each keeps a process id; when they run out nothing can be started. The parent has to be fixed or restarted.",
        next: "ps -eo pid,ppid,stat,etime,comm | grep ' Z'",
      };
    },
  );
}

interface Window {
  readonly before: Processes;
  readonly after: Processes;
  readonly uptime_s: number | undefined;
}

/**
 * A child of a supervisor that was young, is gone, and has a younger successor of the same name: two lives that were short.
 * Nothing else of that name is older, or it is a pool of workers.
 */
function restartLoops(sources: Sources, { before, after, uptime_s }: Window): readonly HealthFinding[] {
  if (uptime_s === undefined) return [];
  const ended = [...before.values()].filter(({ process_id, start_ticks }) =>
    after.get(process_id)?.start_ticks !== start_ticks
  );
  const supervised = childrenBySupervisor(after);
  const told = new Set<string>();
  return ended.flatMap((gone): HealthFinding[] => {
    const supervisor = after.get(gone.parent_id);
    const siblings = supervised.get(gone.parent_id)?.get(gone.process_name) ?? [];
    const [next] = siblings;
    const key = `${gone.parent_id} ${gone.process_name}`;
    if (supervisor === undefined || next === undefined || told.has(key)) return [];
    const age_s = (process: ProcessStat): number => uptime_s - process.start_ticks / TICKS_PER_S;
    if (age_s(gone) > SHORT_LIFE_S || siblings.some((each) => each.start_ticks <= gone.start_ticks)) return [];
    if (OF_CONTAINERS.test(supervisor.process_name) && !isFirstOfContainer(sources, next.process_id)) return [];
    told.add(key);
    return [{
      id: "process.restart_loop",
      of: printable(gone.process_name),
      severity: "warning",
      title: `${printable(gone.process_name)} ends within seconds and is started again by ${nameOf(supervisor)}`,
      evidence: [
        `/proc/<pid>/stat: ${nameOf(gone)} ended at an age of at most ${time(age_s(gone))}, ${
          nameOf(next)
        } runs now, both children of ${nameOf(supervisor)}`,
      ],
      meaning:
        "It crashes or gives up at its start, again and again: a wrong configuration, a missing file, a port in use.",
      next: "ps -eo pid,ppid,etimes,comm --sort=etimes | head -n 15",
    }];
  });
}

/** Has process id 1 in its own namespace: `NSpid` of status lists ids from the outermost namespace in (Linux 4.1). */
function isFirstOfContainer(sources: Sources, pid: number): boolean {
  return /^NSpid:.*\t1$/m.test(quiet(sources, `/proc/${pid}/status`) ?? "");
}

function childrenBySupervisor(all: Processes): ReadonlyMap<number, ReadonlyMap<string, readonly ProcessStat[]>> {
  const supervised = new Map<number, Map<string, ProcessStat[]>>();
  for (const { process_id, process_name } of all.values()) {
    if (SUPERVISORS.test(process_name)) supervised.set(process_id, new Map());
  }
  for (const process of all.values()) {
    const children = supervised.get(process.parent_id);
    if (children === undefined || process.state === "Z") continue;
    children.getOrInsertComputed(process.process_name, () => []).push(process);
  }
  return supervised;
}
