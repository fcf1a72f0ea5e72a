import assert from "node:assert/strict";
import { TerminalOperator } from "../../src/cli/operator.ts";
import { Terminal } from "../../src/cli/terminal.ts";
import { type DiagnosticReply, diagnosticReply } from "../../src/protocol/mod.ts";
import { runWithSh, startWithoutPrivileges } from "../agent/hands.ts";
import { settled, typedKeyboard } from "../support/keyboard.ts";
import { keptStream, keptWriter } from "../support/writer.ts";

const REQUEST: DiagnosticReply = diagnosticReply.parse({
  response_type: "diagnostic",
  commands: [{ id: "load", command: "cat /proc/loadavg" }, { id: "disk", command: "df" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 15 }],
});

function watching(
  options: { readonly before_turns?: boolean; readonly reads_words?: boolean; readonly idle_ms?: number } = {},
) {
  const { before_turns = false, reads_words = true, ...rest } = options;
  const keyboard = typedKeyboard();
  const { writer, stderr } = keptWriter({ stderr: keptStream({ terminal: true }), env: { NO_COLOR: "1" } });
  const interrupt = new AbortController();
  const terminal = new Terminal(writer, keyboard);
  const operator = new TerminalOperator({
    terminal,
    writer,
    signal: interrupt.signal,
    before_turns,
    reads_words,
    ...rest,
  });
  const hands = operator.steer({ runCommand: runWithSh, startPrograms: startWithoutPrivileges });
  return {
    operator,
    hands,
    interrupt,
    writer,
    shown: () => stderr.text(),
    type: async (line: string | null): Promise<void> => {
      keyboard.type(line);
      await settled();
    },
  };
}

Deno.test("TerminalOperator shows a plan with its duration, and does not wait", async () => {
  const { operator, shown } = watching();
  await using _attended = operator.attend();
  assert.deepEqual(await operator.review(REQUEST), REQUEST);
  assert.equal(
    shown(),
    "  plan: 15 s of tracing; each command has 30 s at most\n" +
      "    1 program exits: tracepoint sched/sched_process_exit for 15 s\n" +
      "    2 command load: cat /proc/loadavg\n    3 command disk: df\n",
  );
  assert.equal(await operator.heard(), undefined);
});

Deno.test("TerminalOperator takes a skip without a menu, and the command does not run", async () => {
  const { operator, hands, shown, type } = watching();
  await using _attended = operator.attend();
  await operator.review(REQUEST);
  await type("s 2 nothing");
  assert.match(shown(), /Skipped: command load\. Nothing in the plan that could be skipped is called nothing\.\n$/);
  const [load] = REQUEST.commands;
  const result = await hands.runCommand(load as { id: string; command: string }, {
    signal: new AbortController().signal,
  });
  assert.equal(result.refused?.rule, "operator/skipped");
});

Deno.test("TerminalOperator: the model is not asked while the menu is open, and gets the hints of it", async () => {
  const { operator, shown, type, writer } = watching();
  await using _attended = operator.attend();
  await operator.review(REQUEST);
  await type("");
  let heard: string | undefined | "waiting" = "waiting";
  const asking = operator.heard().then((words) => heard = words);
  writer.note("progress");
  await type("h it began with the new kernel");
  assert.equal(heard, "waiting");
  assert.ok(!shown().includes("progress"), "nothing comes between");
  await type("h and only at night");
  await type("");
  await asking;
  assert.equal(heard, "it began with the new kernel\nand only at night");
  assert.match(shown(), /> progress\n$/);
  assert.equal(await operator.heard(), undefined, "told once");
});

Deno.test("TerminalOperator with --interactive waits before a turn, without a time limit, and Enter starts it", async () => {
  const { operator, shown, type } = watching({ before_turns: true, idle_ms: 1 });
  await using _attended = operator.attend();
  let reviewed = false;
  const review = operator.review(REQUEST).then((answer) => {
    reviewed = true;
    return answer;
  });
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(reviewed, false);
  await type("s");
  assert.match(shown(), /Skipped: program exits, command load, command disk\.\n> $/);
  await type("?");
  assert.match(shown(), /3 command disk: df {2}\(skipped\)\nEnter: go on .*\n> $/);
  await type("");
  assert.deepEqual(await review, REQUEST);
});

