/** Text of /proc, as values. Pure functions of strings; see proc(5) and Documentation/filesystems/proc.rst. */

/** CPU time since boot in clock ticks (USER_HZ, 1/100 s on every Linux), summed over all CPUs. */
export interface CpuTimes {
  readonly total: number;
  /** Idle, without waiting for I/O. */
  readonly idle: number;
  readonly iowait: number;
  readonly system: number;
  /** Hard and soft interrupts. */
  readonly irq: number;
  /** Given to other guests by the hypervisor. */
  readonly steal: number;
  readonly cpus: number;
}

/** One line of `/proc/<pid>/stat`, as far as ktriage reads it. */
export interface ProcessStat {
  readonly process_id: number;
  readonly process_name: string;
  /** `R` running, `S` sleeping, `D` uninterruptible, `Z` zombie, `I` idle kernel thread … */
  readonly state: string;
  /** User and system time of all threads, in clock ticks. */
  readonly cpu_ticks: number;
  /** Clock ticks after boot; with the pid it names one process for ever. */
  readonly start_ticks: number;
  readonly parent_id: number;
  readonly threads: number;
  readonly is_kernel_thread: boolean;
}

/** include/linux/sched.h */
const PF_KTHREAD = 0x20_0000;

/**
 * `/proc/loadavg`.
 *
 * @throws {SyntaxError} text that is not loadavg
 */
export function parseLoadavg(text: string): { readonly load_1m: number; readonly load_5m: number } {
  const [load_1m, load_5m] = text.split(" ").map(Number);
  if (!isNumber(load_1m) || !isNumber(load_5m)) throw new SyntaxError(`Not /proc/loadavg: ${text}`);
  return { load_1m, load_5m };
}

/**
 * `/proc/uptime`, in seconds.
 *
 * @throws {SyntaxError} text that is not uptime
 */
export function parseUptime(text: string): number {
  const uptime_s = Number.parseFloat(text);
  if (!isNumber(uptime_s)) throw new SyntaxError(`Not /proc/uptime: ${text}`);
  return uptime_s;
}

/**
 * The `cpu` lines of `/proc/stat`. Guest time is part of user time already and is not counted twice.
 *
 * @throws {SyntaxError} text without a `cpu` line
 */
export function parseCpuTimes(text: string): CpuTimes {
  const lines = text.split("\n");
  const line = lines.find((candidate) => candidate.startsWith("cpu "));
  if (line === undefined) throw new SyntaxError("Not /proc/stat: no line starts with cpu");
  // user nice system idle iowait irq softirq steal; guest and guest_nice follow
  const ticks = line.trim().split(/\s+/).slice(1, 9).map(Number);
  return {
    total: ticks.reduce((sum, value) => sum + value, 0),
    idle: ticks[3] ?? 0,
    iowait: ticks[4] ?? 0,
    system: ticks[2] ?? 0,
    irq: (ticks[5] ?? 0) + (ticks[6] ?? 0),
    steal: ticks[7] ?? 0,
    cpus: lines.filter((candidate) => /^cpu\d/.test(candidate)).length,
  };
}

/** `/proc/meminfo` as bytes by name; figures without a unit (huge page counts) stay what they are. */
export function parseMeminfo(text: string): ReadonlyMap<string, number> {
  const entries = new Map<string, number>();
  for (const [, name = "", value, unit] of text.matchAll(/^(\S+):\s+(\d{1,19})( kB)?$/gm)) {
    entries.set(name, Number(value) * (unit === undefined ? 1 : 1024));
  }
  return entries;
}

/** Memory that programs can get without swapping; Linux before 3.14 does not say, so it is what is free or cached. */
export function availableMemory(meminfo: ReadonlyMap<string, number>): number {
  const of = (name: string): number => meminfo.get(name) ?? 0;
  return meminfo.get("MemAvailable") ?? of("MemFree") + of("Buffers") + of("Cached");
}

/** avg10 of the `some` line of `/proc/pressure/*`, in percent; undefined when there is none. */
export function parsePressure(text: string): number | undefined {
  const avg10 = /^some avg10=([\d.]+)/m.exec(text)?.[1];
  return avg10 === undefined ? undefined : Number(avg10);
}

/** Microseconds since boot in which some tasks, or all, waited: `total=` of `/proc/pressure/*`, by line. */
export function parsePressureTotals(text: string): { readonly some?: number; readonly full?: number } {
  return Object.fromEntries(
    [...text.matchAll(/^(some|full) .*\btotal=(\d{1,20})$/gm)].map(([, line, total]) => [line, Number(total)]),
  );
}

/** One counter of `/proc/vmstat`; undefined where this kernel does not count it. */
export function parseVmstatCounter(text: string, name: string): number | undefined {
  const line = text.split("\n").find((candidate) => candidate.startsWith(`${name} `));
  return line === undefined ? undefined : Number(line.slice(name.length + 1));
}

/**
 * `/proc/<pid>/stat`. The name stands in parentheses and may itself hold `) (`: it ends at the last one.
 *
 * @returns undefined for text that is not such a line (the process has just ended)
 */
export function parseProcessStat(text: string): ProcessStat | undefined {
  const open = text.indexOf("(");
  const close = text.lastIndexOf(")");
  if (open < 0 || close < open) return undefined;
  const fields = text.slice(close + 2).split(" ", 20);
  const [state = "?"] = fields;
  // proc(5) counts from 1 and the state is 3: ppid 4, flags 9, utime 14, stime 15, num_threads 20, starttime 22
  const [utime, stime, start_ticks] = [fields[11], fields[12], fields[19]].map(Number);
  const process_id = Number(text.slice(0, open));
  if (!isNumber(process_id) || !isNumber(utime) || !isNumber(stime) || !isNumber(start_ticks)) return undefined;
  const [parent_id = 0, flags = 0, threads = 0] = [fields[1], fields[6], fields[17]].map(Number);
  return {
    process_id,
    process_name: text.slice(open + 1, close),
    state,
    cpu_ticks: utime + stime,
    start_ticks,
    parent_id,
    threads,
    is_kernel_thread: (flags & PF_KTHREAD) !== 0,
  };
}

/**
 * Whether a thread is in a system call, from the text of `/proc/<pid>/task/<tid>/syscall` (proc(5)): the call's number
 * and arguments while it waits in one, `running` while it runs.
 */
export function isInSystemCall(text: string): boolean {
  return /^\d+ /.test(text);
}

/** Capabilities in `CapEff` of `/proc/<pid>/status`; none when the line is missing. */
export function parseEffectiveCapabilities(text: string): bigint {
  const mask = /^CapEff:\s*([0-9a-f]+)$/m.exec(text)?.[1];
  return mask === undefined ? 0n : BigInt(`0x${mask}`);
}

/** `PRETTY_NAME` of os-release(5), or undefined. */
export function parsePrettyName(text: string): string | undefined {
  const value = /^PRETTY_NAME=(.*)$/m.exec(text)?.[1]?.trim();
  return value === undefined || value === "" ? undefined : unquote(value);
}

/** Shell quoting as os-release(5) allows it: one pair of quotes, and a backslash before `" $ ` \``. */
function unquote(value: string): string {
  const quoted = /^(["'])(.*)\1$/.exec(value);
  const inner = quoted?.[2] ?? value;
  return quoted?.[1] === "'" ? inner : inner.replace(/\\(["$`\\])/g, "$1");
}

function isNumber(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}
