import assert from "node:assert/strict";
import { type Change, isOn, leftOut, nextChanges } from "../../../src/snapshot/baseline/changes.ts";
import { HOUR_MS, type Moment } from "../../../src/snapshot/baseline/hours.ts";
import type { Unusual } from "../../../src/snapshot/baseline/unusual.ts";

const T0 = 1_000 * HOUR_MS;
const UNUSUAL: Unusual = {
  metric: 0,
  direction: "higher",
  level: 100,
  usual: 10,
  furthest: 12,
  limit: 20,
  hours: 800,
  same_hour: true,
};
const at = (time: number, ...values: number[]): Moment[] =>
  values.map((value, i) => ({
    time: time - (values.length - 1 - i) * 300_000,
    boot_id: "",
    values: Float32Array.of(value),
  }));
const next = (open: readonly Change[], kept: Moment[], unusual: Unusual[] = []): readonly Change[] =>
  nextChanges(open, { kept, unusual });

Deno.test("a change begins where its level began, and a pause in it does not end it", () => {
  const begun = next([], at(T0, 100, 100, 100), [UNUSUAL]);
  assert.deepEqual(begun.map(({ began, last }) => [began, last]), [[T0 - 600_000, T0]]);
  assert.equal(isOn(begun[0]!, T0), true);
  const paused = next(begun, at(T0 + 900_000, 11, 11, 11));
  assert.deepEqual(paused.map(({ outcome }) => outcome), [undefined]);
  assert.equal(isOn(paused[0]!, T0 + 900_000), false, "but it is not told meanwhile");
  const again = next(paused, at(T0 + 1_800_000, 11, 100, 100), [UNUSUAL]);
  assert.equal(again.length, 1);
  assert.equal(isOn(again[0]!, T0 + 1_800_000), true);
});

Deno.test("a change is over after an hour as before, also when its metric is gone", () => {
  const begun = next([], at(T0, 100, 100, 100), [UNUSUAL]);
  const later = T0 + HOUR_MS + 300_000;
  assert.equal(next(begun, at(later, 11, 11, 11))[0]?.outcome, "over");
  assert.equal(next(begun, at(later, NaN, NaN, NaN))[0]?.outcome, "over");
});

Deno.test("a change that lasts a day is adopted; one from a clock that went back is over", () => {
  const begun = next([], at(T0, 100, 100, 100), [UNUSUAL]);
  assert.equal(next(begun, at(T0 + 23 * HOUR_MS, 100, 100, 100))[0]?.outcome, undefined);
  assert.equal(next(begun, at(T0 + 25 * HOUR_MS, 100, 100, 100))[0]?.outcome, "adopted");
  assert.equal(next(begun, at(T0 - 10 * HOUR_MS, 100, 100, 100))[0]?.outcome, "over");
});

Deno.test("leftOut() keeps changes and the last two days out of what is usual, unless they are usual by now", () => {
  const change = (hour: number, outcome?: Change["outcome"]): Change => ({
    ...UNUSUAL,
    began: hour * HOUR_MS,
    last: (hour + 2) * HOUR_MS,
    ...(outcome === undefined ? {} : { outcome }),
  });
  const of = (...changes: Change[]) => (hour: number): boolean => leftOut(changes, { recent: 952 })(0, "higher", hour);
  assert.deepEqual([900, 951, 952].map(of()), [false, false, true]);
  assert.deepEqual([899, 900, 902, 903].map(of(change(900, "over"))), [false, true, true, false]);
  assert.deepEqual([899, 900, 930].map(of(change(900))), [false, true, true]);
  assert.deepEqual([960, 962, 963].map(of(change(960, "adopted"))), [false, false, true]);
  const thrice = of(change(900, "over"), change(910, "over"), change(920, "over"));
  assert.deepEqual([901, 911, 921].map(thrice), [false, false, false]);
  assert.equal(leftOut([change(900)], { recent: 952 })(0, "lower", 901), false, "the other direction");
  assert.equal(leftOut([change(900)], { recent: 952 })(1, "higher", 901), false, "another metric");
});