Deno.test("TerminalOperator with --interactive takes Ctrl-D for no yes", async () => {
  const { operator, type } = watching({ before_turns: true });
  await using _attended = operator.attend();
  const review = operator.review(REQUEST);
  await type(null);
  assert.equal(await review, "stop");
});

Deno.test("TerminalOperator goes on by itself when nobody answers a menu that Enter opened", async () => {
  const { operator, type } = watching({ idle_ms: 5 });
  await using _attended = operator.attend();
  await type("");
  assert.equal(await operator.heard(), undefined);
});

Deno.test("TerminalOperator: q ends what runs, has the model conclude, and lets no further turn begin", async () => {
  const { operator, shown, type } = watching();
  await using _attended = operator.attend();
  await operator.review(REQUEST);
  await type("q");
  assert.match(shown(), /Stopping: nothing more is run, .*\n$/);
  await type("h it is the disk");
  assert.match((await operator.heard())!, /^it is the disk\nStop asking for more: .*resolution now/);
  assert.equal(await operator.review(REQUEST), "stop");
});

Deno.test("TerminalOperator: q while only the model works, or once more, does not wait for its answer", async () => {
  const { operator, shown, type } = watching();
  {
    await using _attended = operator.attend();
    await operator.review(REQUEST);
    await type("q");
    assert.equal(operator.stopping.aborted, false, "the model is asked to conclude");
    await operator.heard();
    await type("q");
    assert.equal(operator.stopping.aborted, true);
    assert.match(shown(), /Stopping: the AI is not waited for any longer\.\n$/);
    await type("h it is the disk");
    assert.equal(operator.lateHint(), undefined, "who stopped wants no further round");
  }
  await using _again = operator.attend();
  assert.equal(operator.stopping.aborted, false);
  await type("q");
  assert.equal(operator.stopping.aborted, true, "nothing was asked for yet");
});

Deno.test("TerminalOperator hands over a hint for which the answer came too soon, and says so", async () => {
  const { operator, shown, type } = watching();
  await using _attended = operator.attend();
  assert.equal(operator.lateHint(), undefined);
  await type("h look at the disk");
  assert.equal(operator.lateHint(), "look at the disk");
  assert.match(shown(), /had answered before it could be told, and is asked once more: look at the disk\n$/);
  assert.equal(operator.lateHint(), undefined, "once");
});

Deno.test("TerminalOperator says which hint was not sent, and keeps it out of the next run", async () => {
  const { operator, shown, type } = watching();
  {
    await using _attended = operator.attend();
    await type("h look at the disk");
  }
  assert.match(shown(), /The AI could not be told any more: look at the disk\n$/);
  await using _again = operator.attend();
  assert.equal(await operator.heard(), undefined);
});

Deno.test("TerminalOperator: Ctrl-C closes the menu, and so does the end of the run", async () => {
  const interrupted = watching({ before_turns: true });
  await using _attended = interrupted.operator.attend();
  const review = interrupted.operator.review(REQUEST);
  await settled();
  interrupted.interrupt.abort();
  assert.deepEqual(await review, REQUEST);

  const ended = watching();
  const attended = ended.operator.attend();
  await ended.type("");
  await attended[Symbol.asyncDispose]();
  ended.writer.note("the report");
  assert.match(ended.shown(), /> \nthe report\n$/);
});

Deno.test("TerminalOperator says what it does not understand, and that the expert reads no hints", async () => {
  const { operator, shown, type } = watching({ reads_words: false });
  await using _attended = operator.attend();
  await type("rm -rf /\x1b[2J");
  assert.match(shown(), /^Cannot understand "rm -rf \/\u{fffd}\[2J"\. Enter: go on \| s 1 2/u);
  await type("h look there");
  assert.match(shown(), /The built-in expert cannot read hints\.\n$/);
  await type("s");
  assert.match(shown(), /Nothing runs that could be skipped\.\n$/);
  await type("q");
  assert.equal(await operator.heard(), undefined);
});
