/** /proc/diskstats: what block devices have done since boot. */

export interface DiskCounters {
  readonly name: string;
  readonly reads: number;
  readonly read_sectors: number;
  /** Time of all reads together, from their making to their end. */
  readonly read_ms: number;
  readonly writes: number;
  readonly write_sectors: number;
  readonly write_ms: number;
  /** Blocks that were given back, and caches written out: both take as long as they take (Linux 4.18 and 5.5; else 0). */
  readonly discards: number;
  readonly flushes: number;
  readonly in_flight: number;
  /** Time in which any request was under way. */
  readonly busy_ms: number;
}

/** Of /proc/diskstats, whatever the device's own is. */
export const SECTOR_BYTES = 512;

/** By `major:minor`. @see Documentation/admin-guide/iostats.rst */
export function parseDiskstats(text: string): ReadonlyMap<string, DiskCounters> {
  const disks = new Map<string, DiskCounters>();
  for (const line of text.split("\n")) {
    const [major, minor, name, ...numbers] = line.trim().split(/\s+/);
    const [
      reads,
      ,
      read_sectors,
      read_ms,
      writes,
      ,
      write_sectors,
      write_ms,
      in_flight,
      busy_ms,
      ,
      discards,
      ,
      ,
      ,
      flushes,
    ] = numbers.map(Number);
    if (name === undefined || in_flight === undefined || !Number.isFinite(in_flight)) continue;
    disks.set(`${major}:${minor}`, {
      name,
      reads: reads ?? 0,
      read_sectors: read_sectors ?? 0,
      read_ms: read_ms ?? 0,
      writes: writes ?? 0,
      write_sectors: write_sectors ?? 0,
      write_ms: write_ms ?? 0,
      discards: discards ?? 0,
      flushes: flushes ?? 0,
      in_flight,
      busy_ms: busy_ms ?? 0,
    });
  }
  return disks;
}

/** Empty where the host has none, or hides it. */
export function diskCounters(): ReadonlyMap<string, DiskCounters> {
  try {
    return parseDiskstats(Deno.readTextFileSync("/proc/diskstats"));
  } catch {
    return new Map();
  }
}
