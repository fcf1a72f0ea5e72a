/** File systems: space and inodes left, growth, and those that the kernel made read-only after an error. */
import { mayHang, type Mount, storageMounts } from "../../kernel/host/mounts.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Remembered, Sources, Space } from "../collector.ts";
import {
  FILLING_USED_PERCENT,
  FULL_IN_S,
  GROWTH_S,
  INODES_LEFT,
  type Limit,
  severityUnder,
  SPACE_LEFT,
} from "../limits.ts";
import { bytes, number, share, shown, time, watched } from "../readings/figures.ts";
import { mountsAt } from "../readings/host.ts";
import { processesAt } from "../readings/processes.ts";
import { Gaps, quiet } from "../readings/reading.ts";
import { printable, quoted } from "../readings/words.ts";

/** Network file systems are asked by a helper each, 3 ms of CPU time: so many at once, and so many in all. */
const AT_ONCE = 8, MAX_HELPERS = 64;
/** The fullest, whose growth is followed: others are far from full. */
const MAX_FOLLOWED = 100;
/** More are counted, and looked at, but not shown. */
const MAX_SHOWN = 24;
/** Inodes come out of free space there: when that ends so do they, and they say nothing of their own. */
const INODES_OF_SPACE = new Set(["xfs", "btrfs", "zfs", "bcachefs", "f2fs"]);

interface Filesystem {
  readonly mount: Mount;
  readonly space: Space;
}

export const filesystems: Collector = {
  name: "filesystems",
  start: (sources) =>
    Promise.resolve(async ({ remembered }) => {
      const gaps = new Gaps();
      const all = await askAll(sources, { mounts: storageMounts(mountsAt(sources, "end")), gaps });
      const growth = growthOf(all, { remembered, now_ms: sources.now() });
      return {
        figures: all.slice(0, MAX_SHOWN).flatMap(figuresOf),
        findings: oncePerSpace(all).flatMap((each) => spaceFindings(each, growth.filling.get(each.mount.mount_point))),
        remember: growth.remember,
        ...gaps.state(),
      };
    }),
};

/** The fullest first. Local ones are asked before others, so that a hundred dead mounts of a server do not cost the rest. */
async function askAll(
  sources: Sources,
  { mounts, gaps }: { readonly mounts: readonly Mount[]; readonly gaps: Gaps },
): Promise<readonly Filesystem[]> {
  const [remote, local] = [mounts.filter(mayHang), mounts.filter((mount) => !mayHang(mount))];
  const hanging = remote.length === 0 ? new Set<string>() : askedBefore(sources);
  const asked = remote.filter(({ mount_point }) => !hanging.has(mount_point));
  for (const { mount_point, type } of remote.filter(({ mount_point }) => hanging.has(mount_point))) {
    gaps.note(`${printable(mount_point)} (${printable(type)})`, "a helper of an earlier snapshot still waits for it");
  }
  if (asked.length > MAX_HELPERS) {
    gaps.note("network file systems", `only ${MAX_HELPERS} of ${asked.length} were asked`);
  }
  const waiting = [...local, ...asked.slice(0, MAX_HELPERS)].values(), answers: Filesystem[] = [];
  const silent = new Set<string>();
  const asker = async (): Promise<void> => {
    for (const mount of waiting) {
      const server = serverOf(mount);
      try {
        if (server !== undefined && silent.has(server)) throw new Error("its server did not answer for another mount");
        const space = await sources.space(mount);
        if (space !== undefined && space.size_bytes > 0) answers.push({ mount, space });
      } catch (error) {
        if (server !== undefined) silent.add(server);
        gaps.note(`${printable(mount.mount_point)} (${printable(mount.type)})`, error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, mounts.length) }, asker));
  return answers.sort((a, b) => usedPercent(b.space) - usedPercent(a.space));
}

/** `nas` of `nas:/export` and of `//nas/share`. */
function serverOf(mount: Mount): string | undefined {
  return mayHang(mount) ? /^(?:\/\/([^/]+)|([^/].*?):\/)/.exec(mount.source)?.slice(1).find(Boolean) : undefined;
}

/**
 * Mounts that a helper has been asked about which not even SIGKILL ends (a FUSE server that took the request and hangs):
 * another one every five minutes would fill the table of processes.
 */
function askedBefore(sources: Sources): ReadonlySet<string> {
  const stuck = [...processesAt(sources, "start").values()].filter(({ process_name, state }) =>
    process_name === "stat" && state === "D"
  );
  return new Set(stuck.flatMap(({ process_id }) => {
    const [, f, c, , end, mount_point] = (quiet(sources, `/proc/${process_id}/cmdline`) ?? "").split("\0");
    return f === "-f" && c === "-c" && end === "--" && mount_point !== undefined ? [mount_point] : [];
  }));
}

