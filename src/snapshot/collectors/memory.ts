/** Memory: what is left, what it is used for, and whether processes have to reclaim it themselves. */
import { availableMemory, parseMeminfo } from "../../kernel/host/procfs.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { COMMITTED_PERCENT, DIRECT_RECLAIMS_PER_S, MEMORY_AVAILABLE, severityOver } from "../limits.ts";
import { type Counters, namedCounters, numberOf } from "../readings/counters.ts";
import { bytes, number, rise, share, shown, watched } from "../readings/figures.ts";
import { mountsAt } from "../readings/host.ts";
import { once } from "../readings/once.ts";
import { quiet } from "../readings/reading.ts";

const BY_SIZE = "ps -eo pid,rss,stat,comm --sort=-rss | head -n 15";
/** vm.overcommit_memory: the kernel grants no more than CommitLimit (Documentation/mm/overcommit-accounting.rst). */
const NEVER_OVERCOMMIT = 2;

export const memory: Collector = {
  name: "memory",
  start: (sources) => {
    const before = vmstatAt(sources, "start");
    return Promise.resolve(({ window_s }) => {
      const after = vmstatAt(sources, "end");
      const meminfo = memoryOf(sources);
      const stalls = isVirtual(sources) ? 0 : directReclaims(before, after);
      const total = meminfo.get("MemTotal") ?? 0;
      const state = { total, available: availableHere(sources), stalls, window_s, meminfo };
      return Promise.resolve({
        figures: [...sizes(state), ...rates({ before, after, window_s })],
        findings: [...lowMemory(state), ...committed(sources, meminfo), ...badMemory(meminfo)],
      });
    });
  },
};

/** Counters of /proc/vmstat, which swap and OOM kills read too. */
export function vmstatAt(sources: Sources, moment: "start" | "end"): Counters {
  return once(sources, `vmstat ${moment}`, () => namedCounters(sources.text("/proc/vmstat")));
}

/** /proc/meminfo in bytes, at the window's end. */
export function memoryOf(sources: Sources): Counters {
  return once(sources, "meminfo", () => parseMeminfo(sources.text("/proc/meminfo") ?? ""));
}

/** ZFS keeps its cache outside of the page cache, and gives it back: all above its minimum is available. */
export function availableHere(sources: Sources): number {
  const arc = quiet(sources, "/proc/spl/kstat/zfs/arcstats");
  const of = (name: string): number => Number(new RegExp(`^${name}\\s+\\d+\\s+(\\d+)$`, "m").exec(arc ?? "")?.[1] ?? 0);
  return availableMemory(memoryOf(sources)) + Math.max(0, of("size") - of("c_min"));
}

/** In an LXC container meminfo is that of its group, and vmstat is the host's: they say nothing together. */
function isVirtual(sources: Sources): boolean {
  return mountsAt(sources, "end").some(({ mount_point }) => mount_point === "/proc/meminfo");
}

interface State {
  readonly total: number;
  readonly available: number;
  /** How often a process had to reclaim memory itself in the window. */
  readonly stalls: number;
  readonly window_s: number;
  readonly meminfo: Counters;
}

function sizes({ total, available, meminfo }: State): readonly Figure[] {
  const of = (name: string): number => meminfo.get(name) ?? 0;
  return [
    shown("memory.total_bytes", total),
    watched("memory.available_bytes", available, { min: 0, max: total }),
    watched("memory.used_percent", share(total - available, total), { min: 0, max: 100 }),
    shown("memory.cached_bytes", of("Cached") + of("Buffers")),
    watched("memory.anonymous_bytes", of("AnonPages")),
    watched("memory.kernel_bytes", of("SUnreclaim") + of("PageTables") + of("KernelStack")),
    watched("memory.dirty_bytes", of("Dirty") + of("Writeback")),
  ];
}

interface Window {
  readonly before: Counters;
  readonly after: Counters;
  readonly window_s: number;
}

function rates({ before, after, window_s }: Window): readonly Figure[] {
  const per_s = (name: string): number => rise(before.get(name), after.get(name)) / window_s;
  return [
    watched("memory.direct_reclaims_per_s", directReclaims(before, after) / window_s),
    watched("memory.major_faults_per_s", per_s("pgmajfault")),
  ];
}

/** allocstall, which is counted by zone since Linux 4.10. */
function directReclaims(before: Counters, after: Counters): number {
  let sum = 0;
  for (const [name, value] of after) {
    if (name.startsWith("allocstall")) sum += rise(before.get(name), value);
  }
  return sum;
}

function lowMemory({ total, available, stalls, window_s }: State): readonly HealthFinding[] {
  const percent = share(available, total);
  const below = (limit: { readonly percent: number; readonly bytes: number }): boolean =>
    percent < limit.percent && available < limit.bytes;
  if (total === 0 || !below(MEMORY_AVAILABLE.warn) || stalls / window_s < DIRECT_RECLAIMS_PER_S) return [];
  return [{
    id: "memory.low",
    severity: below(MEMORY_AVAILABLE.crit) ? "critical" : "warning",
    title: `Only ${bytes(available)} (${number(percent)} %) of ${bytes(total)} memory are available`,
    evidence: [
      `/proc/meminfo: available ${bytes(available)} of MemTotal ${bytes(total)}`,
      `/proc/vmstat: allocstall rose by ${stalls} in the window: processes wait to reclaim memory themselves`,
    ],
    meaning: "Programs slow down now, and the OOM killer ends one of them when nothing more can be reclaimed.",
    next: BY_SIZE,
  }];
}

function committed(sources: Sources, meminfo: Counters): readonly HealthFinding[] {
  if (numberOf(quiet(sources, "/proc/sys/vm/overcommit_memory")) !== NEVER_OVERCOMMIT) return [];
  const used = meminfo.get("Committed_AS") ?? 0, limit = meminfo.get("CommitLimit") ?? 0;
  const percent = share(used, limit);
  const severity = severityOver(percent, COMMITTED_PERCENT);
  if (severity === undefined) return [];
  return [{
    id: "memory.commit_limit",
    severity,
    title: `${number(percent)} % of the memory that the kernel promises at most is promised`,
    evidence: [
      `/proc/meminfo: Committed_AS ${bytes(used)} of CommitLimit ${bytes(limit)}`,
      `/proc/sys/vm/overcommit_memory: ${NEVER_OVERCOMMIT}, no more is granted`,
    ],
    meaning: "Programs are refused memory (ENOMEM) although some is free: they cannot start or fork.",
    next: "grep -E 'Commit|MemAvail|Swap' /proc/meminfo",
  }];
}

function badMemory(meminfo: Counters): readonly HealthFinding[] {
  const bad = meminfo.get("HardwareCorrupted") ?? 0;
  if (bad === 0) return [];
  return [{
    id: "memory.broken",
    severity: "warning",
    title: `${bytes(bad)} of memory are broken, and were taken out of use`,
    evidence: [`/proc/meminfo: HardwareCorrupted ${bytes(bad)}`],
    meaning:
      "The hardware reported errors that it could not correct; a module has to be replaced before more of it fails.",
    next: "dmesg --level=emerg,alert,crit,err | grep -iE 'mce|edac|hardware error|memory failure' | tail -n 20",
  }];
}
