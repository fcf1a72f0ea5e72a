import assert from "node:assert/strict";
import { parse, type Run, run } from "../../src/protocol/mod.ts";
import { ktriage } from "../support/cli.ts";
import { EPISODE_ID, type ScriptedGateway, scriptedGateway } from "../support/scripted_gateway.ts";
import { type OnTerminal, onTerminal } from "../support/terminal.ts";
import { until } from "../support/until.ts";

const QUESTION = "What is wrong with this host?";
const FOLLOW_UP = "A question about this? (Enter: none)";
const CTRL_C = "\x03", CTRL_D = "\x04";

function diagnostic(...commands: readonly (readonly [id: string, command: string])[]) {
  return {
    content: {
      response_type: "diagnostic",
      reasoning: "what is it doing",
      commands: commands.map(([id, command]) => ({ id, command })),
    },
  };
}

function resolution(root_cause: string) {
  return {
    content: {
      response_type: "resolution",
      root_cause,
      resolution_plan: "Do nothing.",
      confidence: "Low",
      findings: [{ claim: `the command printed "all-is-well"`, evidence: ["say"] }],
    },
  };
}

const SAY = diagnostic(["say", "echo all-is-well"]);
/** Waits for somebody to skip it, or to end it. */
const LONG = diagnostic(["say", "echo all-is-well"], ["long", "sleep 25"]);

function start(gateway: ScriptedGateway, args: readonly string[], line?: string): OnTerminal {
  const env = { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "tensorzero::function_name::f" };
  return onTerminal(["diagnose", ...args], { env, ...(line === undefined ? {} : { line }) });
}

