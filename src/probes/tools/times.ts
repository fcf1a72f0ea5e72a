/** The histogram of bpf/include/times.h. */
import { LATENCY_BUCKETS } from "./layout.ts";
import type { ToolObject } from "./object.ts";
import { sumsOf } from "./reading.ts";

/** Counts by bucket, for `histogramsOf`. */
export function timesOf(object: ToolObject): number[] {
  return sumsOf(object.perCpu("times", 8 * LATENCY_BUCKETS), 0, LATENCY_BUCKETS);
}
