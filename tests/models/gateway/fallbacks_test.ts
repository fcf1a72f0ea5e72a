import assert from "node:assert/strict";
import { chatChunk, scriptedGateway, type Step } from "../../support/scripted_gateway.ts";
import { ask, failureAfter, gatewayAt, RESOLUTION } from "./support.ts";

const GOOD: Step = { content: RESOLUTION };

function refusal(message: string, status = 400): Step {
  return { status, body: JSON.stringify({ error: { message } }) };
}

/** What two questions ask for, request by request: the format and the delivery. */
async function asked(...script: readonly Step[]): Promise<readonly string[]> {
  await using server = scriptedGateway([...script, GOOD]);
  const gateway = gatewayAt(server.endpoint);
  await ask(gateway);
  await ask(gateway);
  assert.equal(server.remaining.length, 0);
  return server.requests.map(({ body }) =>
    `${body.response_format?.type ?? "text"}${body.stream === true ? " stream" : ""}`
  );
}

Deno.test("createGateway() goes down from a schema to JSON to text as the gateway refuses them, and remembers it", async () => {
  assert.deepEqual(
    await asked(refusal("response_format.type: json_schema is not supported by this model"), GOOD),
    ["json_schema stream", "json_object stream", "json_object stream"],
  );
  assert.deepEqual(
    await asked(
      refusal("unknown parameter: response_format"),
      refusal("unknown parameter: response_format", 422),
      GOOD,
    ),
    ["json_schema stream", "json_object stream", "text stream", "text stream"],
  );
});

for (
  const [what, step] of [
    ["a 400 of its own", refusal("stream is not supported")],
    [
      "the 502 that TensorZero makes of it",
      refusal("All variants failed with errors: v: Streaming is not supported for p", 502),
    ],
    [
      "the 502 with the answer of a server that cannot stream",
      refusal(
        "Inference stream closed due to error from openai server: Expected content-type 'text/event-stream', got " +
          '\\"application/json\\": maximum context length is 12 tokens',
        502,
      ),
    ],
    ["an error in the stream", { pieces: ['data: {"error":{"message":"`stream` must be false"}}\n\n'] }],
  ] as const
) {
  Deno.test(`createGateway() does without streams after ${what}, and remembers it`, async () => {
    assert.deepEqual(await asked(step, GOOD), ["json_schema stream", "json_schema", "json_schema"]);
  });
}

Deno.test("createGateway() streams without a count of tokens where that is refused, as Mistral's servers do", async () => {
  const body = '{"detail":[{"loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}';
  await using server = scriptedGateway([{ status: 422, body }, GOOD]);
  await ask(gatewayAt(server.endpoint));
  assert.deepEqual(server.requests.map(({ body }) => [body.stream, "stream_options" in body]), [[true, true], [
    true,
    false,
  ]]);
});

Deno.test("createGateway() asks for nothing extra once it is refused without a reason", async () => {
  assert.deepEqual(await asked({ status: 400, body: "Bad Request" }, GOOD), ["json_schema stream", "text", "text"]);
});

Deno.test("createGateway() gives up where the plain request is refused as well", async () => {
  const failure = await failureAfter([
    refusal("no streaming"),
    refusal("no json_schema"),
    refusal("json_object?"),
    refusal("no"),
  ]);
  assert.deepEqual([failure.asked, failure.reason], [4, "request"]);
  assert.match(failure.message, /does not accept the request \(HTTP 400\): no$/);
});

Deno.test("createGateway() keeps streaming after a provider's trouble that TensorZero reports in a stream's name", async () => {
  const frame = "server: Inference stream closed due to error from openai server: ";
  await using server = scriptedGateway([
    refusal(`${frame}Invalid status code: 503 Service Unavailable: {}`, 502),
    {
      pieces: [
        `data: ${
          JSON.stringify(chatChunk({ content: "{" }))
        }\n\ndata: {"error":{"message":"${frame}SSE error; body"}}\n\n`,
      ],
    },
    GOOD,
    GOOD,
  ]);
  const gateway = gatewayAt(server.endpoint);
  await ask(gateway);
  await ask(gateway);
  // The last of three tries goes without a stream, once one has broken.
  assert.deepEqual(server.requests.map(({ body }) => body.stream === true), [true, true, false, true]);
});

Deno.test("createGateway() takes no word of an overloaded gateway for a refusal", async () => {
  await using server = scriptedGateway([
    refusal("too many concurrent streams", 429),
    refusal("upstream reset", 503),
    GOOD,
  ]);
  await ask(gatewayAt(server.endpoint));
  assert.deepEqual(server.requests.map(({ body }) => body.stream), [true, true, true]);
});

Deno.test("createGateway() tells a model whose reply was cut off to be brief, and people that it was", async () => {
  const cut = JSON.stringify(RESOLUTION).slice(0, 40);
  await using server = scriptedGateway([
    { content: cut, finish_reason: "length", usage: { input_tokens: 10, output_tokens: 5 } },
    { content: RESOLUTION, finish_reason: "length", usage: { input_tokens: 20, output_tokens: 6 } },
  ]);
  const answer = await ask(gatewayAt(server.endpoint));
  assert.match(server.requests[1]!.body.messages.at(-1).content, /limit of its length: be brief/);
  assert.deepEqual(answer.notes, ["The reply was cut off at the limit of its length."]);
  assert.deepEqual(answer.usage, { input_tokens: 30, output_tokens: 11 }, "of both");
});

Deno.test("createGateway() notes that a server has counted too few tokens to have seen the whole question", async () => {
  const usage = { input_tokens: 1024, output_tokens: 5 };
  await using server = scriptedGateway([{ content: RESOLUTION, usage }, { content: RESOLUTION, usage }]);
  const gateway = gatewayAt(server.endpoint);
  const long = { role: "user", content: "some words of a question ".repeat(2000) } as const;
  const signal = new AbortController().signal;
  const question = { issue: "x", host: undefined as never, turns: [], rounds_left: 2 };
  const { notes } = await gateway.answer({ ...question, messages: [long] }, { signal });
  assert.match(notes?.join() ?? "", /counted only 1024 tokens in a question of \d{5} characters.*num_ctx.*--window/);
  assert.equal((await ask(gateway)).notes, undefined);
});

Deno.test("createGateway() shows exactly the bytes of every request, fallbacks and retries among them", async () => {
  await using server = scriptedGateway([{ status: 503, body: "{}" }, refusal("no json_schema"), { drop: true }, GOOD]);
  const shown: string[] = [];
  await ask(gatewayAt(server.endpoint, { on_outbound: ({ body }) => shown.push(body) }));
  assert.equal(shown.length, 4);
  assert.deepEqual(shown, server.requests.map(({ text }) => text));
});

Deno.test("createGateway() does not repeat a key that a gateway repeats", async () => {
  for (
    const step of [refusal("bad key s3cret-key", 401), { body: "s3cret-key" }, {
      pieces: ['data: {"error":"s3cret-key"}\n\n'],
    }]
  ) {
    const { message, hint } = await failureAfter([step], { api_key: "s3cret-key", retries: { tries: 1 } });
    assert.doesNotMatch(message + hint, /s3cret/);
    assert.match(message, /<the key>/);
  }
});

Deno.test("createGateway() shows a model only the beginning of a long reply that it could not use", async () => {
  await using server = scriptedGateway([{ content: "x".repeat(1 << 20) }, GOOD]);
  await ask(gatewayAt(server.endpoint));
  assert.ok(server.requests[1]!.text.length < 64_000, `${server.requests[1]!.text.length}`);
});
