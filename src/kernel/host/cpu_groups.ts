/** Control groups with a bound on CPU time, in both versions of cgroups. */
import { parseMountinfo } from "./mounts.ts";

/** Where the controller is mounted. */
export interface CpuHierarchy {
  readonly version: 1 | 2;
  readonly mount_point: string;
}

/** `cpu.stat` (Documentation/scheduler/sched-bwc.rst), since the group was made. */
export interface CpuStat {
  /** Periods in which a thread of the group wanted to run. */
  readonly periods: number;
  /** Periods in which the quota was used up. */
  readonly throttled_periods: number;
  /** How long its threads were kept from running, summed over the CPUs. */
  readonly throttled_ns: number;
}

export interface CpuGroup {
  /** As /proc/PID/cgroup names it. */
  readonly name: string;
  readonly path: string;
  readonly stat: CpuStat;
  /** Of one CPU, in percent; undefined: without bound. */
  readonly quota_percent?: number;
}

/** More are not walked: a tree of that many would cost seconds. */
const MAX_GROUPS = 20_000;

/** @param mountinfo text of /proc/self/mountinfo */
export function cpuHierarchies(mountinfo: string): CpuHierarchy[] {
  return parseMountinfo(mountinfo).flatMap(({ type, super_options, mount_point }): CpuHierarchy[] => {
    if (type === "cgroup2") return [{ version: 2, mount_point }];
    return type === "cgroup" && super_options.split(",").includes("cpu") ? [{ version: 1, mount_point }] : [];
  });
}

/** @returns undefined where the text tells of no periods: the group has no such controller */
export function parseCpuStat(text: string): CpuStat | undefined {
  const of = (name: string): number | undefined => {
    const [, value] = new RegExp(`^${name} (\\d{1,20})$`, "m").exec(text) ?? [];
    return value === undefined ? undefined : Number(value);
  };
  const periods = of("nr_periods"), throttled_periods = of("nr_throttled");
  const throttled_us = of("throttled_usec");
  const throttled_ns = throttled_us === undefined ? of("throttled_time") : throttled_us * 1000;
  if (periods === undefined || throttled_periods === undefined || throttled_ns === undefined) return undefined;
  return { periods, throttled_periods, throttled_ns };
}

/** `cpu.max` of version 2, `max 100000` or `20000 100000`: quota and period in microseconds. */
export function parseCpuMax(text: string): number | undefined {
  return percentOf(...text.trim().split(" "));
}

/** -1 in version 1, `max` in version 2: without bound. */
function percentOf(quota = "max", period = "100000"): number | undefined {
  const share = 100 * Number(quota) / Number(period);
  return share > 0 && Number.isFinite(share) ? share : undefined;
}

/** Groups that have a bound, or were ever kept from running, by path. Groups that end meanwhile are left out. */
export function readCpuGroups(hierarchies: readonly CpuHierarchy[]): Map<string, CpuGroup> {
  const groups = new Map<string, CpuGroup>();
  for (const { version, mount_point } of hierarchies) {
    const waiting = [mount_point];
    for (let walked = 0; walked < MAX_GROUPS; walked++) {
      const path = waiting.pop();
      if (path === undefined) break;
      const children = foldersIn(path);
      for (const child of children) waiting.push(`${path}/${child}`);
      const group = path === mount_point ? undefined : groupAt(path, path.slice(mount_point.length), version);
      if (group !== undefined) groups.set(path, group);
    }
  }
  return groups;
}

function groupAt(path: string, name: string, version: 1 | 2): CpuGroup | undefined {
  const stat = parseCpuStat(textOf(`${path}/cpu.stat`));
  if (stat === undefined) return undefined;
  const quota_percent = version === 2
    ? parseCpuMax(textOf(`${path}/cpu.max`))
    : percentOf(textOf(`${path}/cpu.cfs_quota_us`).trim(), textOf(`${path}/cpu.cfs_period_us`).trim());
  if (quota_percent === undefined && stat.periods === 0) return undefined;
  return { name, path, stat, ...(quota_percent === undefined ? {} : { quota_percent }) };
}

/** Processes of a group and of the groups in it. */
export function processesIn(path: string): number[] {
  const own = textOf(`${path}/cgroup.procs`).split("\n").filter((line) => line !== "" && line !== "0").map(Number);
  return [...own, ...foldersIn(path).flatMap((child) => processesIn(`${path}/${child}`))];
}

function foldersIn(path: string): string[] {
  try {
    return [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory).map(({ name }) => name);
  } catch {
    return []; // it was removed meanwhile
  }
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return ""; // the same, or a file that this kernel does not have
  }
}
