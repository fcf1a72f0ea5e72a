/** Numbers that follow from evidence without standing in it: counts of what a claim names, sums, shares, times. */
import type { EbpfResult, TraceEvent } from "../../protocol/mod.ts";
import { tcpState } from "../../models/expert/fields.ts";
import type { Name } from "./atoms.ts";
import { Numbers } from "./quantities.ts";
import { addReadingShares } from "./reading.ts";
import { type Ending, endingOf, type Source } from "./source.ts";
import { addCpuTimes, addTable } from "./tables.ts";
import { addLives, addTimes, addWaits } from "./times.ts";

/** Names beyond these are not combined: every subset of them is counted. */
const MAX_NAMES = 5;
/** A call that waits for longer than this is without an answer: the kernel asks again after a second. */
const NO_ANSWER_S = 0.9;
const ENDINGS: readonly Ending[] = ["failed", "succeeded", "pending"];

export interface Derived {
  readonly numbers: Numbers;
  /** How many records show all that the claim names, and end as it says: what "more than 10" is compared with. */
  readonly closest: readonly number[];
}

/** What a claim says about how things ended; undefined when it says nothing of it. */
function endingSaid(claim: string): Ending {
  if (/\b(?:succe\w+|worked|established|accepted|got through)\b/i.test(claim)) return "succeeded";
  if (/\b(?:fail\w*|refused|errors?|denied|rejected|timed out|E[A-Z]{3,})\b/i.test(claim)) return "failed";
  return undefined;
}

/**
 * @param names what the claim names
 * @param sources the results that it may stand on
 * @param claim its words: whether things failed, and whether what is used or what is free is meant
 */
export function derive(
  names: readonly Name[],
  sources: readonly Source[],
  claim: string,
): Derived {
  const numbers = new Numbers();
  const counts = new SubsetCounts(names.filter(({ kind }) => kind !== "pid").slice(0, MAX_NAMES));
  const programs = sources.flatMap(({ program }) => program ?? []);
  for (const source of sources) {
    counts.add(source);
    if (source.program) addFigures(source.program, source.traced_s, numbers);
    else addTable(source, { names, says_used: /\b(?:used?|in use|taken|consumed|full)\b/i.test(claim) }, numbers);
  }
  counts.addTo(numbers);
  addSums(programs, numbers);
  addLives(sources, names, numbers);
  addWaits(sources, names, numbers);
  addShares(counts, numbers);
  addCpuTimes(sources, numbers);
  return { numbers, closest: counts.closest(endingSaid(claim)) };
}

/** Records by which of the names they show, and how they ended. */
class SubsetCounts {
  readonly #names: readonly Name[];
  readonly #events = new Map<number, Group>();
  readonly #lines = new Map<number, Group>();
  #traced_s = 0;
  #exact: number | undefined;

  constructor(names: readonly Name[]) {
    this.#names = names;
  }

  add({ rows, program, traced_s }: Source): void {
    this.#traced_s = Math.max(this.#traced_s, traced_s);
    if (program) this.#exact = (this.#exact ?? 0) + program.event_count;
    for (const { text, event } of rows) {
      const mask = this.#names.reduce((bits, { matches }, index) => bits | (matches(text) ? 1 << index : 0), 0);
      const ending = event === undefined ? 0 : ENDINGS.indexOf(endingOf(event)) + 1;
      const groups = event === undefined ? this.#lines : this.#events;
      const key = mask | ending << MAX_NAMES;
      let group = groups.get(key);
      if (group === undefined) {
        groups.set(
          key,
          group = {
            mask,
            ending,
            count: 0,
            waits_s: [],
            established: 0,
            ids: new Set(),
            targets: new Set(),
            times: [],
          },
        );
      }
      group.count++;
      if (event === undefined) continue;
      group.ids.add(event.process_id);
      if (isEstablished(event)) group.established++;
      if (typeof event.data.pid === "number") group.targets.add(event.data.pid);
      const latency = Number(event.data.latency_ns ?? NaN);
      if (Number.isFinite(latency)) group.times.push(latency / 1e9);
      const until_s = Number(BigInt(program?.end_time ?? 0) - BigInt(event.timestamp)) / 1e9;
      if (ending !== 1 && ending !== 2) {
        group.times.push(until_s);
        if (isCall(event)) group.waits_s.push(until_s);
      }
    }
  }

