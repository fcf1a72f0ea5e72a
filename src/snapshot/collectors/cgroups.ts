/** Control groups at their limits: throttled, near memory.max, out of processes. Version 1 and 2 alike. */
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { GROUP_MEMORY_PERCENT, GROUP_PIDS_PERCENT, severityOver, THROTTLED } from "../limits.ts";
import { type Group, type Groups, groupsAt, hierarchiesOf } from "../readings/cgroups.ts";
import { namedCounters, numberOf } from "../readings/counters.ts";
import { bytes, number, rise, share, shown, watched } from "../readings/figures.ts";
import { absent, quiet } from "../readings/reading.ts";
import { printable, quoted } from "../readings/words.ts";

const MAX_TOLD = 5;

export const cgroups: Collector = {
  name: "cgroups",
  start: (sources) => {
    const before = groupsAt(sources, "start");
    return Promise.resolve(({ window_s }) => {
      if (hierarchiesOf(sources).length === 0) return Promise.resolve(absent("no control groups are mounted here"));
      const after = groupsAt(sources, "end");
      const throttled = throttledOf(before, after);
      const full = [...after.groups.values()].flatMap((group) => memoryUse(sources, group) ?? []);
      const findings = [
        ...throttled.flatMap((each) => throttledFindings(each, window_s)),
        ...full.flatMap(memoryFindings),
        ...[...after.groups.values()].flatMap((group) => pidsFindings(sources, group, before)),
      ];
      return Promise.resolve({
        figures: figuresOf({ after, throttled, full, window_s }),
        findings: withoutParents(findings).slice(0, 3 * MAX_TOLD),
        ...(after.is_cut
          ? { state: { state: "partial" as const, detail: "there are more control groups than were looked at" } }
          : {}),
      });
    });
  },
};

interface Throttled {
  readonly group: Group;
  readonly periods: number;
  readonly throttled: number;
  readonly throttled_s: number;
}

function throttledOf(before: Groups, after: Groups): readonly Throttled[] {
  return [...after.groups].flatMap(([key, group]): Throttled[] => {
    if (group.controller !== "cpu") return [];
    const rose = (name: string): number => roseIn(before, { key, group, name });
    return [{
      group,
      periods: rose("periods"),
      throttled: rose("throttled_periods"),
      throttled_s: rose("throttled_ns") / 1e9,
    }];
  });
}

/**
 * What a counter rose by in the window. A group that is new since the window began has counted only in it; where not all
 * were read, one that was left out then may have counted for years.
 */
function roseIn(
  before: Groups,
  { key, group, name }: { readonly key: string; readonly group: Group; readonly name: string },
): number {
  const then = before.groups.get(key)?.counters;
  if (then === undefined && before.is_cut) return 0;
  return rise(then === undefined ? 0 : then.get(name), group.counters.get(name));
}

function throttledFindings(
  { group, periods, throttled, throttled_s }: Throttled,
  window_s: number,
): readonly HealthFinding[] {
  const percent = share(throttled, periods);
  if (periods < THROTTLED.min_periods || percent < THROTTLED.periods_percent) return [];
  if (share(throttled_s, window_s) < THROTTLED.window_percent) return [];
  const of = printable(group.path);
  return [{
    id: "cgroup.throttled",
    of,
    severity: "warning",
    title: `${of} is throttled: stopped in ${number(percent)} % of its periods, at its limit of ${
      number(group.limit)
    } CPUs`,
    evidence: [
      `${printable(group.folder)}/cpu.stat: nr_throttled rose by ${throttled} of nr_periods ${periods}, ${
        number(throttled_s)
      } s stopped`,
    ],
    meaning: "What runs there answers late although the CPUs are free: its limit is too small for its work.",
    next: `cat ${quoted(group.folder)}/cpu.stat`,
  }];
}

interface MemoryUse {
  readonly group: Group;
  readonly used: number;
  readonly percent: number;
}

/** What can be dropped, as memory.stat of version 2 and 1 calls it. */
const CACHES = {
  2: ["inactive_file", "active_file", "slab_reclaimable"],
  1: ["total_inactive_file", "total_active_file"],
} as const;
/** Version 1 does not tell which of the kernel's memory can be dropped; mostly it is names of files, which can. */
const KERNEL_MEMORY = "memory.kmem.usage_in_bytes";

