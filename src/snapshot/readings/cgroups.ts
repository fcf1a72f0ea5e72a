/** Control groups with limits, of version 1 and 2: what was denied to them, and how near they are to their limits. */
import { parseCpuMax, parseCpuStat } from "../../kernel/host/cpu_groups.ts";
import { hasOption } from "../../kernel/host/mounts.ts";
import type { Sources } from "../collector.ts";
import { type Counters, namedCounters, numberOf } from "./counters.ts";
import { mountsAt } from "./host.ts";
import { type Moment, once } from "./once.ts";
import { quiet } from "./reading.ts";

/** A host that runs a thousand containers stays within a tenth of a second; beyond, it is said. */
const MAX_GROUPS = 2000;
/** "No limit" of version 1 is the largest multiple of a page: PAGE_COUNTER_MAX, include/linux/page_counter.h. */
const NO_LIMIT_BYTES = 2 ** 62;

export type Controller = "cpu" | "memory" | "pids";

export interface Group {
  /** Below the mount point of its hierarchy: `/system.slice/nginx.service`; `/` is where it is mounted. */
  readonly path: string;
  readonly controller: Controller;
  readonly version: 1 | 2;
  /** Where its files are. */
  readonly folder: string;
  /** In force, in the controller's unit; of cpu, CPUs. */
  readonly limit: number;
  readonly counters: Counters;
}

export interface Groups {
  /** By `<controller> <path>`. */
  readonly groups: ReadonlyMap<string, Group>;
  /** True when there are more than were read. */
  readonly is_cut: boolean;
}

interface Hierarchy {
  readonly folder: string;
  readonly version: 1 | 2;
  readonly controllers: readonly Controller[];
}

/** All groups that have a limit, and those in which something was killed for want of memory. */
export function groupsAt(sources: Sources, moment: Moment): Groups {
  return once(sources, `cgroups ${moment}`, () => {
    const groups = new Map<string, Group>();
    let is_cut = false;
    for (const hierarchy of hierarchiesOf(sources)) {
      const paths = pathsBelow(sources, hierarchy.folder);
      is_cut ||= paths.length >= MAX_GROUPS;
      for (const path of paths) {
        for (const controller of hierarchy.controllers) {
          const group = READERS[controller](sources, { hierarchy, path, folder: join(hierarchy.folder, path) });
          if (group !== undefined) groups.set(`${controller} ${path}`, { ...group, path, controller });
        }
      }
    }
    return { groups, is_cut };
  });
}

/** Each controller is in one hierarchy: of version 1 where it is mounted so, else in that of version 2. */
export function hierarchiesOf(sources: Sources): readonly Hierarchy[] {
  const hierarchies: Hierarchy[] = [];
  const taken = new Set<Controller>();
  const mounts = mountsAt(sources, "start");
  for (const { type, super_options, mount_point } of mounts) {
    if (type !== "cgroup") continue;
    const controllers = CONTROLLERS.filter((name) => hasOption(super_options, name) && !taken.has(name));
    for (const name of controllers) taken.add(name);
    if (controllers.length > 0) hierarchies.push({ folder: mount_point, version: 1, controllers });
  }
  const unified = mounts.find(({ type }) => type === "cgroup2");
  const rest = CONTROLLERS.filter((name) => !taken.has(name));
  if (unified !== undefined && rest.length > 0) {
    hierarchies.push({ folder: unified.mount_point, version: 2, controllers: rest });
  }
  return hierarchies;
}

const CONTROLLERS: readonly Controller[] = ["cpu", "memory", "pids"];

/** Breadth first, so that what is cut off is the deepest. */
function pathsBelow(sources: Sources, folder: string): readonly string[] {
  const paths = ["/"];
  for (let at = 0; at < paths.length && paths.length < MAX_GROUPS; at++) {
    const path = paths[at] ?? "/";
    for (const name of foldersOf(sources, join(folder, path))) paths.push(join(path, name));
  }
  return paths.slice(0, MAX_GROUPS);
}

/** A group that has just been removed has none. */
function foldersOf(sources: Sources, folder: string): readonly string[] {
  try {
    return sources.folders(folder);
  } catch {
    return [];
  }
}

interface At {
  readonly hierarchy: Hierarchy;
  readonly path: string;
  readonly folder: string;
}

type Read = Pick<Group, "version" | "folder" | "limit" | "counters"> | undefined;

const READERS: Readonly<Record<Controller, (sources: Sources, at: At) => Read>> = {
  cpu: (sources, { hierarchy: { version }, folder }) => {
    const bound = version === 2
      ? quiet(sources, `${folder}/cpu.max`)
      : [quiet(sources, `${folder}/cpu.cfs_quota_us`), quiet(sources, `${folder}/cpu.cfs_period_us`)]
        .map((text) => text?.trim()).join(" ");
    const percent = parseCpuMax(bound ?? "");
    if (percent === undefined) return undefined;
    const stat = parseCpuStat(quiet(sources, `${folder}/cpu.stat`) ?? "");
    return { version, folder, limit: percent / 100, counters: new Map(Object.entries(stat ?? {})) };
  },
  memory: (sources, { hierarchy: { version }, folder }) => {
    const [limit_file, events_file] = version === 2
      ? ["memory.max", "memory.events.local"]
      : ["memory.limit_in_bytes", "memory.oom_control"];
    const limit = numberOf(quiet(sources, `${folder}/${limit_file}`)) ?? Infinity;
    // memory.events.local is of 5.2; before it, memory.events also counts what happened in groups below
    const events = quiet(sources, `${folder}/${events_file}`) ?? quiet(sources, `${folder}/memory.events`);
    const counters = new Map(namedCounters(events));
    const is_limited = limit < NO_LIMIT_BYTES;
    if (version === 1 && is_limited) counters.set("oom", numberOf(quiet(sources, `${folder}/memory.failcnt`)) ?? 0);
    if (!is_limited && !(Number(counters.get("oom_kill")) > 0)) return undefined;
    return { version, folder, limit: is_limited ? limit : Infinity, counters };
  },
  pids: (sources, { hierarchy: { version }, folder }) => {
    const limit = numberOf(quiet(sources, `${folder}/pids.max`));
    if (limit === undefined) return undefined;
    return { version, folder, limit, counters: namedCounters(quiet(sources, `${folder}/pids.events`)) };
  },
};

function join(folder: string, name: string): string {
  return `${folder.replace(/\/$/, "")}${name === "/" ? "" : `/${name.replace(/^\//, "")}`}`;
}
