import assert from "node:assert/strict";
import { isBefore } from "../../../src/kernel/host/release.ts";

Deno.test("isBefore() compares versions as numbers and takes any suffix", () => {
  assert.equal(isBefore("5.4.0-150-generic", [5, 11]), true);
  assert.equal(isBefore("5.11.0", [5, 11]), false);
  assert.equal(isBefore("4.18.0-553.el8", [5, 11]), true);
  assert.equal(isBefore("6.1.0-9-amd64", [5, 11]), false);
  assert.equal(isBefore("odd", [5, 11]), false);
});
