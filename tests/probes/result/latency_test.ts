import assert from "node:assert/strict";
import { bucketBounds, type Counts } from "../../../src/probes/engine/counts.ts";
import { latencyFigures } from "../../../src/probes/result/latency.ts";

type Figures = NonNullable<ReturnType<typeof latencyFigures>>;

/** Buckets as the kernel would have counted these latencies. */
function buckets(...latencies_ns: readonly number[]): NonNullable<Counts["histogram"]> {
  const found: NonNullable<Counts["histogram"]>[number][] = [];
  for (let i = 0; i < 496; i++) {
    const { from_ns, to_ns } = bucketBounds(i);
    const count = latencies_ns.filter((ns) => ns >= from_ns && ns < to_ns).length;
    if (count > 0) found.push({ from_ns, to_ns, count });
  }
  return found;
}

function figures(...latencies_ns: readonly number[]): Figures {
  const found = latencyFigures(buckets(...latencies_ns));
  assert.ok(found !== undefined);
  return found;
}

Deno.test("latencyFigures() are of every call, and none where there was none", () => {
  assert.equal(latencyFigures([]), undefined);
  const latencies = Array.from({ length: 1000 }, (_, i) => (i + 1) * 1000);
  const { count, mean_ns, p50_ns, p99_ns, max_ns } = figures(...latencies);
  assert.equal(count, 1000);
  assert.ok(Math.abs(mean_ns - 500_500) < 500_500 * 0.0625, `${mean_ns}`);
  for (const [share, ns] of [[0.5, p50_ns], [0.99, p99_ns], [1, max_ns]] as const) {
    const below = latencies.filter((latency) => latency < ns).length;
    assert.ok(below >= share * 1000, `${below} of 1000 under ${ns}`);
    assert.ok(ns <= share * 1_000_000 * 1.13, `${ns}`);
  }
});

Deno.test("latencyFigures()'s histogram has every call in one row, without gaps between the rows", () => {
  for (
    const latencies of [[0], [5, 7, 7], [100, 101, 3_000_000_000], [1_000, 1_100], [1, 2, 2 ** 40], [2 ** 62, 2 ** 62]]
  ) {
    const { histogram = [], count } = figures(...latencies);
    assert.equal(histogram.reduce((sum, row) => sum + row.count, 0), count);
    assert.equal(count, latencies.length);
    assert.ok(histogram.length <= 24, `${histogram.length}`);
    for (const [i, row] of histogram.entries()) {
      assert.equal(row.count, latencies.filter((ns) => ns >= row.from_ns && ns < row.to_ns).length);
      if (i > 0) assert.equal(row.from_ns, histogram[i - 1]?.to_ns);
    }
    assert.ok(histogram[0]!.count > 0 && histogram.at(-1)!.count > 0, "no empty rows at the ends");
  }
});

Deno.test("latencyFigures()'s histogram is as fine as the kernel counted, where few rows hold it all", () => {
  assert.deepEqual(figures(1000, 1000, 1030).histogram, [{ from_ns: 960, to_ns: 1024, count: 2 }, {
    from_ns: 1024,
    to_ns: 1152,
    count: 1,
  }]);
});
