/** Counters of the kernel by name, from the few forms in which /proc has them. */

import type { Counters } from "../../kernel/host/protocol_counters.ts";

export { type Counters, tabledCounters } from "../../kernel/host/protocol_counters.ts";

/** Lines of a name and a number, as /proc/vmstat, cpu.stat and memory.events have them. */
export function namedCounters(text: string | undefined): Counters {
  const counters = new Map<string, number>();
  for (const line of (text ?? "").split("\n")) {
    const space = line.indexOf(" ");
    const value = space < 0 ? NaN : Number(line.slice(space + 1));
    if (isCount(value)) counters.set(line.slice(0, space), value);
  }
  return counters;
}

/** The numbers of a text that is nothing else: /proc/sys/fs/file-nr. */
export function numbersOf(text: string | undefined): readonly number[] {
  return (text ?? "").trim().split(/\s+/).filter((word) => word !== "").map(Number).filter(isCount);
}

/** One number, where a file holds one; undefined for `max`, -1 and everything else. */
export function numberOf(text: string | undefined): number | undefined {
  const value = /^\s*\d+(\.\d+)?\s*$/.test(text ?? "") ? Number(text) : NaN;
  return Number.isFinite(value) ? value : undefined;
}

/** What no counter can be is none. */
function isCount(value: number): boolean {
  return Number.isFinite(value) && value >= 0;
}
