import type { Collector } from "../../../../src/snapshot/collector.ts";
import type { WrittenHost } from "../../recorded.ts";

/** A host that is written down, and what a collector tells about it: `id of severity` of each finding. */
export interface Case {
  /** "a … host": what is special about it. */
  readonly name: string;
  readonly collector: Collector;
  readonly host: WrittenHost;
  readonly told: readonly string[];
}

export const GiB = 2 ** 30;

/** Counters as lines of a name and a number. */
export function lines(counters: Readonly<Record<string, number | string>>): string {
  return Object.entries(counters).map(([name, value]) => `${name} ${value}\n`).join("");
}

/** /proc/meminfo, in kB as the kernel writes it. */
export function meminfo(gib: Readonly<Record<string, number>>): string {
  return Object.entries(gib).map(([name, value]) => `${name}:  ${Math.round(value * 1024 * 1024)} kB\n`).join("");
}

/** A line of /proc/<pid>/stat. */
export function stat(
  pid: number,
  { name = "worker", state = "S", parent = 1, threads = 1, start_ticks = 100, flags = 0x400100 }: {
    readonly name?: string;
    readonly state?: string;
    readonly parent?: number;
    readonly threads?: number;
    readonly start_ticks?: number;
    readonly flags?: number;
  } = {},
): string {
  return `${pid} (${name}) ${state} ${parent} ${pid} ${pid} 0 -1 ${flags} 0 0 0 0 5 5 0 0 20 0 ${threads} 0 ${start_ticks} 0 0\n`;
}

/** /proc/net/tcp with listening sockets, and others by their state. */
export function tcp(
  listeners: readonly { readonly port: number; readonly waiting: number; readonly inode: number }[],
  others: Readonly<Record<string, number>> = {},
): string {
  const hex = (value: number, digits: number) => value.toString(16).toUpperCase().padStart(digits, "0");
  const line = (at: number, port: number, state: string, queue: number, inode: number) =>
    `${String(at).padStart(4)}: 00000000:${hex(port, 4)} 00000000:0000 ${state} 00000000:${
      hex(queue, 8)
    } 00:00000000 00000000     0        0 ${inode} 1 0000000000000000 100 0 0 10 0\n`;
  const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
  const listening = listeners.map(({ port, waiting, inode }, at) => line(at, port, "0A", waiting, inode));
  const rest = Object.entries(others).flatMap(([state, count]) =>
    Array.from({ length: count }, (_, at) => line(at, 40_000 + at % 10_000, state, 0, 0))
  );
  return head + listening.join("") + rest.join("");
}

/** A table of counters as /proc/net/snmp has it. */
export function table(protocol: string, counters: Readonly<Record<string, number>>): string {
  return `${protocol}: ${Object.keys(counters).join(" ")}\n${protocol}: ${Object.values(counters).join(" ")}\n`;
}