/** What shares its space with another one, is full when it is: data sets of a pool, shares of one disk. Told once. */
function oncePerSpace(all: readonly Filesystem[]): readonly Filesystem[] {
  const spaces = new Map<string, Filesystem>();
  for (const each of all) {
    const key = spaceOf(each), known = spaces.get(key);
    const is_better = known === undefined ||
      each.mount.mount_point.length < known.mount.mount_point.length &&
        known.mount.read_only === each.mount.read_only ||
      known.mount.read_only && !each.mount.read_only;
    if (is_better) spaces.set(key, each);
  }
  return [...spaces.values()];
}

function spaceOf({ mount, space }: Filesystem): string {
  const { size_bytes, available_bytes, inodes } = space;
  if (mount.type === "zfs") return `zfs ${mount.source.split("/")[0]} ${available_bytes}`;
  return mayHang(mount) ? `${mount.type} ${size_bytes} ${available_bytes} ${inodes}` : `mount ${mount.mount_point}`;
}

function usedPercent({ size_bytes, available_bytes }: Space): number {
  return share(size_bytes - available_bytes, size_bytes);
}

function figuresOf({ mount, space }: Filesystem): readonly Figure[] {
  const of = printable(mount.mount_point);
  const kind = mount.read_only ? shown : watched;
  return [
    kind("filesystem.used_percent", usedPercent(space), {
      of,
      min: 0,
      max: 100,
      ...spaceLimits(mount, space),
    }),
    shown("filesystem.available_bytes", space.available_bytes, { of, min: 0, max: space.size_bytes }),
    ...(space.inodes === 0
      ? []
      : [kind("filesystem.inodes_used_percent", share(space.inodes - space.inodes_free, space.inodes), {
        of,
        min: 0,
        max: 100,
        ...inodeLimits(mount, space),
      })]),
  ];
}

function spaceLimits(mount: Mount, { size_bytes }: Space): Partial<Limit> {
  const left = ({ percent, bytes }: { readonly percent: number; readonly bytes: number }): number =>
    Math.min(percent, share(bytes, size_bytes));
  return usedLimits(mount, { warn: left(SPACE_LEFT.warn), crit: left(SPACE_LEFT.crit) });
}

function inodeLimits(mount: Mount, { inodes }: Space): Partial<Limit> {
  const left = ({ percent, count }: { readonly percent: number; readonly count: number }): number =>
    Math.min(percent, share(count, inodes));
  return usedLimits(mount, { warn: left(INODES_LEFT.warn), crit: left(INODES_LEFT.crit) });
}

/** How full it is when so many percent are left; what cannot be written has no limit. */
function usedLimits({ read_only }: Mount, { warn, crit }: Limit): Partial<Limit> {
  return read_only ? {} : { warn: share(100 - warn, 100), crit: share(100 - crit, 100) };
}

/** What cannot be written cannot run full. */
function spaceFindings({ mount, space }: Filesystem, full_in_s: number | undefined): readonly HealthFinding[] {
  if (mount.read_only) return [];
  const full = fullFindings({ mount, space });
  if (full.length > 0) return [...full, ...(INODES_OF_SPACE.has(mount.type) ? [] : inodeFindings({ mount, space }))];
  return [...inodeFindings({ mount, space }), ...fillingFindings({ mount, space }, full_in_s)];
}

function fullFindings({ mount, space }: Filesystem): readonly HealthFinding[] {
  const { available_bytes, size_bytes } = space;
  const left = share(available_bytes, size_bytes);
  const below = (limit: { readonly percent: number; readonly bytes: number }): boolean =>
    left < limit.percent && available_bytes < limit.bytes;
  if (!below(SPACE_LEFT.warn)) return [];
  const at = printable(mount.mount_point);
  return [{
    id: "filesystem.full",
    of: at,
    severity: below(SPACE_LEFT.crit) || available_bytes === 0 ? "critical" : "warning",
    title: available_bytes === 0
      ? `${at} is full: nothing of ${bytes(size_bytes)} is left`
      : `${at} is nearly full: ${bytes(available_bytes)} (${number(left)} %) of ${bytes(size_bytes)} are left`,
    evidence: [
      `statfs ${at} (${printable(mount.type)} on ${
        printable(mount.source)
      }): ${available_bytes} bytes available to users`,
    ],
    meaning:
      "Programs that write there fail with ENOSPC: databases stop, logs are lost, logins may fail. Logs, dumps and " +
      "container images are what usually grows.",
    next: mount.type === "tmpfs"
      ? `ls -laS ${quoted(at)}`
      : `du -xh --max-depth=2 ${quoted(at)} | sort -rh | head -n 20`,
  }];
}

