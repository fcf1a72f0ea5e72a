import assert from "node:assert/strict";
import { fillOf, levelOf } from "../../../src/report/snapshot/scale.ts";

Deno.test("levelOf() knows upper limits, lower ones, and that a limit of nothing is passed by something", () => {
  const cases = [
    [{ value: 5 }, "plain"],
    [{ value: 89, warn: 90, crit: 97 }, "good"],
    [{ value: 90, warn: 90, crit: 97 }, "warning"],
    [{ value: 97, warn: 90, crit: 97 }, "critical"],
    [{ value: 11, warn: 10, crit: 2 }, "good"],
    [{ value: 10, warn: 10, crit: 2 }, "warning"],
    [{ value: 2, warn: 10, crit: 2 }, "critical"],
    [{ value: 0, warn: 0, crit: 10 }, "good"],
    [{ value: 0.1, warn: 0, crit: 10 }, "warning"],
  ] as const;
  for (const [figure, level] of cases) assert.equal(levelOf(figure), level, JSON.stringify(figure));
});

Deno.test("fillOf() is a share of a natural whole, or nothing", () => {
  const figure = { name: "a.b", baseline: "none" } as const;
  assert.equal(fillOf({ ...figure, value: 25, unit: "percent" }), 0.25);
  assert.equal(fillOf({ ...figure, value: 3, unit: "bytes", max: 4 }), 0.75);
  assert.equal(fillOf({ ...figure, value: 9, unit: "bytes", max: 4 }), 1);
  assert.equal(fillOf({ ...figure, value: 9, unit: "count" }), undefined);
  assert.equal(fillOf({ ...figure, value: 9, unit: "count", max: 0 }), undefined);
});