/** All that the model was told in its request with this number. */
function told(gateway: ScriptedGateway, number: number): string {
  return gateway.requests[number]!.body.messages.map(({ content }: { content: string }) => content).join("\n");
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("on a terminal the issue is asked for, the plan runs by itself, and follow-ups keep the episode", async () => {
  await using gateway = scriptedGateway([SAY, resolution("Nothing."), resolution("Nothing at night either.")]);
  await using terminal = start(gateway, []);
  await terminal.said(QUESTION);
  await terminal.type("the shop is slow\n");
  await terminal.said(/ {2}plan: each command has 30 s at most\n {4}1 command say: echo all-is-well\n/);
  await terminal.said("Root cause\n  Nothing.\n");
  await terminal.said(FOLLOW_UP);
  await terminal.type("and at night?\n");
  await terminal.said("Root cause\n  Nothing at night either.\n");
  await terminal.said(FOLLOW_UP);
  await terminal.type("\n");
  assert.equal(await terminal.finished, 0);
  assert.equal(gateway.requests.length, 3);
  assert.match(told(gateway, 0), /the shop is slow/);
  assert.match(told(gateway, 2), /and at night\?/);
  assert.equal(gateway.requests[2]!.body["tensorzero::episode_id"], EPISODE_ID);
});

Deno.test("the menu skips what runs, and a hint is in the next question as the operator's words", async () => {
  await using gateway = scriptedGateway([LONG, resolution("Nothing.")]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said("echo all-is-well: exit 0");
  await terminal.type("\n");
  await terminal.said(/ 1 command say: .*\(done\)\n {4}2 command long: sleep 25 {2}\(running\)\n.*\n> /);
  await terminal.type("h it began with the new kernel\n");
  await terminal.said("> ");
  await terminal.type("s 2\n");
  await terminal.said("Skipped: command long.");
  await terminal.said("> ");
  await terminal.type("\n");
  await terminal.said(FOLLOW_UP);
  await terminal.type(CTRL_D);
  assert.equal(await terminal.finished, 0);
  assert.match(told(gateway, 1), /The operator says: it began with the new kernel/);
  assert.match(told(gateway, 1), /The operator ended it before it was done/);
});

Deno.test("--interactive waits before a turn; what is skipped there never runs and is told as refused", async () => {
  await inFolder(async (folder) => {
    await using gateway = scriptedGateway([LONG, resolution("Nothing.")]);
    await using terminal = start(gateway, ["-i", "--record", `${folder}/record`, "the shop is slow"]);
    await terminal.said(/2 command long: sleep 25\n.*\n> /);
    await terminal.type("s long\n");
    await terminal.said("> ");
    await terminal.type("\n");
    await terminal.said(FOLLOW_UP);
    await terminal.type("\n");
    assert.equal(await terminal.finished, 0);
    assert.match(told(gateway, 1), /"rule":"operator\/skipped","reason":"Skipped by the operator\./);
    const audit = await Deno.readTextFile(`${folder}/record/audit.jsonl`);
    assert.match(audit, /"kind":"ran","id":"say"/);
    assert.doesNotMatch(audit, /"kind":"ran","id":"long"/);
  });
});

Deno.test("q ends what runs and gives the best answer so far", async () => {
  await using gateway = scriptedGateway([LONG, SAY, resolution("Perhaps nothing.")]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said("echo all-is-well: exit 0");
  await terminal.type("q\n");
  await terminal.said("Stopping:");
  await terminal.said("Root cause\n  Perhaps nothing.\n");
  await terminal.said(FOLLOW_UP);
  await terminal.type("\n");
  assert.equal(await terminal.finished, 0);
  assert.match(told(gateway, 1), /reply with a resolution now/);
  assert.equal(gateway.requests.length, 3, "what the model asked for in spite of it is not run");
});

Deno.test("q while the model thinks does not wait for it, and what was captured is reported", async () => {
  await using gateway = scriptedGateway([SAY, { ...resolution("Too late."), delay_ms: 60_000 }]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said("Round 2 of");
  await terminal.type("q\n");
  await terminal.said("No answer\n  The operator ended the diagnosis");
  await terminal.said("all-is-well");
  await terminal.said(FOLLOW_UP);
  await terminal.type("\n");
  assert.equal(await terminal.finished, 1);
});

Deno.test("a hint while the answer is on its way is answered in one more round", async () => {
  await using gateway = scriptedGateway([
    SAY,
    { ...resolution("A guess."), delay_ms: 2_000 },
    resolution("The disk."),
  ]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said("Round 2 of");
  await terminal.type("h look at the disk\n");
  await terminal.said("had answered before it could be told, and is asked once more: look at the disk");
  await terminal.said("Root cause\n  The disk.\n");
  await terminal.said(FOLLOW_UP);
  await terminal.type("\n");
  assert.equal(await terminal.finished, 0);
  assert.match(told(gateway, 2), /look at the disk/);
});

Deno.test("an approval and the menu do not come between each other", async () => {
  await using gateway = scriptedGateway([diagnostic(["secret", "wc -c /etc/shadow"]), SAY, resolution("Nothing.")]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said("goes back to the AI)\n");
  await terminal.type("\n");
  await terminal.said("Please answer y, a or n.\n");
  await terminal.type("n look elsewhere\n");
  await terminal.said(FOLLOW_UP);
  await terminal.type("\n");
  assert.equal(await terminal.finished, 0);
  assert.match(told(gateway, 1), /The operator said no: look elsewhere/);
});

Deno.test("an answer that comes in parts is a line that grows, and leaves nothing behind", async () => {
  await using gateway = scriptedGateway([SAY, resolution("Nothing.")]);
  const env = { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: "tensorzero::function_name::f", NO_COLOR: "" };
  await using terminal = onTerminal(["diagnose", "the shop is slow"], { env });
  await terminal.said(/the model answers: [\d.]+ (bytes?|kB)(?=\r)/);
  await terminal.said("\r\x1b[K  what is it doing\n");
  await terminal.said("A question about this?");
  await terminal.type("\n");
  assert.equal(await terminal.finished, 0);
});

Deno.test("who sends ktriage to the background is not asked, and gets the report", async () => {
  const short = diagnostic(["say", "echo all-is-well"], ["wait", "sleep 4"]);
  await using gateway = scriptedGateway([short, resolution("Nothing.")]);
  // job control as of an interactive shell: Ctrl-Z, then bg
  const line = `set -m; "$@"; bg; echo in the background; wait`;
  await using terminal = start(gateway, ["the shop is slow"], line);
  await terminal.said("echo all-is-well: exit 0");
  await terminal.type("\x1a");
  await terminal.said("in the background");
  await terminal.said("Root cause\n  Nothing.\n");
  assert.equal(await terminal.finished, 0, terminal.shown());
  assert.doesNotMatch(terminal.shown(), /A question/);
});

Deno.test("nothing is asked without a terminal, in a pipe, in the background, or with --batch, --json, --quiet", async () => {
  const piped = await ktriage(["diagnose"]);
  assert.deepEqual([piped.code, piped.stdout], [2, ""]);
  assert.match(piped.stderr, /^ktriage: Cannot diagnose without an issue\./);
  for (const flag of ["--batch", "--json", "--quiet"]) {
    await using gateway = scriptedGateway([]);
    await using terminal = start(gateway, [flag]);
    assert.equal(await terminal.finished, 2);
    assert.match(terminal.shown(), /^ktriage: Cannot diagnose without an issue\./, flag);
  }
  const cases: readonly (readonly [args: readonly string[], line?: string])[] = [
    [["--batch"]],
    [[], '"$@" | cat'],
    [[], 'set -m; "$@" & wait $!'],
    [[], 'exec "$@" < /dev/null'],
  ];
  for (const [args, line] of cases) {
    await using gateway = scriptedGateway([SAY, resolution("Nothing.")]);
    await using terminal = start(gateway, [...args, "the shop is slow"], line);
    assert.equal(await terminal.finished, 0, `${line}: ${terminal.shown()}`);
    assert.match(terminal.shown(), /Root cause\n {2}Nothing\./);
    assert.doesNotMatch(terminal.shown(), /plan:|menu|A question/);
  }
});

Deno.test("--interactive is wrong usage where nobody can be asked", async () => {
  const { code, stderr } = await ktriage(["diagnose", "--interactive", "x"]);
  assert.equal(code, 2);
  assert.match(stderr, /^ktriage: Cannot use --interactive: standard input and standard error must be a terminal\./);
  const both = await ktriage(["diagnose", "-i", "--json", "x"]);
  assert.deepEqual([both.code, /--interactive with --json/.test(both.stderr)], [2, true]);
});

Deno.test("Ctrl-C in the menu closes it and ends with a report", async () => {
  await using gateway = scriptedGateway([LONG]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said("echo all-is-well: exit 0");
  await terminal.type("\n");
  await terminal.said("> ");
  await terminal.type(CTRL_C);
  await terminal.said("Ending; a report of what was seen follows.");
  await terminal.said("No answer\n");
  assert.equal(await terminal.finished, 130);
});

Deno.test("Ctrl-C at a follow-up ends with the answer that was given, and no further report", async () => {
  await using gateway = scriptedGateway([SAY, resolution("Nothing.")]);
  await using terminal = start(gateway, ["the shop is slow"]);
  await terminal.said(FOLLOW_UP);
  await terminal.type(CTRL_C);
  assert.equal(await terminal.finished, 0);
  assert.doesNotMatch(terminal.shown(), /Ending/);
});

Deno.test("the terminal is as it was, also behind a ktriage that was killed in the menu", async () => {
  for (const signal of ["SIGKILL", "SIGTERM", undefined] as const) {
    await inFolder(async (folder) => {
      await using gateway = scriptedGateway([LONG, resolution("Nothing.")]);
      const line = `stty -g > ${folder}/before; "$@"; stty -g > ${folder}/after`;
      await using terminal = start(gateway, ["--record", `${folder}/record`, "the shop is slow"], line);
      await terminal.said("echo all-is-well: exit 0");
      await terminal.type("\n");
      await terminal.said("> ");
      if (signal !== undefined) Deno.kill(processOf(`${folder}/record`), signal);
      else {
        await terminal.type("q\n");
        await terminal.said(FOLLOW_UP);
        await terminal.type("\n");
      }
      await terminal.finished;
      const [before, after] = ["before", "after"].map((name) => Deno.readTextFileSync(`${folder}/${name}`));
      assert.equal(after, before, signal);
      assert.match(before!, /^[0-9a-f]+:/);
    });
  }
});

Deno.test("a terminal that is closed ends the run like Ctrl-C, and its record is whole", async () => {
  await inFolder(async (folder) => {
    await using gateway = scriptedGateway([LONG]);
    await using terminal = start(gateway, ["--record", `${folder}/record`, "the shop is slow"]);
    await terminal.said("echo all-is-well: exit 0");
    const process_id = processOf(`${folder}/record`);
    terminal.hangUp();
    await until(`process ${process_id} has ended`, () => !isThere(process_id));
    const { failure, turns } = runOf(await Deno.readTextFile(`${folder}/record/run.json`));
    assert.deepEqual([failure?.kind, turns.length], ["interrupted", 1]);
    assert.match(await Deno.readTextFile(`${folder}/record/audit.jsonl`), /"kind":"ended"/);
  });
});

function runOf(text: string): Run {
  return run.parse(parse(text));
}

/** The process that keeps this record. */
function processOf(record: string): number {
  const [began = ""] = Deno.readTextFileSync(`${record}/audit.jsonl`).split("\n");
  return JSON.parse(began).process_id;
}

/** Of a process that is nobody's child here. */
function isThere(process_id: number): boolean {
  try {
    return Deno.statSync(`/proc/${process_id}`).isDirectory;
  } catch {
    return false;
  }
}
