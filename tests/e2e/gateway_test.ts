import assert from "node:assert/strict";
import { jsonSchemaOf } from "../../src/protocol/schemas.ts";
import { parse, type Run, run } from "../../src/protocol/mod.ts";
import { type CliResult, ktriage, startKtriage } from "../support/cli.ts";
import { EPISODE_ID, scriptedGateway, type Step } from "../support/scripted_gateway.ts";

const MODEL = "tensorzero::function_name::diagnose_and_heal";

const DIAGNOSTIC = {
  response_type: "diagnostic",
  reasoning: "who connects where",
  commands: [{ id: "load", command: "cat /proc/loadavg", description: "is the host busy" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 1 }],
};
const RESOLUTION = {
  response_type: "resolution",
  root_cause: "Nothing is wrong.",
  resolution_plan: "Do nothing.",
  confidence: "High",
  ebpf_evidence: "no process ended badly",
  findings: [{ claim: "the load is low", evidence: ["load"] }],
};

function diagnose(endpoint: string, ...args: readonly string[]): Promise<CliResult> {
  return ktriage(["diagnose", ...args, "the shop is slow"], {
    env: { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: MODEL },
  });
}

function runOf(stdout: string): Run {
  return run.parse(parse(stdout));
}

Deno.test("ktriage diagnose talks to the gateway in the contract's two phases and carries the episode", async () => {
  await using gateway = scriptedGateway([{ content: DIAGNOSTIC, delay_ms: 200 }, { content: RESOLUTION }]);
  const { code, stdout, stderr } = await diagnose(gateway.endpoint, "--json");
  assert.equal(code, 0, stderr);
  const [first, second] = gateway.requests;
  assert.deepEqual([first!.path, first!.body.model], ["/openai/v1/chat/completions", MODEL]);
  assert.equal(first!.body["tensorzero::episode_id"], undefined);
  assert.equal(second!.body["tensorzero::episode_id"], EPISODE_ID);
  const answered = second!.body.messages.at(-1).content as string;
  assert.match(answered, /"command_results"/);
  assert.match(answered, /"exits_\d{10}"/);

  const document = runOf(stdout);
  assert.equal(document.episode_id, EPISODE_ID);
  assert.equal(document.turns.length, 1);
  assert.equal(document.turns[0]!.command_results[0]!.exit_code, 0);
  assert.equal(document.resolution?.root_cause, RESOLUTION.root_cause);
});

Deno.test("ktriage diagnose --json prints what ktriage schema run describes", async () => {
  await using gateway = scriptedGateway([{ content: DIAGNOSTIC }, { content: RESOLUTION }]);
  const [{ stdout }, printed] = await Promise.all([diagnose(gateway.endpoint, "--json"), ktriage(["schema", "run"])]);
  const schema = JSON.parse(printed.stdout);
  assert.deepEqual(schema, JSON.parse(JSON.stringify(jsonSchemaOf("run"))));
  const document = JSON.parse(stdout) as Record<string, unknown>;
  for (const name of schema.required) assert.ok(name in document, `${name} is required`);
  for (const name of Object.keys(document)) assert.ok(name in schema.properties, `${name} is described`);
});

Deno.test("ktriage diagnose prints the gateway's answer as a report", async () => {
  await using gateway = scriptedGateway([{ content: DIAGNOSTIC }, { content: RESOLUTION }]);
  const { code, stdout, stderr } = await diagnose(gateway.endpoint);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^Root cause\n {2}Nothing is wrong\.\n\nConfidence\n {2}High: 1 claim on 1 piece of captured/);
  assert.match(stdout, /1\. the load is low\n {6}load: [\d.]+ /);
  assert.match(stderr, new RegExp(`^Asking http://127\\.0\\.0\\.1:\\d+ ${MODEL}\\.\n`));
});

Deno.test("ktriage diagnose survives a gateway that fails for a moment", async () => {
  await using gateway = scriptedGateway([
    { status: 503, body: "busy" },
    { content: DIAGNOSTIC },
    { status: 500, body: "{}" },
    { content: RESOLUTION },
  ]);
  const { code, stdout, stderr } = await diagnose(gateway.endpoint, "--json");
  assert.equal(code, 0, stderr);
  assert.equal(runOf(stdout).turns.length, 1);
  assert.equal(gateway.remaining.length, 0);
});

Deno.test("ktriage diagnose tells why a gateway gave no answer, prints the run, and exits with 1", async () => {
  const html: Step = { body: "<html><title>Welcome</title></html>", headers: { "content-type": "text/html" } };
  const cases: readonly (readonly [Step, RegExp])[] = [
    [{ status: 401, body: `{"error":{"message":"no key"}}` }, /wants a key \(HTTP 401\).*no key/],
    [html, /answered with an HTML page/],
    [{ body: "ok" }, /answered with "ok", which is not a chat completion in JSON/],
  ];
  for (const [step, told] of cases) {
    await using gateway = scriptedGateway([step]);
    const { code, stdout, stderr } = await diagnose(gateway.endpoint, "--json");
    const { failure, resolution } = runOf(stdout);
    assert.deepEqual([code, failure?.kind, resolution], [1, "model", undefined], stderr);
    assert.match(failure!.message, told);
    assert.notEqual(failure!.hint ?? "", "", "what to do");
  }
});

Deno.test("ktriage diagnose tells that nothing listens where the gateway should be", async () => {
  const gateway = scriptedGateway([]);
  await gateway[Symbol.asyncDispose]();
  const { code, stdout } = await diagnose(gateway.endpoint);
  assert.equal(code, 1);
  assert.match(stdout, /^No answer\n {2}Cannot reach the gateway at http:/);
  assert.match(stdout, /connection refused/);
});

Deno.test("ktriage diagnose stops at the limit of rounds and keeps what was captured", async () => {
  const step = { content: { ...DIAGNOSTIC, ebpf_programs: [] } };
  await using gateway = scriptedGateway([step, step, step]);
  const { code, stdout } = await diagnose(gateway.endpoint, "--json", "--max-rounds", "2");
  const { failure, turns } = runOf(stdout);
  assert.deepEqual([code, failure?.kind, turns.length, gateway.requests.length], [1, "limit", 1, 2]);
});

Deno.test("ktriage diagnose does not wait for a gateway after Ctrl-C", async () => {
  await using gateway = scriptedGateway([{ content: RESOLUTION, delay_ms: 100_000 }]);
  const running = startKtriage(["diagnose", "--json", "x"], {
    env: { NANNYAPI_ENDPOINT: gateway.endpoint, NANNYAPI_MODEL: MODEL },
  });
  await running.said("Round 1");
  running.kill("SIGINT");
  const { code, stdout } = await running.finished;
  assert.deepEqual([code, runOf(stdout).failure?.kind], [1, "interrupted"]);
});
