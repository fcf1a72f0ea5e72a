/** What events have in common: the most common values, errors and latencies, in bounded memory. */
import type { Aggregates, TraceEvent, ValueCount } from "../../protocol/mod.ts";
import { structureLabel } from "./value_label.ts";

/** A field with more distinct values than this says nothing by its most common ones. */
const MAX_VALUES = 4096;
/** Stands for the values of such a field. */
const TOO_MANY: Map<string, number> = new Map();
const TOP = 10;
/** Latencies are kept in buckets of an eighth of a power of two: quantiles are right within 6%. */
const BUCKETS_PER_OCTAVE = 8;
/** Fields that describe one call and are no category. */
const NOT_COUNTED = new Set(["ret", "error", "latency_ns", "pending"]);

export class Tally {
  readonly #fields = new Map<string, Map<string, number>>();
  readonly #errors = new Map<string, number>();
  readonly #latency = new Map<number, number>();
  #finished = 0;
  #total_ns = 0;
  #max_ns = 0;
  #pending = 0;

  add(event: TraceEvent): void {
    const { data } = event;
    for (const name in data) {
      if (!NOT_COUNTED.has(name)) this.#addValue(name, data[name]);
    }
    const error = data["error"];
    if (typeof error === "string") bump(this.#errors, error);
    if (data["pending"] === true) this.#pending++;
    else if (typeof data["latency_ns"] === "number") this.#addLatency(data["latency_ns"]);
  }

  /** System calls that had not returned when tracing ended. */
  get pending(): number {
    return this.#pending;
  }

  aggregates(): Pick<Aggregates, "by_field" | "errors" | "latency"> {
    const by_field: Record<string, ValueCount[]> = {};
    for (const [name, values] of this.#fields) {
      if (values !== TOO_MANY) by_field[name] = top(values);
    }
    return { by_field, errors: top(this.#errors), ...this.#latencies() };
  }

  #addValue(name: string, value: unknown): void {
    const label = labelOf(value);
    if (label === undefined) return;
    let values = this.#fields.get(name);
    if (values === undefined) this.#fields.set(name, values = new Map());
    if (values === TOO_MANY) return;
    bump(values, label);
    if (values.size >= MAX_VALUES) this.#fields.set(name, TOO_MANY); // what was counted is of no use: megabytes of paths
  }

  #addLatency(ns: number): void {
    this.#finished++;
    this.#total_ns += ns;
    if (ns > this.#max_ns) this.#max_ns = ns;
    const bucket = ns < 1 ? 0 : Math.floor(Math.log2(ns) * BUCKETS_PER_OCTAVE);
    this.#latency.set(bucket, (this.#latency.get(bucket) ?? 0) + 1);
  }

  #latencies(): Pick<Aggregates, "latency"> {
    if (this.#finished === 0) return {};
    return {
      latency: {
        count: this.#finished,
        mean_ns: Math.round(this.#total_ns / this.#finished),
        p50_ns: this.#quantile(0.5),
        p99_ns: this.#quantile(0.99),
        max_ns: this.#max_ns,
      },
    };
  }

  #quantile(share: number): number {
    let left = share * this.#finished;
    for (const [bucket, count] of [...this.#latency].sort(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return Math.min(this.#max_ns, Math.round(2 ** ((bucket + 0.5) / BUCKETS_PER_OCTAVE)));
    }
    return this.#max_ns;
  }
}

/** How a value is named when it is counted; undefined for what is no category, such as an address in memory. */
function labelOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "string":
      return value.startsWith("0x") ? undefined : value;
    case "number":
    case "boolean":
      return String(value);
    case "object":
      return value === null ? undefined : labelOfObject(value);
    default:
      return undefined;
  }
}

function labelOfObject(value: object): string | undefined {
  if (!Array.isArray(value)) return structureLabel(value);
  return value.every((item) => typeof item === "string") ? value.join(" ") : undefined;
}

function bump(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The most frequent first; equal ones by name, so that the same events give the same text. */
export function top(counts: ReadonlyMap<string, number>, limit = TOP): ValueCount[] {
  return [...counts].map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || (a.value < b.value ? -1 : 1))
    .slice(0, limit);
}
