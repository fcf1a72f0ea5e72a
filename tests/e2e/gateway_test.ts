import assert from "node:assert/strict";
import { jsonSchemaOf } from "../../src/protocol/schemas.ts";
import { parse, type Run, run } from "../../src/protocol/mod.ts";
import { type CliResult, ktriage, startKtriage } from "../support/cli.ts";
import {
  chatChunk,
  EPISODE_ID,
  events,
  gatewayProcess,
  scriptedGateway,
  type Step,
} from "../support/scripted_gateway.ts";

const MODEL = "tensorzero::function_name::diagnose_and_heal";

const DIAGNOSTIC = {
  response_type: "diagnostic",
  reasoning: "who connects where",
  commands: [{ id: "load", command: "cat /proc/loadavg", description: "is the host busy" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 1 }],
};
const RESOLUTION = {
  response_type: "resolution",
  root_cause: "The question was mistaken.",
  resolution_plan: "Do nothing.",
  confidence: "High",
  ebpf_evidence: "no process ended badly",
  findings: [{ claim: "the load was read", evidence: ["load"] }],
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
  assert.match(
    stdout,
    /^Root cause\n {2}The question was mistaken\.\n\nConfidence\n {2}High: 1 claim on 1 piece of captured/,
  );
  assert.match(stdout, /1\. the load was read\n {6}load: [\d.]+ /);
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
    [{ body: "ok" }, /answered with "ok", which is not a model's answer in JSON/],
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
  assert.deepEqual([code, runOf(stdout).failure?.kind], [130, "interrupted"]);
});

const ASKS_LOAD = { ...DIAGNOSTIC, ebpf_programs: [] };

Deno.test("ktriage diagnose speaks TensorZero's native /inference, by the endpoint's path", async () => {
  await using gateway = scriptedGateway([{ content: ASKS_LOAD }, { content: RESOLUTION }]);
  const { code, stdout, stderr } = await diagnose(gateway.native_endpoint, "--json");
  assert.equal(code, 0, stderr);
  const [first, second] = gateway.requests;
  assert.deepEqual([first!.path, first!.body.function_name], ["/inference", "diagnose_and_heal"]);
  assert.equal(second!.body.episode_id, EPISODE_ID);
  assert.deepEqual([runOf(stdout).episode_id, runOf(stdout).turns.length], [EPISODE_ID, 1]);
});

Deno.test("ktriage diagnose ends cleanly when the gateway is too slow, with everything that was gathered", async () => {
  await using gateway = scriptedGateway([{ content: ASKS_LOAD }, { content: RESOLUTION, delay_ms: 100_000 }]);
  const { code, stdout, stderr } = await diagnose(gateway.endpoint, "--json", "--timeout", "2");
  const { failure, turns } = runOf(stdout);
  assert.deepEqual([code, failure?.kind, turns.length], [1, "model", 1], stderr);
  assert.match(failure!.message, /gave no answer within 2 s\.$/);
});

Deno.test("ktriage diagnose goes on after a gateway that was killed in the middle of its answer", async () => {
  const whole = events([chatChunk({ content: JSON.stringify(RESOLUTION) }), chatChunk({}, "stop")]);
  await using first = await gatewayProcess([{
    pieces: [events([chatChunk({ content: "{" })])[0]!, { wait_ms: 60_000 }],
  }]);
  const { hostname, port } = new URL(first.endpoint);
  const running = startKtriage(["diagnose", "--json", "--show-outbound", "the shop is slow"], {
    env: { NANNYAPI_ENDPOINT: first.endpoint, NANNYAPI_MODEL: MODEL },
  });
  await running.said("chat/completions\n{");
  await first.kill();
  await using second = Deno.serve(
    { hostname, port: Number(port), onListen(): void {} },
    () => new Response(whole.join(""), { headers: { "content-type": "text/event-stream" } }),
  );
  const { code, stdout, stderr } = await running.finished;
  assert.equal(code, 0, stderr);
  assert.equal(runOf(stdout).resolution?.root_cause, RESOLUTION.root_cause);
  assert.equal(second.addr.port, Number(port));
});

Deno.test("ktriage diagnose takes no key on the command line, and does not show it", async () => {
  for (const flag of [["--api-key", "s3cret"], ["--key=s3cret"], ["--token", "s3cret"]]) {
    const { code, stdout, stderr } = await ktriage(["diagnose", ...flag, "slow"]);
    assert.deepEqual([code, stdout], [2, ""]);
    assert.match(stderr, /every user of this host could read the key.*\n.*NANNYAPI_API_KEY_FILE/);
    assert.doesNotMatch(stderr, /s3cret/);
  }
});

Deno.test("ktriage diagnose refuses settings of the gateway that it cannot use", async () => {
  const cases: readonly (readonly [readonly string[], Record<string, string>, RegExp])[] = [
    [["--gateway-kind", "grpc"], {}, /Cannot use "grpc" for --gateway-kind\. There are openai, tensorzero\./],
    [["--timeout", "0"], {}, /--timeout/],
    [["--window", "many"], {}, /--window/],
    [[], { NANNYAPI_WINDOW: "4k" }, /Cannot use NANNYAPI_WINDOW="4k"/],
    [["--ca", "/nonexistent.pem"], {}, /Cannot read certificate authorities from \/nonexistent\.pem/],
    [[], { NANNYAPI_API_KEY_FILE: "/nonexistent.key" }, /Cannot read the gateway's key from \/nonexistent\.key/],
  ];
  for (const [flags, variables, told] of cases) {
    const env = { NANNYAPI_ENDPOINT: "http://127.0.0.1:3000/openai/v1", NANNYAPI_MODEL: MODEL, ...variables };
    const { code, stderr } = await ktriage(["diagnose", ...flags, "slow"], { env });
    assert.equal(code, 2, stderr);
    assert.match(stderr, told);
  }
});
