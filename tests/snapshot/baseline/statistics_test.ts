import assert from "node:assert/strict";
import { median, spread, tailThreshold } from "../../../src/snapshot/baseline/statistics.ts";
import { random } from "./series.ts";

Deno.test("median() and spread() are not moved by a few wild values", () => {
  const { normal } = random(1);
  const values = Float64Array.from({ length: 2001 }, (_, i) => i % 10 === 0 ? 1e9 : 50 + 2 * normal());
  assert.ok(Math.abs(median(values) - 50) < 0.5);
  assert.ok(Math.abs(spread(values, median(values)) - 2) < 0.5);
  assert.ok(Number.isNaN(median(new Float64Array())));
});

Deno.test("tailThreshold() is exceeded as seldom as asked for, by exponential values", () => {
  const { uniform } = random(2);
  const draw = (): number => -Math.log(1 - uniform());
  const threshold = tailThreshold(Float64Array.from({ length: 2000 }, draw), { chance: 1e-4, least: 0.1 });
  const beyond = Array.from({ length: 1_000_000 }, draw).filter((value) => value > threshold).length;
  // 100 are asked for; the fit is widened by its own error, a tenth of the excess: about half of that are left
  assert.ok(beyond > 5 && beyond < 130, `${beyond} of a million`);
});

Deno.test("tailThreshold() of a past that never moved still leaves room", () => {
  assert.ok(tailThreshold(new Float64Array(500), { chance: 1e-6, least: 0.4 }) > 3);
});
