import assert from "node:assert/strict";
import {
  chatChunk,
  EPISODE_ID,
  events,
  gatewayProcess,
  type Piece,
  scriptedGateway,
} from "../../support/scripted_gateway.ts";
import { ask, failureAfter, failureOf, gatewayAt, RESOLUTION } from "./support.ts";

const TEXT = JSON.stringify({ ...RESOLUTION, root_cause: "größer – 日本 🦀" });
const HALVES = [TEXT.slice(0, 30), TEXT.slice(30)];
const BODY = events([...HALVES.map((content) => chatChunk({ content })), chatChunk({}, "stop")]).join("");
const FIRST = BODY.slice(0, BODY.indexOf("\n\n") + 2);
/** The first event, and half of the next one. */
const HALF = BODY.slice(0, FIRST.length + 30);

/** What comes of a stream of these pieces, and the parts that were told. */
async function streamed(...pieces: readonly Piece[]): Promise<{ text: string; parts: readonly string[] }> {
  await using server = scriptedGateway([{ pieces }]);
  const parts: string[] = [];
  const { reply, raw } = await ask(gatewayAt(server.endpoint), { on_text: (part) => parts.push(part) });
  assert.equal(reply.response_type, "resolution");
  assert.equal(server.requests.length, 1);
  return { text: raw, parts };
}

Deno.test("createGateway() asks for a stream with usage and tells the text as it comes", async () => {
  await using server = scriptedGateway([{ content: RESOLUTION, usage: { input_tokens: 70, output_tokens: 9 } }]);
  const parts: string[] = [];
  const answer = await ask(gatewayAt(server.endpoint), { on_text: (part) => parts.push(part) });
  const { body } = server.requests[0]!;
  assert.deepEqual([body.stream, body.stream_options], [true, { include_usage: true }]);
  assert.equal(answer.raw, JSON.stringify(RESOLUTION));
  assert.ok(parts.length > 1, "in several parts");
  assert.equal(parts.join(""), answer.raw);
  assert.deepEqual(answer.usage, { input_tokens: 70, output_tokens: 9 });
  assert.equal(answer.episode_id, EPISODE_ID);
});

Deno.test("createGateway() reads a stream with comments, CRLF, and a content type in capitals", async () => {
  const body = `: OPENROUTER PROCESSING\n\n${BODY}`.replaceAll("\n", "\r\n");
  assert.deepEqual(await streamed(body), { text: TEXT, parts: HALVES });
});

Deno.test("createGateway() reads a stream whose bytes are cut anywhere, within characters too", async () => {
  const bytes = new TextEncoder().encode(BODY);
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += 13) pieces.push(bytes.subarray(at, at + 13));
  assert.equal((await streamed(...pieces)).text, TEXT);
});

Deno.test("createGateway() does not wait for the connection's end after [DONE]", async () => {
  const start = performance.now();
  assert.equal((await streamed(BODY, { wait_ms: 60_000 })).text, TEXT);
  assert.ok(performance.now() - start < 10_000);
});

Deno.test("createGateway() takes a stream without [DONE] as complete once the model said why it stopped", async () => {
  assert.equal((await streamed(BODY.replace("data: [DONE]\n\n", ""))).text, TEXT);
});

Deno.test("createGateway() keeps an answer whose connection breaks after the model had ended", async () => {
  assert.equal((await streamed(BODY.replace("data: [DONE]\n\n", ""), "break")).text, TEXT);
});

Deno.test("createGateway() puts a reply together from deltas of a tool call", async () => {
  const call = (args: string, more: object = {}): object =>
    chatChunk({ tool_calls: [{ index: 0, ...more, function: { arguments: args } }] });
  const chunks = [
    call("", { id: "c", type: "function" }),
    ...HALVES.map((half) => call(half)),
    chatChunk({}, "tool_calls"),
  ];
  assert.equal((await streamed(...events(chunks))).text, TEXT);
});

Deno.test("createGateway() keeps a model's thoughts out of its reply", async () => {
  const thought = chatChunk({ reasoning_content: '{"response_type":"resolution"}', content: null });
  assert.equal((await streamed(...events([thought, chatChunk({ content: TEXT }), chatChunk({}, "stop")]))).text, TEXT);
});

for (
  const [what, step] of [
    ["plain JSON", { content: TEXT, whole: true }],
    ["plain JSON that says it were a stream", {
      content: TEXT,
      whole: true,
      headers: { "content-type": "text/event-stream" },
    }],
    ["a stream that says it were JSON", { pieces: [BODY], headers: { "content-type": "application/json" } }],
  ] as const
) {
  Deno.test(`createGateway() takes ${what} where it asked for a stream`, async () => {
    await using server = scriptedGateway([step]);
    assert.equal((await ask(gatewayAt(server.endpoint))).raw, TEXT);
    assert.equal(server.requests.length, 1);
  });
}

