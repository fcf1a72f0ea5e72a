/** What a snapshot took of its host. */
import type { Snapshot } from "../protocol/snapshot.ts";

/** USER_HZ, 100 on every Linux that ktriage runs on; utime, stime, cutime and cstime of proc_pid_stat(5) count in it. */
const MS_PER_TICK = 10;
/** Fields behind the name, which may hold anything: utime is the 14th of all. */
const UTIME = 11, CUTIME = 13;

/**
 * Starts to count helpers; ktriage's own time counts from its start.
 *
 * @returns what it has come to: of this process, and of helpers that have ended since. What became ktriage by exec(2) may
 * have had children of its own.
 */
export function costSince(): () => Snapshot["cost"] {
  const before_ms = cpuMs(textOf("/proc/self/stat")).helpers_ms;
  return () => {
    const { own_ms, helpers_ms } = cpuMs(textOf("/proc/self/stat"));
    return {
      cpu_ms: own_ms + helpers_ms - before_ms,
      peak_memory_bytes: peakBytes(textOf("/proc/self/status")),
    };
  };
}

/** @param stat `/proc/<pid>/stat` */
export function cpuMs(stat: string): { readonly own_ms: number; readonly helpers_ms: number } {
  const ticks = stat.slice(stat.lastIndexOf(")") + 2).split(" ").map(Number);
  const sum = (from: number): number => ((ticks[from] ?? 0) + (ticks[from + 1] ?? 0)) * MS_PER_TICK;
  return { own_ms: sum(UTIME), helpers_ms: sum(CUTIME) };
}

/** @param status `/proc/<pid>/status`: VmHWM, in kB of 1024 bytes */
export function peakBytes(status: string): number {
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
}

function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}
