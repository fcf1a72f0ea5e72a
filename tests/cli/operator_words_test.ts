import assert from "node:assert/strict";
import { type OperatorWord, understand } from "../../src/cli/operator_words.ts";

Deno.test("understand() reads every word of an operator, and does nothing on what it does not know", () => {
  const cases: readonly (readonly [string, OperatorWord])[] = [
    ["", { kind: "go" }],
    ["  ", { kind: "go" }],
    ["s", { kind: "skip", which: [] }],
    ["S 1, disk,3", { kind: "skip", which: ["1", "disk", "3"] }],
    ["skip 2", { kind: "skip", which: ["2"] }],
    ["h  the disk was changed; q", { kind: "hint", text: "the disk was changed; q" }],
    ["hint x", { kind: "hint", text: "x" }],
    ["q", { kind: "stop" }],
    ["stop ", { kind: "stop" }],
    ["?", { kind: "menu" }],
    // what was meant for a shell
    ["h", { kind: "unknown", text: "h" }],
    ["ls -l", { kind: "unknown", text: "ls -l" }],
    ["q all", { kind: "unknown", text: "q all" }],
    ["sudo reboot", { kind: "unknown", text: "sudo reboot" }],
  ];
  for (const [line, word] of cases) assert.deepEqual(understand(line), word, line);
});
