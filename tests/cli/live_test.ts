import assert from "node:assert/strict";
import { liveProgress } from "../../src/cli/live.ts";
import { keptStream, keptWriter } from "../support/writer.ts";

Deno.test("liveProgress() shows an answer that comes in parts as one line of a terminal, and takes it away", () => {
  const { writer, stderr } = keptWriter({ stderr: keptStream({ terminal: true }), env: { TERM: "xterm" } });
  const show = liveProgress(writer);
  show({ kind: "text", part: "ä".repeat(600) });
  for (let part = 0; part < 100; part++) show({ kind: "text", part: "x" });
  show({ kind: "asking", round: 2, max_rounds: 8 });
  show({ kind: "text", part: "x" });
  assert.equal(
    stderr.text(),
    "  the model answers: 1.2 kB\r\x1b[K\x1b[1mRound 2 of at most 8\x1b[22m\n  the model answers: 1 byte",
  );
});

Deno.test("liveProgress() prints plain lines elsewhere, and nothing of an answer's parts", () => {
  const { writer, stderr } = keptWriter();
  const show = liveProgress(writer);
  show({ kind: "text", part: "x" });
  show({ kind: "asking", round: 1, max_rounds: 8 });
  assert.equal(stderr.text(), "Round 1 of at most 8\n");
});
