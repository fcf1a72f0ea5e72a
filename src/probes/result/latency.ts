/** Latencies that the kernel counted, as figures and as a histogram that a person can take in. */
import type { Aggregates, LatencyBucket } from "../../protocol/mod.ts";
import { bucketBounds, type Counts } from "../engine/counts.ts";

type Buckets = NonNullable<Counts["histogram"]>;

/** Of a histogram: more say no more. */
const MAX_ROWS = 24;

/**
 * @param buckets in ascending order
 * @returns undefined where no call was counted; quantiles and the maximum are the ends of their buckets: at least that
 * share of the calls took less
 */
export function latencyFigures(buckets: Buckets): Aggregates["latency"] {
  if (buckets.length === 0) return undefined;
  const count = buckets.reduce((sum, bucket) => sum + bucket.count, 0);
  const total_ns = buckets.reduce((sum, { from_ns, to_ns, count }) => sum + count * Number(from_ns + to_ns) / 2, 0);
  return {
    count,
    mean_ns: Math.round(total_ns / count),
    p50_ns: quantile(buckets, 0.5 * count),
    p99_ns: quantile(buckets, 0.99 * count),
    max_ns: quantile(buckets, count),
    histogram: histogramOf(buckets),
  };
}

function quantile(buckets: Buckets, calls: number): number {
  let left = calls;
  const bucket = buckets.find(({ count }) => (left -= count) <= 0);
  return Number(bucket?.to_ns ?? 0n);
}

/** From the first bucket with calls to the last, so many of them in a row that the rows are not too many. */
function histogramOf(buckets: Buckets): LatencyBucket[] {
  for (let per_row = 1;; per_row *= 2) {
    const rows = rowsOf(buckets, per_row);
    if (rows.length <= MAX_ROWS) return rows;
  }
}

function rowsOf(buckets: Buckets, per_row: number): LatencyBucket[] {
  const first = buckets[0]?.from_ns ?? 0n, end = buckets.at(-1)?.to_ns ?? 0n;
  const rows: LatencyBucket[] = [];
  for (let at = 0; bucketBounds(at).from_ns < end; at += per_row) {
    const from = bucketBounds(at).from_ns, to = bucketBounds(at + per_row).from_ns;
    if (to <= first) continue;
    const inside = buckets.filter(({ from_ns }) => from_ns >= from && from_ns < to);
    const count = inside.reduce((sum, bucket) => sum + bucket.count, 0);
    rows.push({ from_ns: Number(from), to_ns: Number(to), count });
  }
  return rows;
}
