/** The host's figures: load, CPU over a moment, memory, pressure, processes, file systems. */
import type { HostFigures } from "../../protocol/mod.ts";
import { readFilesystems } from "./filesystems.ts";
import {
  availableMemory,
  type CpuTimes,
  parseCpuTimes,
  parseLoadavg,
  parseMeminfo,
  parsePressure,
  parseProcessStat,
  parseUptime,
  parseVmstatCounter,
  type ProcessStat,
} from "./procfs.ts";

/** How long CPU use is watched, in milliseconds. Shorter, and the clock tick of 10 ms makes it guesswork. */
const DEFAULT_MEASURE_MS = 200;
/** USER_HZ: what /proc counts CPU time in, the same on every architecture that ktriage runs on. */
const TICKS_PER_S = 100;
const TOP_PROCESSES = 5;

export interface FiguresOptions {
  /** Milliseconds over which CPU use is measured. Default {@link DEFAULT_MEASURE_MS}. */
  readonly measure_ms?: number;
}

type UsedBy = Pick<ProcessStat, "process_id" | "process_name" | "state" | "cpu_ticks" | "start_ticks">;

/** CPU time at one moment. */
export interface CpuSample {
  readonly cpu: Pick<CpuTimes, "total" | "idle" | "iowait" | "cpus">;
  readonly processes: readonly UsedBy[];
  readonly at_ms: number;
}

/**
 * Reads all figures; needs no privilege. CPU use is that of everything but ktriage itself. Where a container hides a
 * part of /proc, that part is 0.
 */
export async function readFigures({ measure_ms = DEFAULT_MEASURE_MS }: FiguresOptions = {}): Promise<HostFigures> {
  const before = sampleCpu();
  const [space] = await Promise.all([readFilesystems(), delay(measure_ms)]);
  const after = sampleCpu();
  const meminfo = parseMeminfo(textOf("/proc/meminfo"));
  return {
    uptime_s: parseUptime(Deno.readTextFileSync("/proc/uptime")),
    ...parseLoadavg(Deno.readTextFileSync("/proc/loadavg")),
    ...cpuUse(before, after, { own_pid: Deno.pid }),
    memory_total_bytes: meminfo.get("MemTotal") ?? 0,
    memory_available_bytes: availableMemory(meminfo),
    swap_total_bytes: meminfo.get("SwapTotal") ?? 0,
    swap_free_bytes: meminfo.get("SwapFree") ?? 0,
    ...readPressure(),
    oom_kills: parseVmstatCounter(textOf("/proc/vmstat"), "oom_kill") ?? 0,
    processes: after.processes.length,
    processes_blocked: after.processes.filter(({ state }) => state === "D").length,
    filesystems: space.filesystems,
    ...(space.filesystems_unreadable.length > 0 ? { filesystems_unreadable: space.filesystems_unreadable } : {}),
  };
}

/** What happened between two samples; ktriage's own share is taken out. */
export function cpuUse(
  before: CpuSample,
  after: CpuSample,
  { own_pid }: { readonly own_pid: number },
): Pick<HostFigures, "cpus" | "cpu_busy_percent" | "iowait_percent" | "top_cpu"> {
  const used = usedTicks(before.processes, after.processes);
  const own = used.find(({ process_id }) => process_id === own_pid)?.ticks ?? 0;
  const total = after.cpu.total - before.cpu.total;
  // both may run backwards on some kernels (Documentation/filesystems/proc.rst, 1.7)
  const idle = Math.max(0, after.cpu.idle - before.cpu.idle);
  const iowait = Math.max(0, after.cpu.iowait - before.cpu.iowait);
  const elapsed_ticks = (after.at_ms - before.at_ms) / 1000 * TICKS_PER_S;
  return {
    cpus: after.cpu.cpus,
    cpu_busy_percent: percent(total - idle - iowait - own, total),
    iowait_percent: percent(iowait, total),
    top_cpu: used
      .filter(({ process_id, ticks }) => process_id !== own_pid && ticks > 0)
      .sort((a, b) => b.ticks - a.ticks)
      .slice(0, TOP_PROCESSES)
      .map(({ ticks, ...process }) => ({ ...process, cpu_percent: Math.round(100 * ticks / elapsed_ticks) })),
  };
}

interface UsedTicks {
  readonly process_id: number;
  readonly process_name: string;
  readonly ticks: number;
}

/** A process that is new since the first sample used all of its time since then; so did a new one with an old pid. */
function usedTicks(before: readonly UsedBy[], after: readonly UsedBy[]): readonly UsedTicks[] {
  const known = new Map(before.map((process) => [process.process_id, process]));
  return after.map(({ process_id, process_name, cpu_ticks, start_ticks }) => {
    const earlier = known.get(process_id);
    const same = earlier?.start_ticks === start_ticks;
    return { process_id, process_name, ticks: same ? cpu_ticks - earlier.cpu_ticks : cpu_ticks };
  });
}

function sampleCpu(): CpuSample {
  const cpu = parseCpuTimes(Deno.readTextFileSync("/proc/stat"));
  const at_ms = performance.now();
  return { cpu, at_ms, processes: [...readProcesses()] };
}

function* readProcesses(): Generator<ProcessStat> {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const process = parseProcessStat(textOf(`/proc/${name}/stat`)); // empty: it has ended in the meantime
    if (process !== undefined) yield process;
  }
}

function readPressure(): Pick<HostFigures, "pressure_some_avg10"> {
  const [cpu, io, memory] = ["cpu", "io", "memory"].map((name) => parsePressure(textOf(`/proc/pressure/${name}`)));
  if (cpu === undefined || io === undefined || memory === undefined) return {};
  return { pressure_some_avg10: { cpu, io, memory } };
}

/** The file's text; empty where this kernel does not have it, does not fill it or hides it. */
function textOf(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Within 0 and 100, to one decimal. */
function percent(part: number, whole: number): number {
  return whole > 0 ? Math.min(100, Math.max(0, Math.round(1000 * part / whole) / 10)) : 0;
}