  addTo(numbers: Numbers): void {
    const subsets = 1 << this.#names.length;
    const done = new Set<string>();
    for (let subset = 0; subset < subsets; subset++) {
      numbers.add("count", select(this.#lines, subset).count);
      for (let ending = 0; ending <= ENDINGS.length; ending++) {
        // many subsets select the same events
        const selection = keysOf(this.#events, subset, ending).join();
        if (done.has(selection)) continue;
        done.add(selection);
        const { count, waits_s, established, ids, targets, times } = select(this.#events, subset, ending);
        numbers.add("count", count);
        addUnanswered(waits_s, 0, numbers);
        if (established > 0) addUnanswered(waits_s, established, numbers);
        numbers.add("count", ids.size);
        numbers.add("count", targets.size);
        if (this.#traced_s > 0) numbers.add("count", Math.round(count / this.#traced_s));
        // "every 2 seconds"
        if (count > 0 && this.#traced_s > 0) numbers.add("seconds", this.#traced_s / count);
        addTimes(times, numbers);
      }
    }
  }

  /** Shares of the records with some of the names among those with fewer of them. */
  *shares(): Iterable<number> {
    const subsets = 1 << this.#names.length;
    for (let subset = 0; subset < subsets; subset++) {
      const all = select(this.#events, subset).count;
      if (all === 0) continue;
      for (let ending = 1; ending <= ENDINGS.length; ending++) yield select(this.#events, subset, ending).count / all;
      for (let index = 0; index < this.#names.length; index++) {
        if ((subset & 1 << index) === 0) yield select(this.#events, subset | 1 << index).count / all;
      }
    }
  }

  closest(said: Ending): readonly number[] {
    if (this.#events.size === 0) return [];
    const named = (1 << this.#names.length) - 1;
    const ending = ENDINGS.indexOf(said) + 1;
    const { count } = select(this.#events, named, ending);
    // every hit was counted, also those that have no event here
    return named === 0 && ending === 0 && this.#exact !== undefined ? [this.#exact] : [count];
  }
}

interface Group {
  readonly mask: number;
  readonly ending: number;
  count: number;
  /** Of calls that have no outcome: from each to the end of tracing, in seconds. */
  readonly waits_s: number[];
  /** Connections that their socket shows as answered: a call that did not wait for it cannot. */
  established: number;
  readonly ids: Set<number>;
  /** Processes that the events are about: whom a signal was for. */
  readonly targets: Set<number>;
  readonly times: number[];
}

/** A change of a socket's state is none. */
function isCall({ data }: TraceEvent): boolean {
  return data.pending === true || typeof data.error === "string";
}

/** Of calls that did not wait for their answer, those that had none; the earliest are those that had one. */
function addUnanswered(waits_s: readonly number[], answered: number, numbers: Numbers): void {
  const left = waits_s.toSorted((a, b) => b - a).slice(answered).filter((wait_s) => wait_s >= NO_ANSWER_S);
  numbers.add("count", left.length);
  if (left[0] !== undefined) numbers.add("seconds", left[0]);
}

function isEstablished({ data }: TraceEvent): boolean {
  return tcpState(data.oldstate) === "SYN_SENT" && tcpState(data.newstate) === "ESTABLISHED";
}

function keysOf(groups: ReadonlyMap<number, Group>, subset: number, ending: number): readonly number[] {
  return [...groups].filter(([, group]) =>
    (group.mask & subset) === subset && (ending === 0 || group.ending === ending)
  )
    .map(([key]) => key);
}

/** Records that show all names of the subset; ending 0 is any. */
function select(groups: ReadonlyMap<number, Group>, subset: number, ending = 0): Omit<Group, "mask" | "ending"> {
  const found = keysOf(groups, subset, ending).flatMap((key) => groups.get(key) ?? []);
  return {
    count: found.reduce((sum, { count }) => sum + count, 0),
    waits_s: found.flatMap(({ waits_s }) => waits_s),
    established: found.reduce((sum, { established }) => sum + established, 0),
    ids: found.reduce((all, { ids }) => all.union(ids), new Set<number>()),
    targets: found.reduce((all, { targets }) => all.union(targets), new Set<number>()),
    times: found.flatMap(({ times }) => times),
  };
}

/** What a program's own figures give when they are added, subtracted and divided. */
function addFigures(
  { event_count, aggregates, reading, events }: EbpfResult,
  traced_s: number,
  numbers: Numbers,
): void {
  if (reading !== undefined) addReadingShares(reading, traced_s, numbers);
  numbers.add("count", event_count / traced_s);
  const failed = aggregates?.errors.reduce((sum, { count }) => sum + count, 0) ?? 0;
  numbers.add("count", failed);
  numbers.add("count", event_count - failed);
  const parts = [failed, ...aggregates?.errors.map(({ count }) => count) ?? []];
  const byName = new Map<string, number>();
  for (const { process_name, count } of aggregates?.by_process ?? []) {
    byName.set(process_name, (byName.get(process_name) ?? 0) + count);
    numbers.add("count", Math.round(count / traced_s));
    parts.push(count);
  }
  for (const count of byName.values()) {
    numbers.add("count", count);
    parts.push(count);
  }
  parts.push(...aggregates?.by_key?.counts.map(({ count }) => count) ?? []);
  if (event_count > 0) { for (const part of parts) numbers.add("percent", part / event_count * 100); }
  addCpuShares(events, { aggregates, traced_s }, numbers);
}

/** Of `sched_stat_runtime`: the running time of each process as a share of one CPU; hits are exact, events a sample. */
function addCpuShares(
  events: readonly TraceEvent[],
  { aggregates, traced_s }: { readonly aggregates: EbpfResult["aggregates"]; readonly traced_s: number },
  numbers: Numbers,
): void {
  const runtimes = new Map<number, number[]>();
  for (const { process_id, data } of events) {
    if (typeof data.runtime !== "number" && typeof data.runtime !== "bigint") continue;
    const own = runtimes.get(process_id) ?? [];
    own.push(Number(data.runtime));
    runtimes.set(process_id, own);
  }
  for (const [process_id, own] of runtimes) {
    const hits = aggregates?.by_process.find((row) => row.process_id === process_id)?.count ?? own.length;
    const mean_ns = own.reduce((sum, runtime) => sum + runtime, 0) / own.length;
    numbers.add("percent", hits * mean_ns / 1e9 / traced_s * 100);
  }
}

function addSums(programs: readonly EbpfResult[], numbers: Numbers): void {
  numbers.add("count", programs.reduce((sum, { event_count }) => sum + event_count, 0));
  numbers.add(
    "count",
    programs.flatMap(({ aggregates }) => aggregates?.errors ?? []).reduce((sum, { count }) => sum + count, 0),
  );
}

function addShares(counts: SubsetCounts, numbers: Numbers): void {
  for (const share of counts.shares()) numbers.add("percent", share * 100);
}
