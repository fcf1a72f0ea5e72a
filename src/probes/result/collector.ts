/** The events of one program on their way into its result: kept within bounds, counted, summed up. */
import type { Aggregates, EbpfResult, TraceEvent, ValueCount } from "../../protocol/mod.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import type { Counts, Program } from "../engine/program.ts";
import { latencyFigures } from "./latency.ts";
import { type Figures, summarise } from "./summary.ts";
import { Tally, top } from "./tally.ts";

/** About 8 MB, and several times that while results are redacted and written: all programs of a request together. */
const MAX_EVENTS = 10_000;
const TOP_PROCESSES = 20;
const TOP_KEYS = 40;

type Collected = Pick<EbpfResult, Figures | "aggregates" | "summary">;

export interface CollectorOptions {
  /** Events that the result holds; the others are counted and summed up. Default 10,000. */
  readonly max_events?: number;
  /** The request's `capture`. */
  readonly capture?: readonly string[] | undefined;
}

/** What each of so many programs may keep. */
export function shareOfEvents(programs: number): number {
  return Math.floor(MAX_EVENTS / Math.max(1, programs));
}

export class Collector {
  readonly #events: TraceEvent[] = [];
  readonly #tally = new Tally();
  readonly #max_events: number;
  readonly #captured: ReadonlySet<string>;
  #emitted = 0;

  constructor(options: CollectorOptions = {}) {
    this.#captured = new Set(options.capture?.map((text) => text.replace(/:\s*\w+\s*$/, "").trim()));
    this.#max_events = options.max_events ?? MAX_EVENTS;
  }

  add(event: TraceEvent): void {
    this.#emitted++;
    this.#tally.add(event);
    if (this.#events.length < this.#max_events) this.#events.push(event);
  }

  /** What an ended program saw. */
  result({ plan, counts, filters }: Program, { duration_ns }: { readonly duration_ns: bigint }): Collected {
    const key = plan.kind === "tracepoint" ? plan.key : undefined;
    const latency = counts.histogram === undefined ? undefined : latencyFigures(counts.histogram);
    const aggregates: Aggregates = {
      by_process: byProcess(counts),
      ...(key === undefined ? {} : { by_key: { key: key.label, counts: byKey(counts, key.name) } }),
      ...this.#tally.aggregates(),
      ...(latency === undefined ? {} : { latency }),
    };
    const figures = {
      event_count: counts.hits,
      lost_events: counts.lost + counts.lost_returns,
      ...(counts.missed > 0 ? { missed_hits: counts.missed } : {}),
      ...unreturned(counts),
      sampled: counts.suppressed > 0 || this.#events.length < this.#emitted,
      events: this.#events.sort(byTime),
    };
    const summary = summarise({
      ...figures,
      sampled: counts.suppressed > 0,
      aggregates,
      event: plan.event,
      duration_s: Number(duration_ns) / 1e9,
      emitted: this.#emitted,
      pending: this.#tally.pending,
      uncounted: counts.uncounted,
      lost_returns: counts.lost_returns,
      filters,
      captured: this.#captured,
    });
    return { ...figures, aggregates, summary };
  }
}

/** What the kernel says that it skipped is told as that. */
function unreturned({ unreturned, under_way, missed }: Counts): Pick<EbpfResult, "pending_calls" | "unseen_returns"> {
  const unseen = unreturned - under_way - missed;
  return {
    ...(under_way > 0 ? { pending_calls: under_way } : {}),
    ...(unseen > 0 ? { unseen_returns: unseen } : {}),
  };
}

/** System calls come when they return; a result tells them in the order in which they began. */
function byTime(a: TraceEvent, b: TraceEvent): number {
  return a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0;
}

function byProcess({ rows }: Counts): Aggregates["by_process"] {
  const processes = new Map<string, Aggregates["by_process"][number]>();
  for (const { tgid, comm, hits } of rows) {
    const id = `${tgid} ${comm}`;
    const count = (processes.get(id)?.count ?? 0) + hits;
    const outside = isHostId(tgid) ? { host_process: true as const } : {};
    processes.set(id, { process_id: plainId(tgid), ...outside, process_name: comm, count });
  }
  return [...processes.values()]
    .sort((a, b) => b.count - a.count || a.process_id - b.process_id)
    .slice(0, TOP_PROCESSES);
}

function byKey({ rows }: Counts, name: (value: number) => string): ValueCount[] {
  const keys = new Map<string, number>();
  for (const { key, hits } of rows) keys.set(name(key), (keys.get(name(key)) ?? 0) + hits);
  return top(keys, TOP_KEYS);
}