function inodeFindings({ mount, space }: Filesystem): readonly HealthFinding[] {
  const { inodes, inodes_free } = space;
  if (inodes === 0) return [];
  const left = share(inodes_free, inodes);
  const below = (limit: { readonly percent: number; readonly count: number }): boolean =>
    left < limit.percent && inodes_free < limit.count;
  if (!below(INODES_LEFT.warn)) return [];
  const at = printable(mount.mount_point);
  return [{
    id: "filesystem.no_inodes",
    of: at,
    severity: below(INODES_LEFT.crit) || inodes_free === 0 ? "critical" : "warning",
    title: `${at} can hold ${inodes_free === 0 ? "no" : `only ${inodes_free}`} more files (of ${inodes})`,
    evidence: [
      `statfs ${at} (${printable(mount.type)} on ${printable(mount.source)}): ${inodes_free} of ${inodes} inodes free`,
    ],
    meaning:
      "New files cannot be made there (ENOSPC), although df shows free space. Usually millions of small files: " +
      "sessions, mail queues, caches.",
    next: `du -x --inodes --max-depth=2 ${quoted(at)} | sort -rn | head -n 20`,
  }];
}

function fillingFindings({ mount, space }: Filesystem, full_in_s: number | undefined): readonly HealthFinding[] {
  const severity = full_in_s === undefined ? undefined : severityUnder(full_in_s, FULL_IN_S);
  if (full_in_s === undefined || severity === undefined) return [];
  const at = printable(mount.mount_point);
  return [{
    id: "filesystem.filling",
    of: at,
    severity,
    title: `${at} is full in ${time(full_in_s)} if it goes on growing so (${bytes(space.available_bytes)} left)`,
    evidence: [`statfs ${at}: ${space.available_bytes} bytes available, measured over more than two hours`],
    meaning: "It has grown for two hours or longer. Find out what grows while there is still space.",
    next: `du -xh --max-depth=2 ${quoted(at)} | sort -rh | head -n 20`,
  }];
}

interface Mark {
  readonly at_ms: number;
  readonly available_bytes: number;
}

interface Growth {
  /** Seconds until it is full, by mount point; only of those that are full enough to speak of it. */
  readonly filling: ReadonlyMap<string, number>;
  readonly remember: Remembered;
}

/**
 * Three marks are kept of each file system, an hour apart at least. It has to grow in both spans that they make, and the
 * slower one counts: a backup that is written within an hour, and is rotated, is seen in one of them only.
 */
function growthOf(
  all: readonly Filesystem[],
  { remembered, now_ms }: { readonly remembered: Remembered | undefined; readonly now_ms: number },
): Growth {
  const filling = new Map<string, number>();
  const remember: Record<string, readonly Mark[]> = {};
  for (const { mount, space } of all.slice(0, MAX_FOLLOWED)) {
    const now: Mark = { at_ms: now_ms, available_bytes: space.available_bytes };
    // a clock that jumped back leaves marks of the future
    const marks = marksOf(remembered?.[mount.mount_point]).filter(({ at_ms }) => at_ms < now_ms);
    const [oldest, middle] = marks;
    const newest = marks.at(-1);
    const is_due = newest === undefined || now_ms - newest.at_ms >= GROWTH_S * 1000;
    remember[mount.mount_point] = is_due ? [...marks, now].slice(-3) : marks;
    if (oldest === undefined || middle === undefined || mount.read_only) continue;
    if (usedPercent(space) < FILLING_USED_PERCENT) continue;
    const per_s = Math.min(lossBetween(oldest, middle), lossBetween(middle, now));
    if (per_s > 0) filling.set(mount.mount_point, space.available_bytes / per_s);
  }
  return { filling, remember };
}

/** In bytes a second; 0 over less than an hour. */
function lossBetween(before: Mark, after: Mark): number {
  const passed_s = (after.at_ms - before.at_ms) / 1000;
  return passed_s < GROWTH_S ? 0 : (before.available_bytes - after.available_bytes) / passed_s;
}

function marksOf(value: unknown): readonly Mark[] {
  if (!Array.isArray(value)) return [];
  return value.filter((each: unknown): each is Mark =>
    typeof each === "object" && each !== null && "at_ms" in each && typeof each.at_ms === "number" &&
    "available_bytes" in each && typeof each.available_bytes === "number"
  );
}
