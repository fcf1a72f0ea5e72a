import assert from "node:assert/strict";
import { checkGateway } from "../../../src/models/gateway/check.ts";
import type { GatewayOptions } from "../../../src/models/gateway/mod.ts";
import { type GatewayCheck, gatewayCheck } from "../../../src/protocol/mod.ts";
import { ANSWERED_BY, scriptedGateway, type Step } from "../../support/scripted_gateway.ts";
import { closedPort, MODEL, RESOLUTION } from "./support.ts";

async function checked(script: readonly Step[], options: Partial<GatewayOptions> = {}): Promise<GatewayCheck> {
  await using server = scriptedGateway(script);
  const check = await checkGateway({ endpoint: server.endpoint, model: MODEL, ...options });
  assert.equal(server.remaining.length, 0);
  return gatewayCheck.parse(check);
}

Deno.test("checkGateway() tells how a good gateway answers", async () => {
  const usage = { input_tokens: 90, output_tokens: 30 };
  const { latency_ms, first_text_ms, endpoint, ...rest } = await checked([{ content: RESOLUTION, usage }]);
  assert.deepEqual(rest, {
    schema: "ktriage.gateway_check/1",
    works: true,
    model: MODEL,
    kind: "openai",
    answered_by: ANSWERED_BY,
    streaming: true,
    structured_output: "schema",
    usage,
    notes: ["What fits into the model's context is not known: say so with --window or NANNYAPI_WINDOW if it is small."],
  });
  assert.match(endpoint, /\/openai\/v1\/chat\/completions$/);
  assert.ok(first_text_ms !== undefined && first_text_ms <= latency_ms);
});

Deno.test("checkGateway() tells what a gateway does not take", async () => {
  const refusals = ["no streaming", "no json_schema"].map((message) => ({
    status: 400,
    body: JSON.stringify({ error: { message } }),
  }));
  const check = await checked([...refusals, { content: RESOLUTION }], { window_tokens: 4096 });
  assert.deepEqual([check.works, check.streaming, check.structured_output], [true, false, "json"]);
  assert.deepEqual([check.window_tokens, check.notes], [4096, []]);
});

Deno.test("checkGateway() tells nothing of this host, and asks TensorZero to keep it out of its records", async () => {
  for (const kind of ["openai", "tensorzero"] as const) {
    await using server = scriptedGateway([{ content: RESOLUTION }]);
    const endpoint = kind === "openai" ? server.endpoint : server.native_endpoint;
    const { works } = await checkGateway({ endpoint, model: MODEL });
    assert.equal(works, true);
    const { body, text } = server.requests[0]!;
    assert.equal(body[kind === "openai" ? "tensorzero::dryrun" : "dryrun"], true);
    assert.ok(!text.includes(Deno.hostname()) && !text.includes(Deno.osRelease()), "neither name nor kernel");
    assert.equal((body.messages ?? body.input.messages).length, kind === "openai" ? 2 : 1);
  }
});

for (
  const [what, step, reason, message] of [
    ["a missing key", { status: 401, body: "{}" }, "key", /wants a key/],
    [
      "an unknown function",
      { status: 404, body: '{"error":{"message":"Unknown function: f"}}' },
      "model",
      /Unknown function/,
    ],
    [
      "an unknown model",
      { status: 404, body: '{"error":{"message":"The model `m` does not exist."}}' },
      "model",
      /does not know/,
    ],
    ["a wrong path", { status: 404, body: '{"detail":"Not Found"}' }, "path", /has no \/openai\/v1\/chat\/completions/],
    ["a login page", { body: "<html><title>Sign in</title></html>" }, "not_an_answer", /HTML page \("Sign in"\)/],
    [
      "a small context",
      {
        status: 400,
        body: '{"error":{"message":"This model\'s maximum context length is 512 tokens."}}',
      },
      "context",
      /512 tokens fit/,
    ],
    ["an overloaded gateway", { status: 503, body: "{}" }, "gateway", /failed \(HTTP 503\)/],
    ["another answer", { content: "Hello!" }, "reply", /not as the contract says/],
    ["an answer that is cut", { content: '{"respo', finish_reason: "length" }, "reply", /limit of its length/],
  ] as const satisfies readonly (readonly [string, Step, string, RegExp])[]
) {
  Deno.test(`checkGateway() explains ${what}, after one request`, async () => {
    const { works, failure } = await checked([step]);
    assert.deepEqual([works, failure?.reason], [false, reason]);
    assert.match(failure!.message, message);
    assert.notEqual(failure!.hint, "");
  });
}

Deno.test("checkGateway() explains a name that does not resolve, and where nothing listens", async () => {
  const dns = await checkGateway({ endpoint: "http://gateway.invalid:3000/openai/v1", model: MODEL });
  assert.equal(dns.failure?.reason, "dns");
  const refused = await checkGateway({ endpoint: `http://127.0.0.1:${closedPort()}/openai/v1`, model: MODEL });
  assert.match(refused.failure?.message ?? "", /connection refused/);
});

Deno.test("checkGateway() tells a gateway that is slow from one that cannot be reached", async () => {
  const slow = await checked([{ content: RESOLUTION, delay_ms: 60_000 }], { timeout_ms: 500 });
  assert.equal(slow.failure?.reason, "timeout");
  assert.match(slow.failure.message, /gave no answer within 0\.5 s\. Connections are taken there\.$/);
});
