import assert from "node:assert/strict";
import { diagnose, type DiagnoseOptions } from "../../src/agent/loop.ts";
import { createGateway } from "../../src/models/gateway/mod.ts";
import { parse, results, type Run, run, stringify } from "../../src/protocol/mod.ts";
import { SAMPLE_HOST } from "../support/sample_run.ts";
import { EPISODE_ID, type ScriptedGateway, scriptedGateway, type Step } from "../support/scripted_gateway.ts";
import { runWithSh, startWithoutPrivileges, untilStopped } from "./hands.ts";

const HANDS = { startPrograms: startWithoutPrivileges, runCommand: runWithSh };

const ASK = {
  response_type: "diagnostic",
  reasoning: "who am I",
  commands: [{ id: "echo", command: "echo captured" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 10 }],
};

function conclude(evidence: readonly string[], confidence = "High"): unknown {
  const findings = [{ claim: "`captured` was printed", evidence }];
  return { response_type: "resolution", root_cause: "x", resolution_plan: ["a", "b"], confidence, findings };
}

async function played(
  script: readonly Step[],
  options: Partial<DiagnoseOptions> = {},
): Promise<{ document: Run; requests: ScriptedGateway["requests"] }> {
  await using server = scriptedGateway(script);
  const model = createGateway({ endpoint: server.endpoint, model: "f", retries: { base_delay_ms: 1 } });
  const document = await diagnose({ issue: "it is slow", host: SAMPLE_HOST, model, hands: HANDS, ...options });
  // What is printed must be readable by the schema that is printed for it.
  run.parse(parse(stringify(document)));
  return { document, requests: server.requests };
}

Deno.test("diagnose() plays both phases through a gateway, with faults on the way", async () => {
  const { document, requests } = await played([
    { status: 503, body: "{}" },
    { content: ASK, delay_ms: 20 },
    { drop: true },
    { content: conclude(["echo"]) },
  ]);
  assert.equal(document.failure, undefined);
  assert.equal(document.resolution?.resolution_plan, "a\nb");
  assert.equal(document.resolution.confidence, "High");
  assert.deepEqual(document.evidence_check?.notes, []);
  assert.deepEqual(document.usage, { input_tokens: 2, output_tokens: 2 });
  assert.equal(document.episode_id, EPISODE_ID);
  assert.equal(document.turns.length, 1);
  assert.equal(document.turns[0]?.command_results[0]?.stdout, "captured\n");

  const opening = requests[0]?.body.messages;
  assert.deepEqual(opening.map(({ role }: { role: string }) => role), ["system", "user"]);
  assert.match(opening[1].content, /it is slow/);
  assert.match(opening[1].content, /6\.1\.0-18-amd64/);
  const last = requests.at(-1)?.body;
  assert.equal(last["tensorzero::episode_id"], EPISODE_ID);
  assert.equal(last.messages[2].content, JSON.stringify(ASK));
  const sent = results.parse(parse(last.messages[3].content));
  assert.match(sent.command_results[0]?.stdout ?? "", /^«data (\w+)»\ncaptured\n«end \1»$/);
  assert.match(sent.ebpf_results["exits_1700000000"]?.error ?? "", /no privileges/);
  assert.equal(sent.rounds_left, 7);
});

Deno.test("diagnose() tells the model when it must conclude, and reports the limit with everything gathered", async () => {
  const { document, requests } = await played([{ content: ASK }, { content: ASK }, { content: ASK }], {
    max_rounds: 3,
  });
  assert.equal(document.failure?.kind, "limit");
  assert.match(document.failure.message, /No conclusion after 3 rounds/);
  assert.deepEqual(document.turns.map(({ command_results }) => command_results[0]?.id), ["echo", "echo_2"]);
  const [first, second] = [requests[1], requests[2]].map((request) =>
    results.parse(parse(request?.body.messages.at(-1).content))
  );
  assert.equal(first?.notes?.some((note) => note.includes("must be a resolution")), false);
  assert.equal(second?.rounds_left, 1);
  assert.equal(second.notes?.some((note) => note.includes("must be a resolution")), true);
});

Deno.test("diagnose() says so when the model asked for nothing", async () => {
  const { requests } = await played([{ content: { response_type: "diagnostic" } }, { content: conclude([], "Low") }]);
  assert.match(requests[1]?.body.messages.at(-1).content, /asked for no command and no eBPF program/);
});

Deno.test("diagnose() keeps what was gathered when the gateway fails later", async () => {
  const { document } = await played([{ content: ASK }, { status: 401, body: '{"error":{"message":"expired"}}' }]);
  assert.equal(document.failure?.kind, "model");
  assert.match(document.failure.message, /wants a key \(HTTP 401\): expired/);
  assert.match(document.failure.hint ?? "", /NANNYAPI_API_KEY/);
  assert.equal(document.turns.length, 1);
});

Deno.test("diagnose() interrupted in a turn keeps the turn's results and asks nobody again", async () => {
  const interrupt = new AbortController();
  const traced = untilStopped({ duration_ms: 60_000 });
  const { document, requests } = await played([{ content: ASK }], {
    signal: interrupt.signal,
    hands: { startPrograms: traced.start, runCommand: runWithSh },
    on_progress: ({ kind }) => kind === "command_ended" && interrupt.abort(),
  });
  assert.equal(requests.length, 1);
  assert.equal(document.failure?.kind, "interrupted");
  assert.equal(document.turns[0]?.command_results[0]?.stdout, "captured\n");
  assert.equal(document.turns[0]?.ebpf_results["exits_1700000000"]?.summary, "traced");
});

Deno.test("diagnose() interrupted while the model thinks ends at once", async () => {
  const interrupt = new AbortController();
  const { document } = await played([{ content: ASK, delay_ms: 60_000 }], {
    signal: interrupt.signal,
    on_progress: ({ kind }) => kind === "asking" && setTimeout(() => interrupt.abort(), 20),
  });
  assert.equal(document.failure?.kind, "interrupted");
  assert.deepEqual(document.turns, []);
});

Deno.test("diagnose() lowers a confidence that nothing captured supports", async () => {
  const { document } = await played([{ content: conclude(["echo"]) }]);
  assert.equal(document.resolution?.confidence, "Low");
  assert.equal(document.evidence_check?.given_confidence, "High");
});

Deno.test("diagnose() refuses a limit of rounds below 1", async () => {
  await assert.rejects(played([], { max_rounds: 0 }), RangeError);
});
