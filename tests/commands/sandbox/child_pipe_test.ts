import assert from "node:assert/strict";
import { notePipeBroke, pipeBrokeSince, writeToChild } from "../../../src/commands/sandbox/child_pipe.ts";

Deno.test("a pipe that broke is a child's while one is written to, and once a write to one has failed", () => {
  assert.equal(pipeBrokeSince(performance.now()), false);
  {
    using _writes = writeToChild();
    assert.equal(pipeBrokeSince(performance.now()), true);
  }
  assert.equal(pipeBrokeSince(performance.now()), false);
  notePipeBroke();
  assert.equal(pipeBrokeSince(performance.now() + 5000), true); // the signal comes late where the host is busy
  assert.equal(pipeBrokeSince(performance.now() + 60_000), false);
});
