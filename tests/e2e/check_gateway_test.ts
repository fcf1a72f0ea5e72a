import assert from "node:assert/strict";
import { gatewayCheck, parse } from "../../src/protocol/mod.ts";
import { makeAuthority } from "../support/certificates.ts";
import { type CliResult, ktriage } from "../support/cli.ts";
import { startProxy } from "../support/proxy.ts";
import { ANSWERED_BY, scriptedGateway, type Step } from "../support/scripted_gateway.ts";
import { tensorzeroGateway } from "../support/tensorzero.ts";

const MODEL = "tensorzero::function_name::diagnose_and_heal";
const RESOLUTION = { response_type: "resolution", root_cause: "x", resolution_plan: "y", confidence: "Low" };
const GOOD: Step = { content: RESOLUTION };

function check(endpoint: string, env: Record<string, string> = {}, ...args: readonly string[]): Promise<CliResult> {
  return ktriage(["check", "--gateway", ...args], {
    env: { NANNYAPI_ENDPOINT: endpoint, NANNYAPI_MODEL: MODEL, ...env },
  });
}

Deno.test("ktriage check --gateway tells how the gateway answers, and exits with 0", async () => {
  await using gateway = scriptedGateway([GOOD]);
  const { code, stdout, stderr } = await check(gateway.endpoint);
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^http:\S+\/chat\/completions \(OpenAI-compatible\): tensorzero::/);
  assert.match(stdout, /\n {2}yes {2}answer +a reply of the contract, in \d+\.\d s \(its first words after/);
  assert.ok(stdout.replaceAll(/\s+/g, " ").includes(ANSWERED_BY), stdout);
  assert.match(stdout, /\n {2}yes {2}streaming .*\n {2}yes {2}structured /);
  assert.match(stdout, /\nReady: this gateway can diagnose\.\n$/);
});

Deno.test("ktriage check --gateway says what is wrong and what to do, and exits with 1", async () => {
  await using gateway = scriptedGateway([{ status: 401, body: '{"error":{"message":"no key"}}' }]);
  const { code, stdout } = await check(gateway.endpoint);
  assert.equal(code, 1);
  const told = stdout.replaceAll(/\s+/g, " ");
  assert.match(
    told,
    / no answer The gateway at http:\S+ wants a key \(HTTP 401\): no key fix: Set NANNYAPI_API_KEY, or/,
  );
  assert.match(told, /Not ready: this gateway cannot diagnose\. $/);
});

Deno.test("ktriage check --gateway --json prints one document of the schema", async () => {
  await using gateway = scriptedGateway([GOOD]);
  const { code, stdout } = await check(gateway.native_endpoint, {}, "--json", "--window", "8192");
  const document = gatewayCheck.parse(parse(stdout));
  assert.deepEqual([code, document.works, document.kind, document.window_tokens], [0, true, "tensorzero", 8192]);
  const failed = await check("http://gateway.invalid:3000/openai/v1", {}, "--json");
  const { works, failure } = gatewayCheck.parse(parse(failed.stdout));
  assert.deepEqual([failed.code, works, failure?.reason], [1, false, "dns"]);
});

Deno.test("ktriage check --gateway reads the key from a file and shows exactly what leaves", async () => {
  await using gateway = scriptedGateway([GOOD]);
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, "k3y\n");
    const { code, stdout, stderr } = await check(gateway.endpoint, { NANNYAPI_API_KEY_FILE: file }, "--show-outbound");
    const { authorization, text } = gateway.requests[0]!;
    assert.deepEqual([code, authorization], [0, "Bearer k3y"]);
    assert.ok(stderr.includes(text), "the bytes of the request");
    assert.ok(!(stdout + stderr).includes("k3y"), "not the key");
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("ktriage check --gateway goes through a proxy to a gateway with a private authority", async () => {
  using authority = makeAuthority();
  await using gateway = scriptedGateway([GOOD], { tls: authority.sign("DNS:gw.example") });
  await using proxy = startProxy();
  const endpoint = `https://gw.example:${new URL(gateway.endpoint).port}/openai/v1`;
  const way = { HTTPS_PROXY: `http://${proxy.url}`, NO_PROXY: "", no_proxy: "" };
  const without = await check(endpoint, way, "--json");
  assert.equal(gatewayCheck.parse(parse(without.stdout)).failure?.reason, "tls");
  const { code, stdout } = await check(endpoint, { ...way, NANNYAPI_CA_FILE: authority.file });
  assert.equal(code, 0, stdout);
  assert.match(stdout.replaceAll(/\s+/g, " "), /Requests go through the proxy in HTTPS_PROXY, unless NO_PROXY names/);
  assert.equal(proxy.requests.length, 2);
});

Deno.test("ktriage check --gateway wants to know which gateway", async () => {
  const { code, stderr } = await ktriage(["check", "--gateway"]);
  assert.equal(code, 2);
  assert.match(stderr, /Cannot check the gateway: NANNYAPI_ENDPOINT and NANNYAPI_MODEL are not set/);
});

/** Asks the real gateway, in front of a model server that plays the steps. */
async function throughTensorzero(route: "openai" | "native", ...script: readonly Step[]): Promise<{
  readonly check: ReturnType<typeof gatewayCheck.parse>;
  readonly asked: readonly string[];
}> {
  await using model = scriptedGateway(script);
  const folder = await Deno.makeTempDir();
  try {
    const provider = ["--provider-base", model.endpoint, "--provider-model", "scripted"];
    const made = await ktriage(["gateway", "init", `${folder}/gw`, ...provider]);
    assert.equal(made.code, 0, made.stderr);
    await using gateway = await tensorzeroGateway(`${folder}/gw/tensorzero.toml`);
    const { stdout } = await check(route === "openai" ? gateway.openai : `${gateway.native}/inference`, {}, "--json");
    const asked = model.requests.map(({ body }) => body.stream === true ? "stream" : "whole");
    return { check: gatewayCheck.parse(parse(stdout)), asked };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

for (const route of ["openai", "native"] as const) {
  Deno.test(`ktriage check --gateway through the real TensorZero, ${route}: streams, and does without where it must`, async () => {
    const streamed = await throughTensorzero(route, GOOD);
    assert.deepEqual([streamed.check.works, streamed.check.streaming, streamed.asked], [true, true, ["stream"]]);
    assert.match(streamed.check.answered_by ?? "", /^tensorzero::function_name::diagnose_and_heal::variant_name::\w+$/);
    const whole = { ...GOOD, whole: true };
    const plain = await throughTensorzero(route, whole, whole);
    assert.deepEqual([plain.check.works, plain.check.streaming, plain.asked], [true, false, ["stream", "whole"]]);
  });

  Deno.test(`ktriage check --gateway through the real TensorZero, ${route}: finds the reason under its error`, async () => {
    const small = "This model's maximum context length is 512 tokens. However, you requested 600 tokens.";
    const refusal = { status: 400, body: JSON.stringify({ error: { message: small } }) };
    const { check: { failure } } = await throughTensorzero(route, refusal);
    assert.equal(failure?.reason, "context", failure?.message);
    assert.match(failure.message, /512 tokens fit/);
  });
}
