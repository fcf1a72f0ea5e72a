/** What a diagnosis proposes, and the words that all of them share. */
import type { CommandRequest, Finding, ResolutionReply } from "../../protocol/mod.ts";
import type { Evidence, Seen } from "./evidence.ts";
import { type Category, namesProcess } from "./intent.ts";

export interface Candidate {
  readonly category: Category;
  /** 0 to 100 before the words are weighed: how specific it is, and how well it is shown. */
  readonly score: number;
  readonly confidence: ResolutionReply["confidence"];
  readonly root_cause: string;
  readonly plan: readonly string[];
  readonly findings: readonly Finding[];
  /** Names of processes that suffer: an issue that names one of them is about this. */
  readonly processes: readonly string[];
  /** Paths that it is about, if any. */
  readonly paths?: readonly string[];
  /** Commands that would show more, asked for when a round is left. */
  readonly follow_up?: readonly CommandRequest[];
}

/** Looks for one kind of fault. Pure: everything it says stands in the evidence. */
export type Diagnose = (evidence: Evidence) => readonly Candidate[];

/** Counts things by name, most first. */
export class Tally<T> {
  readonly #counts = new Map<string, { readonly item: T; count: number }>();

  add(name: string, item: T): void {
    const entry = this.#counts.get(name);
    if (entry === undefined) this.#counts.set(name, { item, count: 1 });
    else entry.count++;
  }

  get entries(): readonly { readonly name: string; readonly item: T; readonly count: number }[] {
    return [...this.#counts].map(([name, entry]) => ({ name, ...entry })).sort((a, b) => b.count - a.count);
  }
}

/** Groups items by a key; order of first appearance. */
export function groupBy<T>(
  items: Iterable<T>,
  key: (item: T) => string | undefined,
): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const name = key(item);
    if (name === undefined) continue;
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [item]);
    else group.push(item);
  }
  return groups;
}

/** Names the processes of events, busiest first: `api (pid 71)`, or `worker (9 processes)`. */
export function processesOf(events: Iterable<Pick<Seen, "process_id" | "process_name">>): string {
  const byName = [...groupBy(events, ({ process_name }) => process_name)].sort(([, a], [, b]) => b.length - a.length);
  const named = byName.slice(0, 3).map(([name, group]) => {
    const pids = new Set(group.map(({ process_id }) => process_id));
    return pids.size === 1 ? `${name} (pid ${[...pids][0]})` : `${name} (${pids.size} processes)`;
  });
  const rest = byName.length - named.length;
  return rest > 0 ? `${named.join(", ")} and ${count(rest, "other")}` : named.join(", ");
}

/** The names alone, each once. */
export function processNames(events: Iterable<Pick<Seen, "process_name">>): readonly string[] {
  return [...new Set([...events].map(({ process_name }) => process_name))];
}

/** `1 connection`, `2 connections`. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number} ${number === 1 ? singular : plural}`;
}

/** Microseconds for people: `350 µs`, `12 ms`, `3.1 s`. */
export function duration(microseconds: number): string {
  if (microseconds < 1000) return `${Math.round(microseconds)} µs`;
  if (microseconds < 1e6) return `${Math.round(microseconds / 1000)} ms`;
  return `${(microseconds / 1e6).toFixed(1)} s`;
}

/** `a`, `a and b`, `a, b and c`. */
export function enumerate(items: readonly string[]): string {
  return items.length < 2 ? items.join("") : `${items.slice(0, -1).join(", ")} and ${items[items.length - 1]}`;
}

/** True when a process of the candidate is named by the issue. */
export function isNamed(candidate: Candidate, evidence: Evidence): boolean {
  return candidate.processes.some((name) => namesProcess(evidence.intent, name));
}
