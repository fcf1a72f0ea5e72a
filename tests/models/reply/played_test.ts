import assert from "node:assert/strict";
import { diagnose } from "../../../src/agent/loop.ts";
import type { Hands } from "../../../src/agent/turn.ts";
import { createGateway } from "../../../src/models/gateway/mod.ts";
import { type EbpfProgram, parse, type Run, run, stringify } from "../../../src/protocol/mod.ts";
import { startWithoutPrivileges } from "../../agent/hands.ts";
import { SAMPLE_HOST } from "../../support/sample_run.ts";
import { scriptedGateway } from "../../support/scripted_gateway.ts";
import { recordedReplies, type RecordedReply } from "./recorded.ts";
import { saidIn } from "./said_in.ts";

const RESOLUTION = {
  response_type: "resolution",
  root_cause: "the evidence is insufficient",
  resolution_plan: "look again",
  confidence: "Low",
};

/** What the loop asked for, and hands that answer without touching the host. */
interface Asked {
  readonly commands: string[];
  readonly programs: EbpfProgram[];
}

function watchedHands(asked: Asked): Hands {
  return {
    startPrograms: (programs) => {
      asked.programs.push(...programs);
      return startWithoutPrivileges(programs);
    },
    runCommand: ({ id, command }) => {
      asked.commands.push(command);
      return Promise.resolve({ id, command, exit_code: 0, stdout: "seen\n", stderr: "", duration_ms: 1 });
    },
  };
}

/** The text as the model's first replies, then a good resolution: the whole diagnosis, through a real gateway. */
async function played(
  text: string | null,
  { times, max_rounds }: { readonly times: number; readonly max_rounds: number },
): Promise<{ document: Run; asked: Asked; requests: number }> {
  const good = { content: RESOLUTION };
  const steps = [...Array.from({ length: times }, () => ({ content: text })), good, good];
  await using server = scriptedGateway(steps);
  const model = createGateway({ endpoint: server.endpoint, model: "f", retries: { base_delay_ms: 1 } });
  const asked: Asked = { commands: [], programs: [] };
  const document = await diagnose({
    issue: "connections fail at random",
    host: SAMPLE_HOST,
    model,
    hands: watchedHands(asked),
    max_rounds,
    signal: AbortSignal.timeout(60_000),
  });
  // What is printed must be readable by the schema that is printed for it.
  run.parse(parse(stringify(document)));
  assert.notEqual(document.failure?.kind, "interrupted", "it hung");
  assert.equal(document.resolution === undefined, document.failure !== undefined);
  return { document, asked, requests: server.requests.length };
}

/** Nothing runs that the text does not hold, and nothing is captured that the hands did not give. */
function assertNothingInvented(text: string, { document, asked }: { document: Run; asked: Asked }): void {
  const said = saidIn(text);
  for (const command of asked.commands) assert.ok(said(command), command);
  for (const { target } of asked.programs) assert.ok(said(target), target);
  const results = document.turns.flatMap(({ command_results }) => command_results);
  for (const { command, stdout } of results) {
    assert.ok(stdout === "" || (stdout === "seen\n" && asked.commands.includes(command)), `${command}: ${stdout}`);
  }
  const traced = document.turns.flatMap(({ ebpf_results }) => Object.values(ebpf_results));
  for (const { target, events, event_count } of traced) {
    assert.ok(asked.programs.some((program) => program.target === target), target);
    assert.deepEqual([events, event_count], [[], 0]);
  }
}

function assertAsExpected(
  { expected }: RecordedReply,
  { document, requests }: { document: Run; requests: number },
): void {
  assert.equal(document.failure, undefined, document.failure?.message);
  const { turns, resolution } = document;
  if (!expected.ok) {
    // A complaint, and then the good resolution.
    assert.deepEqual([requests, turns.length, resolution?.root_cause], [2, 0, RESOLUTION.root_cause]);
  } else if (expected.reply.response_type === "diagnostic") {
    assert.equal(turns.length, 1);
    for (const note of expected.notes) assert.ok(turns[0]?.notes?.includes(note), `not in the run: ${note}`);
  } else {
    assert.equal(resolution?.root_cause, expected.reply.root_cause);
  }
}

for (const recorded of recordedReplies()) {
  Deno.test(`diagnose() ends well after a reply of kind ${recorded.kind}`, async () => {
    const { expected } = recorded;
    const is_diagnostic = expected.ok && expected.reply.response_type === "diagnostic";
    // In the last round nobody asks again for better evidence.
    const outcome = await played(recorded.text, { times: 1, max_rounds: is_diagnostic ? 3 : 1 });
    assertNothingInvented(recorded.text, outcome);
    assertAsExpected(recorded, outcome);
  });

  Deno.test(`diagnose() ends, with everything gathered, when every reply is of kind ${recorded.kind}`, async () => {
    const outcome = await played(recorded.text, { times: 8, max_rounds: 3 });
    assertNothingInvented(recorded.text, outcome);
    const { document, requests } = outcome;
    const { expected } = recorded;
    if (!expected.ok) {
      assert.equal(document.failure?.kind, "model");
      assert.ok(document.failure.message.includes(expected.problem), document.failure.message);
    }
    assert.ok(requests <= 8, `${requests} requests`);
  });
}

Deno.test("diagnose() ends well after a reply without content", async () => {
  const { document, requests } = await played(null, { times: 1, max_rounds: 1 });
  assert.equal(document.resolution?.root_cause, RESOLUTION.root_cause);
  assert.equal(requests, 2);
});
