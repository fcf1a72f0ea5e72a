/** Disks: traffic and latency over the window, devices that hang or went away, arrays that lost a member. */
import { type DiskCounters, parseDiskstats, SECTOR_BYTES } from "../../kernel/host/diskstats.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import {
  BLOCK_MAX_IN_FLIGHT,
  BLOCK_MIN_REQUESTS,
  BLOCK_READ_MS,
  BLOCK_STUCK_S,
  BLOCK_WRITE_MS,
  type Limit,
  severityOver,
} from "../limits.ts";
import { number, rise, share, watched } from "../readings/figures.ts";
import { absent, Gaps, quiet } from "../readings/reading.ts";
import { printable } from "../readings/words.ts";

/** Of the host's disks those with the most requests are shown, so that a hundred disks do not hide the rest. */
const MAX_SHOWN = 8;
/** Backed by files or memory: their traffic is seen at what is below. */
const VIRTUAL = /^(loop|ram|zram|fd|sr)\d/;
/** Built from other devices: their traffic would be counted twice. */
const STACKED = /^(dm-|md|bcache|drbd)/;

interface Change extends DiskCounters {
  readonly requests: number;
  /** Whatever it was: on an idle disk fstrim waits for discards alone. */
  readonly finished: number;
  /** Requests that were under way at both ends of the window. */
  readonly waiting: number;
}

export const blockDevices: Collector = {
  name: "block_devices",
  start: (sources) => {
    const before = readDisks(sources);
    return Promise.resolve(({ window_s }) => {
      const gaps = new Gaps();
      const after = readDisks(sources);
      const disks = [...after].flatMap(([name, now]) => {
        const then = before.get(name);
        return then === undefined ? [] : [changeOf(then, now)];
      });
      const states = gaps.try("/sys/block", () => offline(sources, [...after.keys()])) ?? [];
      const arrays = gaps.try("/proc/mdstat", () => degradedArrays(sources.text("/proc/mdstat") ?? "")) ?? [];
      if (disks.length === 0 && arrays.length === 0) {
        return Promise.resolve(absent("no block devices are visible here"));
      }
      return Promise.resolve({
        figures: figuresOf(disks, window_s),
        findings: [...latency(sources, { disks, window_s }), ...states, ...arrays],
        ...gaps.state(),
      });
    });
  },
};

/** Whole devices, by what /sys/block lists; without it (containers) all. */
function readDisks(sources: Sources): ReadonlyMap<string, DiskCounters> {
  const whole = new Set(sources.names("/sys/block").map((name) => name.replace("!", "/")));
  const disks = [...parseDiskstats(sources.text("/proc/diskstats") ?? "").values()].filter(({ name }) =>
    !VIRTUAL.test(name) && (whole.size === 0 || whole.has(name))
  );
  return new Map(disks.map((disk) => [disk.name, disk]));
}

function changeOf(before: DiskCounters, now: DiskCounters): Change {
  const reads = rise(before.reads, now.reads), writes = rise(before.writes, now.writes);
  const discards = rise(before.discards, now.discards), flushes = rise(before.flushes, now.flushes);
  return {
    name: now.name,
    reads,
    writes,
    discards,
    flushes,
    requests: reads + writes,
    finished: reads + writes + discards + flushes,
    read_sectors: rise(before.read_sectors, now.read_sectors),
    write_sectors: rise(before.write_sectors, now.write_sectors),
    read_ms: rise(before.read_ms, now.read_ms),
    write_ms: rise(before.write_ms, now.write_ms),
    busy_ms: rise(before.busy_ms, now.busy_ms),
    in_flight: now.in_flight,
    waiting: Math.min(before.in_flight, now.in_flight),
  };
}

function figuresOf(disks: readonly Change[], window_s: number): readonly Figure[] {
  const real = disks.filter(({ name }) => !STACKED.test(name));
  const sum = (of: (disk: Change) => number): number => real.reduce((total, disk) => total + of(disk), 0);
  const busiest = [...real].sort((a, b) => b.requests - a.requests).slice(0, MAX_SHOWN);
  return [
    watched("block.read_bytes_per_s", sum(({ read_sectors }) => read_sectors) * SECTOR_BYTES / window_s),
    watched("block.write_bytes_per_s", sum(({ write_sectors }) => write_sectors) * SECTOR_BYTES / window_s),
    watched("block.requests_per_s", sum(({ requests }) => requests) / window_s),
    ...busiest.flatMap((disk) => [
      watched("block.busy_percent", Math.min(100, share(disk.busy_ms, window_s * 1000)), {
        of: disk.name,
        min: 0,
        max: 100,
      }),
      ...(disk.requests < BLOCK_MIN_REQUESTS
        ? []
        : [watched("block.await_ms", mean(disk.read_ms + disk.write_ms, disk.requests), { of: disk.name })]),
    ]),
  ];
}

/** Of a request from queue to end. */
function mean(time_ms: number, requests: number): number {
  return requests === 0 ? 0 : time_ms / requests;
}

