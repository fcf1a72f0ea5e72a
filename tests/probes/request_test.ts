import assert from "node:assert/strict";
import { needsReturn, type ProgramRequest, understand, type Wish } from "../../src/probes/request.ts";

function understood(request: Partial<ProgramRequest>): Wish {
  const wish = understand({ type: "kprobe", target: "vfs_read", ...request });
  if ("error" in wish) throw new Error(wish.error);
  return wish;
}

Deno.test("understand() says what is asked in one way, however the target is written", () => {
  const plain = { type: "kprobe", target: "vfs_read", asked: "kprobe:vfs_read", capture: [] };
  assert.deepEqual(understood({}), plain);
  assert.deepEqual(understood({ target: " kprobe:vfs_read " }), plain);
  assert.deepEqual(understood({ aggregate: "" }), plain);
  assert.deepEqual(understood({ filters: { pid: 12, comm: "x" }, aggregate: "count", capture: ["file"] }), {
    ...plain,
    pid: 12,
    aggregate: "count",
    capture: ["file"],
  });
});

Deno.test("understand() refuses more fields than a program reads, and says how many it does", () => {
  const capture = Array.from({ length: 9 }, (_, i) => `arg${i}`);
  assert.deepEqual(understand({ type: "kprobe", target: "vfs_read", capture }), {
    error: "Cannot capture 9 fields of kprobe:vfs_read: one program reads 8 at most.",
    hint: "Ask for two programs on the same target.",
  });
  assert.equal(understood({ capture: capture.slice(1) }).capture.length, 8);
});

Deno.test("understand() refuses an aggregate that this version does not know, with those it does", () => {
  assert.deepEqual(understand({ type: "kprobe", target: "schedule", aggregate: "stacks" }), {
    error: "Cannot aggregate kprobe:schedule by stacks: this version of ktriage does not know that.",
    hint: "It knows count and latency; without aggregate the result holds the events.",
  });
});

Deno.test("needsReturn() is true of what is known only when the function returns", () => {
  assert.equal(needsReturn(understood({})), false);
  assert.equal(needsReturn(understood({ aggregate: "count", capture: ["retries", "arg0"] })), false);
  assert.equal(needsReturn(understood({ type: "fexit" })), true);
  assert.equal(needsReturn(understood({ aggregate: "latency" })), true);
  for (const capture of ["ret", " ret:s32", "retval.x"]) {
    assert.equal(needsReturn(understood({ capture: [capture] })), true);
  }
});
