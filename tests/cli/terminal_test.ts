import assert from "node:assert/strict";
import { isInForeground } from "../../src/cli/keyboard.ts";
import { type Line, Terminal } from "../../src/cli/terminal.ts";
import { settled, typedKeyboard } from "../support/keyboard.ts";
import { keptStream, keptWriter } from "../support/writer.ts";

function onTerminal() {
  const keyboard = typedKeyboard();
  const { writer, stderr } = keptWriter({ stderr: keptStream({ terminal: true }), env: { NO_COLOR: "1" } });
  return { keyboard, writer, stderr, terminal: new Terminal(writer, keyboard) };
}

Deno.test("Terminal.talk() asks one question after the other, and keeps notes until each is answered", async () => {
  const { terminal, keyboard, writer, stderr } = onTerminal();
  const first = terminal.talk((ask) => ask("first? "));
  const second = terminal.talk((ask) => ask("second? "));
  await settled();
  writer.note("meanwhile");
  assert.equal(stderr.text(), "first? ");
  keyboard.type("one");
  assert.deepEqual(await first, { text: "one" });
  await settled();
  assert.equal(stderr.text(), "first? meanwhile\nsecond? ");
  keyboard.type("two");
  assert.deepEqual(await second, { text: "two" });
});

Deno.test("Terminal.talk() takes several lines in one talk, and a failed one lets the next take place", async () => {
  const { terminal, keyboard } = onTerminal();
  const failed = terminal.talk(async (ask) => {
    await ask("? ");
    throw new Error("broken");
  });
  const lines = terminal.talk(async (ask) => [await ask("? "), await ask("? ")]);
  for (const line of ["a", "b", null]) keyboard.type(line);
  await assert.rejects(failed, /broken/);
  assert.deepEqual(await lines, [{ text: "b" }, "ended"]);
});

Deno.test("Terminal: a withdrawn question ends at once, and what is typed then answers the next one", async () => {
  const { terminal, keyboard, stderr } = onTerminal();
  const controller = new AbortController();
  const withdrawn = terminal.talk((ask) => ask("go on? ", controller.signal));
  await settled();
  controller.abort();
  assert.equal(await withdrawn, "stopped");
  assert.equal(stderr.text(), "go on? \n", "what comes next begins its own line");
  assert.equal(await terminal.talk((ask) => ask("again? ", controller.signal)), "stopped");
  const next = terminal.talk((ask) => ask("next? "));
  await settled();
  keyboard.type("yes");
  assert.deepEqual(await next, { text: "yes" });
});

Deno.test("Terminal.listen() hands over lines that nobody asked for, until it is disposed of", async () => {
  const { terminal, keyboard } = onTerminal();
  const heard: string[] = [];
  const listening = terminal.listen((line) => heard.push(line));
  keyboard.type("one");
  await settled();
  const asked: Promise<Line> = terminal.talk((ask) => ask("? "));
  await settled();
  keyboard.type("answer");
  assert.deepEqual(await asked, { text: "answer" });
  keyboard.type("two");
  await settled();
  listening[Symbol.dispose]();
  keyboard.type("three");
  await settled();
  assert.deepEqual(heard, ["one", "two"]);
});

Deno.test("Terminal.listen() stops reading a terminal that is gone", async () => {
  const { terminal, keyboard } = onTerminal();
  const heard: string[] = [];
  terminal.listen((line) => heard.push(line));
  for (const line of [null, "after"]) keyboard.type(line);
  await settled();
  assert.deepEqual(heard, []);
});

Deno.test("isInForeground() compares the process group with the terminal's, whatever the process is called", () => {
  const stat = (group: number, terminal: number, foreground: number) =>
    `4711 (a b) c) S 4000 ${group} 4000 ${terminal} ${foreground} 4194304 0`;
  assert.equal(isInForeground(stat(4711, 34817, 4711)), true);
  assert.equal(isInForeground(stat(4711, 34817, 4000)), false);
  assert.equal(isInForeground(stat(4711, 0, -1)), true, "without a terminal of its own it is never stopped");
});
