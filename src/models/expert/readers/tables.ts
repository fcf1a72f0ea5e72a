/** Reads tables that commands print: file systems, processes, `/proc` counters. */

export interface FileSystem {
  readonly device: string;
  readonly used_percent: number;
  readonly mount_point: string;
}

export interface ListedProcess {
  readonly process_id: number;
  readonly parent_id: number;
  readonly state: string;
  readonly cpu_percent: number;
  readonly memory_percent: number;
  readonly name: string;
}

/**
 * Reads `df -P` or `df -Pi`. Images that are full by nature (loop devices, CD-ROMs, squashfs) and rows without a
 * percentage are left out.
 */
export function parseDf(text: string): readonly FileSystem[] {
  return text.split("\n").flatMap((line) => {
    const match = /^(\S.*?)\s+-?\d+\s+-?\d+\s+-?\d+\s+(\d+)%\s+(\/.*)$/.exec(line);
    if (match === null) return [];
    const [, device = "", percent = "", mount_point = ""] = match;
    const isImage = /^(\/dev\/(loop|sr)\d|squashfuse|snapfuse)/.test(device) || mount_point.startsWith("/snap/");
    return isImage ? [] : [{ device, used_percent: Number(percent), mount_point }];
  });
}

/** The file system that holds a path: the longest mount point that leads to it. */
export function fileSystemOf(path: string, fileSystems: readonly FileSystem[]): FileSystem | undefined {
  return fileSystems
    .filter(({ mount_point: at }) => at === "/" || path === at || path.startsWith(`${at}/`))
    .sort((a, b) => b.mount_point.length - a.mount_point.length)[0];
}

/** Reads `ps -eo pid,ppid,stat,pcpu,pmem,comm`. */
export function parsePs(text: string): readonly ListedProcess[] {
  return text.split("\n").flatMap((line) => {
    const match = /^\s*(\d+)\s+(\d+)\s+(\S+)\s+([\d.]+)\s+([\d.]+)\s+(.+)$/.exec(line);
    if (match === null) return [];
    const [, pid, parent, state = "", cpu, memory, name = ""] = match;
    return [{
      process_id: Number(pid),
      parent_id: Number(parent),
      state,
      cpu_percent: Number(cpu),
      memory_percent: Number(memory),
      name,
    }];
  });
}

/** Reads lines of `name value` or `name: value kB`; values in kB are turned into bytes. */
export function parseCounters(text: string): ReadonlyMap<string, number> {
  return new Map(
    [...text.matchAll(/^([\w()]+):?\s+(\d+)( kB)?$/gm)].map(([, name = "", value, unit]) => [
      name,
      Number(value) * (unit === undefined ? 1 : 1024),
    ]),
  );
}

/** Name servers of `resolv.conf`, in order; glibc asks the local host when there is none. */
export function parseNameServers(text: string): readonly string[] {
  return [...text.matchAll(/^\s*nameserver\s+(\S+)/gm)].map(([, address = ""]) => address);
}

/**
 * CPU seconds and running time of a process from `/proc/<pid>/stat` and `/proc/uptime`, at 100 clock ticks a second as
 * on every architecture that Linux runs on today.
 */
export function parseCpuUse(stat: string, uptime: string): { cpu_s: number; age_s: number } | undefined {
  // comm may hold spaces and parentheses: fields are counted from the last one, which ends it
  const fields = stat.slice(stat.lastIndexOf(")") + 1).trim().split(/\s+/);
  const [user, system, start] = [fields[11], fields[12], fields[19]].map(Number);
  const up = parseFloat(uptime);
  if (
    user === undefined || system === undefined || start === undefined || !Number.isFinite(user + system + start + up)
  ) {
    return undefined;
  }
  return { cpu_s: (user + system) / 100, age_s: Math.max(0, up - start / 100) };
}