/** What is built from others waits when they do: told only where none of them is. */
function latency(
  sources: Sources,
  { disks, window_s }: { readonly disks: readonly Change[]; readonly window_s: number },
): readonly HealthFinding[] {
  const of = (some: readonly Change[]): readonly HealthFinding[] =>
    some.flatMap((disk) => [...stuckFindings(disk, window_s), ...slowFindings(sources, disk)]);
  const told = of(disks.filter(({ name }) => !STACKED.test(name)));
  return told.length > 0 ? told : of(disks.filter(({ name }) => STACKED.test(name)));
}

function stuckFindings(disk: Change, window_s: number): readonly HealthFinding[] {
  const { name, finished, waiting } = disk;
  const shown_name = printable(name);
  if (finished === 0 && waiting > 0 && waiting < BLOCK_MAX_IN_FLIGHT && window_s >= BLOCK_STUCK_S) {
    return [{
      id: "block.stuck",
      of: shown_name,
      severity: "critical",
      title: `${shown_name} does not answer: ${waiting} requests wait, none ended in ${number(window_s)} s`,
      evidence: [`/proc/diskstats: ${shown_name} in_flight ${disk.in_flight}, nothing finished in the window`],
      meaning:
        "Whoever reads or writes there hangs, and cannot be killed. The disk, its cable, or the path to the storage failed.",
      next: "dmesg --level=emerg,alert,crit,err,warn | tail -n 30",
    }];
  }
  return [];
}

/** Of what can be pulled out (a stick, a card) nobody expects more: it takes seconds for each write while it is filled. */
function slowFindings(sources: Sources, disk: Change): readonly HealthFinding[] {
  const shown_name = printable(disk.name);
  const kinds: readonly {
    readonly what: string;
    readonly count: number;
    readonly ms: number;
    readonly limit: Limit;
  }[] = [
    { what: "read", count: disk.reads, ms: mean(disk.read_ms, disk.reads), limit: BLOCK_READ_MS },
    { what: "write", count: disk.writes, ms: mean(disk.write_ms, disk.writes), limit: BLOCK_WRITE_MS },
  ];
  const slow = kinds.flatMap(({ what, count, ms, limit }) => {
    const severity = severityOver(ms, limit);
    return severity === undefined || count < BLOCK_MIN_REQUESTS ? [] : [{ what, count, ms, severity }];
  });
  const [first] = slow.toSorted((a, b) => b.ms - a.ms);
  if (first === undefined) return [];
  if (quiet(sources, `/sys/block/${disk.name.replace("/", "!")}/removable`)?.trim() === "1") return [];
  return [{
    id: "block.slow",
    of: shown_name,
    severity: slow.some(({ severity }) => severity === "critical") ? "critical" : "warning",
    title: `${shown_name} takes ${number(first.ms)} ms for a ${first.what}`,
    evidence: slow.map(({ what, count, ms }) =>
      `/proc/diskstats: ${shown_name} ${count} ${what}s took ${number(ms)} ms each, from queue to end`
    ),
    meaning:
      "All that waits for this disk stands still for that long: a failing disk that tries again, or far more load " +
      "than it can take.",
    next: "iostat -dxy 2 3",
  }];
}

/** SCSI and NVMe say when they have given a device up. */
function offline(sources: Sources, disks: readonly string[]): readonly HealthFinding[] {
  return disks.flatMap((name): HealthFinding[] => {
    if (STACKED.test(name)) return [];
    const path = `/sys/block/${name.replace("/", "!")}/device/state`;
    const state = quiet(sources, path)?.trim();
    if (state === undefined || !/^(offline|transport-offline|dead)$/.test(state)) return [];
    const shown_name = printable(name);
    return [{
      id: "block.offline",
      of: shown_name,
      severity: "critical",
      title: `The kernel gave up ${shown_name}: it is ${state}`,
      evidence: [`${printable(path)}: ${state}`],
      meaning: "Nothing can be read from it or written to it any more.",
      next: "dmesg --level=emerg,alert,crit,err,warn | tail -n 30",
    }];
  });
}

/** `[UU_]` behind the second number in brackets: a member of the array is missing (drivers/md/raid1.c, raid5.c, raid10.c). */
function degradedArrays(text: string): readonly HealthFinding[] {
  return text.split(/\n(?=md[\w-]+ :)/).flatMap((part): HealthFinding[] => {
    const [, name] = /^(md[\w-]+) : active/m.exec(part) ?? [];
    const [, wanted, working, members] = /\[(\d+)\/(\d+)\] \[([U_]+)\]/.exec(part) ?? [];
    if (name === undefined || members === undefined || !members.includes("_")) return [];
    const recovers = /recovery\s*=\s*([\d.]+%)/.exec(part)?.[1];
    return [{
      id: "block.array_degraded",
      of: name,
      severity: recovers === undefined ? "critical" : "warning",
      title: `The array ${name} has ${working} of ${wanted} disks${
        recovers === undefined ? "" : `, and recovers (${recovers})`
      }`,
      evidence: [`/proc/mdstat: ${name} [${wanted}/${working}] [${members}]`],
      meaning: "The next disk that fails may take the data with it. Replace the missing one.",
      next: "cat /proc/mdstat",
    }];
  });
}
