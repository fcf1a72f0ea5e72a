import assert from "node:assert/strict";
import { isWithin } from "../../../src/probes/engine/unreturned.ts";

Deno.test("isWithin() tells a frame that a thread is in from one that it has left, by its stack pointer", () => {
  const text = "34 0x0 0x0 0x0 0x0 0x0 0x0 0x7ffc00001000 0x7f10c0de0000\n";
  assert.equal(isWithin(0x7ffc_0000_1008n, text), true);
  assert.equal(isWithin(0x7ffc_0000_1000n, text), true);
  assert.equal(isWithin(0x7ffc_0000_0ff8n, text), false);
});

Deno.test("isWithin() also reads a thread that waits outside of system calls, and believes one that runs", () => {
  assert.equal(isWithin(0x8000n, "-1 0x7000 0x4000\n"), true);
  assert.equal(isWithin(0x6000n, "-1 0x7000 0x4000\n"), false);
  assert.equal(isWithin(0x6000n, "running\n"), true);
  assert.equal(isWithin(0x6000n, "-1 0x0 0x0\n"), false); // it has ended
});
