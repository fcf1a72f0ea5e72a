import assert from "node:assert/strict";
import { chooseWire } from "../../../src/models/gateway/choose_wire.ts";
import { ANSWERED_BY, EPISODE_ID, scriptedGateway, type Step } from "../../support/scripted_gateway.ts";
import { ask, failureOf, gatewayAt, QUESTION, RESOLUTION } from "./support.ts";

const TEXT = JSON.stringify(RESOLUTION);

function gateway(endpoint: string, model = "tensorzero::function_name::f"): ReturnType<typeof gatewayAt> {
  return gatewayAt(endpoint, { model });
}

Deno.test("chooseWire() goes by the endpoint's path, unless the kind is given", () => {
  const wire = (endpoint: string, kind?: "openai" | "tensorzero"): string => {
    const { kind: chosen, url } = chooseWire({ endpoint, model: "m", kind });
    return `${chosen} ${url}`;
  };
  assert.equal(wire("http://gw:3000/openai/v1"), "openai http://gw:3000/openai/v1/chat/completions");
  assert.equal(wire("http://gw:3000/v1/chat/completions/"), "openai http://gw:3000/v1/chat/completions");
  assert.equal(wire("http://gw:3000/inference"), "tensorzero http://gw:3000/inference");
  assert.equal(wire("http://gw:3000/prefix/inference/"), "tensorzero http://gw:3000/prefix/inference");
  assert.equal(wire("http://gw:3000", "tensorzero"), "tensorzero http://gw:3000/inference");
  assert.equal(wire("http://gw:3000/openai/v1", "tensorzero"), "tensorzero http://gw:3000/inference");
  assert.equal(wire("http://gw:3000/inference", "openai"), "openai http://gw:3000/inference/chat/completions");
});

for (const whole of [false, true]) {
  Deno.test(`createGateway() speaks TensorZero's /inference, ${whole ? "whole" : "streamed"}`, async () => {
    const step: Step = { content: RESOLUTION, whole, usage: { input_tokens: 12, output_tokens: 3 } };
    await using server = scriptedGateway([step, step]);
    const model = gateway(server.native_endpoint);
    const parts: string[] = [];
    const answer = await ask(model, { on_text: (part) => parts.push(part) });
    await ask(model);
    const [first, second] = server.requests;
    assert.deepEqual([first!.path, first!.body.function_name, first!.body.stream], ["/inference", "f", true]);
    assert.deepEqual(first!.body.input, { system: "s", messages: [{ role: "user", content: "u" }] });
    assert.equal(first!.body.output_schema.oneOf.length, 2);
    const known = ["function_name", "input", "episode_id", "output_schema", "stream"];
    assert.deepEqual(Object.keys(second!.body).filter((key) => !known.includes(key)), [], "unknown keys are errors");
    assert.deepEqual([first!.body.episode_id, second!.body.episode_id], [undefined, EPISODE_ID]);
    assert.deepEqual([answer.raw, answer.episode_id, answer.answered_by], [TEXT, EPISODE_ID, ANSWERED_BY]);
    assert.deepEqual(answer.usage, { input_tokens: 12, output_tokens: 3 });
    assert.equal(parts.join(""), whole ? "" : TEXT);
  });
}

Deno.test("createGateway() names function, variant and model for /inference as the model's name says", () => {
  const wire = (model: string): object => {
    const { function_name, variant_name, model_name } = chooseWire({ endpoint: "http://gw/inference", model })
      .request({ messages: [], format: "text", delivery: "whole" }) as Record<string, unknown>;
    return { function_name, variant_name, model_name };
  };
  const none = { function_name: undefined, variant_name: undefined, model_name: undefined };
  assert.deepEqual(wire("f"), { ...none, function_name: "f" });
  assert.deepEqual(wire("tensorzero::function_name::f::variant_name::v"), {
    ...none,
    function_name: "f",
    variant_name: "v",
  });
  assert.deepEqual(wire("tensorzero::model_name::openai::gpt-4o"), { ...none, model_name: "openai::gpt-4o" });
});

Deno.test("createGateway() sends /inference only episodes that it would take", async () => {
  const sent = async (episode_id: string): Promise<unknown> => {
    await using server = scriptedGateway([{ content: RESOLUTION }]);
    const signal = new AbortController().signal;
    await gateway(server.native_endpoint).answer({ ...QUESTION, episode_id }, { signal });
    return server.requests[0]!.body.episode_id;
  };
  assert.equal(await sent(EPISODE_ID), EPISODE_ID);
  assert.equal(await sent(crypto.randomUUID()), undefined, "a UUIDv4");
});

for (
  const [what, body] of [
    ["a json function whose text does not match its schema", { output: { raw: TEXT, parsed: null } }],
    ["a json function that gives only the parsed object", { output: { raw: null, parsed: RESOLUTION } }],
    ["a chat function", { content: [{ type: "thought", text: "hm" }, { type: "text", text: TEXT }] }],
    ["a chat function that calls a tool", {
      content: [{ type: "tool_call", name: "r", raw_arguments: TEXT, id: "1" }],
    }],
  ] as const
) {
  Deno.test(`createGateway() reads ${what}`, async () => {
    await using server = scriptedGateway([{ body: JSON.stringify({ episode_id: EPISODE_ID, ...body }) }]);
    assert.equal((await ask(gateway(server.native_endpoint))).raw, TEXT);
  });
}

Deno.test("createGateway() shows the error of /inference, and does without a schema for functions that take none", async () => {
  await using server = scriptedGateway([
    { status: 400, body: '{"error":"output_schema is not allowed for chat functions"}' },
    { status: 404, body: '{"error":"Unknown function: f"}' },
  ]);
  const { message, reason } = await failureOf(ask(gateway(server.native_endpoint)));
  assert.match(message, /\/inference does not know this model or function \(HTTP 404\): Unknown function: f$/);
  assert.equal(reason, "model");
  assert.deepEqual(server.requests.map(({ body }) => "output_schema" in body), [true, false]);
});