function memoryUse(sources: Sources, group: Group): MemoryUse | undefined {
  if (group.controller !== "memory" || group.limit === Infinity || group.limit <= 0) return undefined;
  const file = group.version === 2 ? "memory.current" : "memory.usage_in_bytes";
  const usage = numberOf(quiet(sources, `${group.folder}/${file}`));
  if (usage === undefined) return undefined;
  const is_near = share(usage, group.limit) >= GROUP_MEMORY_PERCENT.warn;
  const stat = is_near ? namedCounters(quiet(sources, `${group.folder}/memory.stat`)) : undefined;
  const cache = CACHES[group.version].reduce((sum, name) => sum + (stat?.get(name) ?? 0), 0);
  const of_kernel = is_near && group.version === 1 ? numberOf(quiet(sources, `${group.folder}/${KERNEL_MEMORY}`)) : 0;
  const used = Math.max(0, usage - cache - (of_kernel ?? 0));
  return { group, used, percent: share(used, group.limit) };
}

function memoryFindings({ group, used, percent }: MemoryUse): readonly HealthFinding[] {
  const severity = severityOver(percent, GROUP_MEMORY_PERCENT);
  if (severity === undefined) return [];
  const of = printable(group.path);
  return [{
    id: "cgroup.memory_limit",
    of,
    severity,
    title: `${of} uses ${bytes(used)}, ${number(percent)} % of the memory that it may have`,
    evidence: [
      `${printable(group.folder)}: ${bytes(used)} in use without caches, limit ${bytes(group.limit)}`,
    ],
    meaning: "At the limit the kernel kills a process there, though the host has memory left.",
    next: `cat ${quoted(group.folder)}/memory.stat`,
  }];
}

/** A fork that was refused is told at once; a group that is nearly full, before. */
function pidsFindings(sources: Sources, group: Group, before: Groups): readonly HealthFinding[] {
  if (group.controller !== "pids") return [];
  const refused = roseIn(before, { key: `pids ${group.path}`, group, name: "max" });
  const current = numberOf(quiet(sources, `${group.folder}/pids.current`)) ?? 0;
  const severity = refused > 0 ? "critical" : severityOver(share(current, group.limit), GROUP_PIDS_PERCENT);
  if (severity === undefined) return [];
  const of = printable(group.path);
  return [{
    id: "cgroup.pids_limit",
    of,
    severity,
    title: refused > 0
      ? `${of} was refused ${refused} new processes: it has ${current} of ${group.limit}`
      : `${of} has ${current} of the ${group.limit} processes that it may have`,
    evidence: [
      `${printable(group.folder)}/pids.current: ${current}, pids.max: ${group.limit}`,
      ...(refused > 0 ? [`${printable(group.folder)}/pids.events: max rose by ${refused}`] : []),
    ],
    meaning: "Nothing can be started there: fork() fails with EAGAIN. A program forks without end, or leaks threads.",
    next: `cat ${quoted(group.folder)}/pids.current ${quoted(group.folder)}/pids.events`,
  }];
}

interface State {
  readonly after: Groups;
  readonly throttled: readonly Throttled[];
  readonly full: readonly MemoryUse[];
  readonly window_s: number;
}

function figuresOf({ after, throttled, full, window_s }: State): readonly Figure[] {
  const sum = throttled.reduce((all, { throttled_s }) => all + throttled_s, 0);
  return [
    shown("cgroup.limited", after.groups.size),
    watched("cgroup.throttled_percent", share(sum, window_s), { min: 0 }),
    shown("cgroup.highest_memory_percent", full.reduce((most, { percent }) => Math.max(most, percent), 0), {
      ...GROUP_MEMORY_PERCENT,
      min: 0,
    }),
  ];
}

/** What happens in a group is counted in the groups around it too, where they have a limit: the innermost is told. */
function withoutParents(findings: readonly HealthFinding[]): readonly HealthFinding[] {
  const around = new Set(findings.flatMap(({ id, of = "" }) => foldersAround(of).map((path) => `${id} ${path}`)));
  return findings.filter(({ id, of = "" }) => !around.has(`${id} ${of}`));
}

/** `/` and `/a` of `/a/b`. */
function foldersAround(path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "");
  return names.map((_, at) => `/${names.slice(0, at).join("/")}`);
}
