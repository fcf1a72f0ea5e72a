import assert from "node:assert/strict";
import { histogramText } from "../../src/report/histogram.ts";
import { plain } from "../../src/report/paint.ts";

const ROWS = [
  { from_ns: 512, to_ns: 1024, count: 1 },
  { from_ns: 1024, to_ns: 2048, count: 2000 },
  { from_ns: 2048, to_ns: 4096, count: 0 },
  { from_ns: 4096, to_ns: 8192, count: 1000 },
];

Deno.test("histogramText() aligns times, counts and bars in the width", () => {
  assert.equal(
    histogramText(ROWS, { width: 48, paint: plain }),
    [
      "   512 ns – 1.02 µs      1  ▏",
      "  1.02 µs – 2.05 µs  2,000  ████████████████████",
      "  2.05 µs – 4.10 µs      0",
      "  4.10 µs – 8.19 µs  1,000  ██████████",
    ].join("\n"),
  );
});

Deno.test("histogramText() has lines of the width at most, and bars also where there is hardly room", () => {
  const longest = (width: number): number =>
    Math.max(...histogramText(ROWS, { width, paint: plain }).split("\n").map((line) => [...line].length));
  assert.equal(longest(100), 100);
  assert.equal(longest(60), 60);
  assert.ok(longest(20) < 40);
});
