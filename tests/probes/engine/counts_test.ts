import assert from "node:assert/strict";
import { bucketBounds } from "../../../src/probes/engine/counts.ts";
import { LATENCY_BUCKETS } from "../../../src/probes/engine/layout.ts";

/** bucket_of() of bpf/include/session.h. */
function bucketOf(ns: bigint): number {
  const highest = BigInt((ns | 8n).toString(2).length - 1);
  return Number(8n * (highest - 3n) + (ns >> (highest - 3n)));
}

Deno.test("bucketBounds() are those of the bucket that the kernel counts a latency in", () => {
  for (const ns of [0n, 1n, 7n, 15n, 16n, 17n, 31n, 32n, 1000n, 123_456_789n, 1n << 40n, (1n << 64n) - 1n]) {
    const { from_ns, to_ns } = bucketBounds(bucketOf(ns));
    assert.ok(from_ns <= ns && ns < to_ns, `${ns} is not in ${from_ns}…${to_ns}`);
  }
});

Deno.test("bucketBounds() cover all latencies without gap or overlap, each an eighth of its power of two at most", () => {
  let end = 0n;
  for (let bucket = 0; bucket < LATENCY_BUCKETS; bucket++) {
    const { from_ns, to_ns } = bucketBounds(bucket);
    assert.equal(from_ns, end);
    assert.ok(to_ns - from_ns === 1n || to_ns - from_ns <= from_ns / 8n);
    end = to_ns;
  }
  assert.equal(end, 1n << 64n);
});