for (
  const [what, pieces] of [
    ["ends", [HALF]],
    ["ends in the middle of an event", [BODY.slice(0, -40)]],
    ["breaks", [HALF, "break"]],
    ["breaks before its first event", [": ping\n\n", "break"]],
    ["holds half an event", ['data: {"choices":[{"delta":{"content":"\n\n', BODY]],
    ["says that the server failed", ['data: {"error":{"message":"the engine died","code":500}}\n\n']],
  ] as const satisfies readonly (readonly [string, readonly Piece[]])[]
) {
  Deno.test(`createGateway() tries again after a stream that ${what}, the last time without a stream`, async () => {
    await using server = scriptedGateway([{ pieces }, { pieces }, { content: TEXT }]);
    assert.equal((await ask(gatewayAt(server.endpoint))).raw, TEXT);
    assert.deepEqual(server.requests.map(({ body }) => body.stream === true), [true, true, false]);
  });
}

Deno.test("createGateway() explains a stream that is cut, and one that fails, every time", async () => {
  const cut = await failureAfter([{ pieces: [HALF] }, { pieces: [HALF] }, { drop: true }]);
  assert.match(cut.message, /connection broke before the answer was complete/);
  const ends = { pieces: [HALF] };
  assert.match((await failureAfter([ends], { retries: { tries: 1 } })).message, /ended its answer in the middle\.$/);
  const failing = { pieces: ['error: {"code":500,"message":"slot unavailable"}\n\n'] };
  const failed = await failureAfter([failing, failing, failing]);
  assert.match(failed.message, /failed while it answered: slot unavailable$/);
  assert.deepEqual([failed.asked, failed.reason], [3, "gateway"]);
});

Deno.test("createGateway() explains an error under the status of success, as OpenRouter sends it", async () => {
  const step = { body: '{"error":{"message":"No endpoints found","code":404}}' };
  const failure = await failureAfter([step, step, step]);
  assert.match(failure.message, /failed while it answered: No endpoints found$/);
});

Deno.test("createGateway() survives a gateway that is killed in the middle of a stream and started again", async () => {
  await using first = await gatewayProcess([{ pieces: [HALF, { wait_ms: 60_000 }] }]);
  const { hostname, port } = new URL(first.endpoint);
  const told = Promise.withResolvers<void>();
  const asking = ask(gatewayAt(first.endpoint, { retries: { tries: 8, base_delay_ms: 20 } }), {
    on_text: () => told.resolve(),
  });
  await told.promise;
  await first.kill();
  const second = Deno.serve(
    { hostname, port: Number(port), onListen(): void {} },
    () => new Response(BODY, { headers: { "content-type": "text/event-stream" } }),
  );
  assert.equal((await asking).raw, TEXT);
  await second.shutdown();
});

Deno.test("createGateway() explains a gateway that is killed in the middle of a stream and stays away", async () => {
  await using gateway = await gatewayProcess([{ pieces: [HALF, { wait_ms: 60_000 }] }]);
  const told = Promise.withResolvers<void>();
  const asking = failureOf(ask(gatewayAt(gateway.endpoint), { on_text: () => told.resolve() }));
  await told.promise;
  await gateway.kill();
  assert.match((await asking).message, /connection refused, nothing listens there/);
});

Deno.test("createGateway() bounds silence within an answer, but neither its beginning nor a slow stream", async () => {
  const limits = { timeout_ms: 30_000, silence_ms: 400, retries: { tries: 1 } };
  const slow: Piece[] = [FIRST, ...comments(8, 150), BODY.slice(FIRST.length)];
  await using server = scriptedGateway([{ pieces: slow, delay_ms: 1000 }]);
  assert.equal((await ask(gatewayAt(server.endpoint, limits))).raw, TEXT);
  const failure = await failureAfter([{ pieces: [BODY.slice(0, 100), { wait_ms: 60_000 }] }], limits);
  assert.match(failure.message, /fell silent in the middle of its answer, for 0\.4 s\.$/);
  assert.equal(failure.reason, "timeout");
});

Deno.test("createGateway() bounds the whole answer, also one that never stops talking", async () => {
  const pieces = comments(400, 50);
  const failure = await failureAfter([{ pieces }], { timeout_ms: 700 });
  assert.match(failure.message, /gave no answer within 0\.7 s\.$/);
  assert.match(failure.hint, /--timeout/);
  assert.equal(failure.asked, 1);
});

Deno.test("createGateway() ends at once in the middle of a stream when its signal aborts", async () => {
  await using server = scriptedGateway([{ pieces: [HALF, { wait_ms: 60_000 }] }]);
  const interrupt = new AbortController();
  const asking = ask(gatewayAt(server.endpoint), { signal: interrupt.signal, on_text: () => interrupt.abort() });
  await assert.rejects(asking, { name: "AbortError" });
});

/** Keep-alive comments, with a pause before each. */
function comments(number: number, wait_ms: number): readonly Piece[] {
  return Array.from({ length: number }, () => [{ wait_ms }, ": keep-alive\n\n"]).flat();
}
