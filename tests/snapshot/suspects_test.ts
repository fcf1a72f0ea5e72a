import assert from "node:assert/strict";
import { accused, leftOut, remaining, type Suspect, suspectsIn } from "../../src/snapshot/suspects.ts";

const NOW = new Date("2026-11-21T03:00:00Z"), LATER = new Date("2026-11-21T04:00:01Z");

Deno.test("one sudden end accuses, two in the same place have it left out for an hour", () => {
  const once = accused([], "cpu", NOW);
  assert.deepEqual(leftOut(once, NOW), []);
  assert.deepEqual(leftOut(accused(once, "memory", NOW), NOW), [], "another place");
  const twice = accused(once, "cpu", NOW);
  assert.deepEqual(leftOut(twice, NOW), ["cpu"]);
  assert.deepEqual(leftOut(twice, LATER), [], "tried again");
  assert.deepEqual(leftOut(twice, new Date("2020-01-01")), [], "a clock that was set back");
  assert.deepEqual(leftOut(accused(twice, "cpu", LATER), LATER), ["cpu"], "and out again at once");
});

Deno.test("a run that comes to its end acquits all that it did not leave out", () => {
  const suspects = accused(accused(accused([], "cpu", NOW), "cpu", NOW), "memory", NOW);
  assert.deepEqual(remaining(suspects, leftOut(suspects, NOW)).map(({ name }) => name), ["cpu"]);
  assert.deepEqual(remaining(suspects, leftOut(suspects, LATER)), []);
});

Deno.test("suspectsIn() takes only what is one", () => {
  const suspect: Suspect = { name: "cpu", times: 1, last: NOW.toISOString() };
  assert.deepEqual(suspectsIn([suspect, null, 3, {}, { ...suspect, times: "1" }]), [suspect]);
  for (const nothing of [undefined, null, "x", {}]) assert.deepEqual(suspectsIn(nothing), []);
});
