import assert from "node:assert/strict";
import { readApiKey } from "../../../src/models/api_key.ts";
import { ModelError } from "../../../src/models/model.ts";
import { ANSWERED_BY, EPISODE_ID, scriptedGateway } from "../../support/scripted_gateway.ts";
import { ask, closedPort, failureAfter, failureOf, gatewayAt, MODEL, QUESTION, RESOLUTION } from "./support.ts";
import { until } from "../../support/until.ts";

Deno.test("createGateway() posts model, messages and schema to <endpoint>/chat/completions", async () => {
  await using server = scriptedGateway([{ content: RESOLUTION }]);
  const answer = await ask(gatewayAt(`${server.endpoint}/`));
  const [request] = server.requests;
  assert.equal(request?.path, "/openai/v1/chat/completions");
  assert.equal(request.authorization, null);
  assert.equal(request.body.model, MODEL);
  assert.deepEqual(request.body.messages, QUESTION.messages);
  assert.equal("tensorzero::episode_id" in request.body, false);
  assert.equal(request.body.response_format.type, "json_schema");
  assert.equal(request.body.response_format.json_schema.schema.oneOf.length, 2);
  assert.equal(answer.reply.response_type, "resolution");
  assert.equal(answer.raw, JSON.stringify(RESOLUTION));
  assert.equal(answer.episode_id, EPISODE_ID);
  assert.equal(answer.answered_by, ANSWERED_BY);
  assert.deepEqual(answer.usage, { input_tokens: 1, output_tokens: 1 });
});

Deno.test("createGateway() names the gateway by origin and model", () => {
  assert.equal(gatewayAt("http://gw:3000/openai/v1").name, `http://gw:3000 ${MODEL}`);
});

Deno.test("createGateway() sends the key and carries the episode id into the next request", async () => {
  await using server = scriptedGateway([{ content: RESOLUTION }, { content: RESOLUTION }]);
  const gateway = gatewayAt(server.endpoint, { api_key: "k3y" });
  await ask(gateway);
  await ask(gateway);
  assert.deepEqual(server.requests.map(({ authorization }) => authorization), ["Bearer k3y", "Bearer k3y"]);
  assert.equal(server.requests[1]?.body["tensorzero::episode_id"], EPISODE_ID);
});

Deno.test("createGateway() notes what it mended in a reply", async () => {
  await using server = scriptedGateway([{
    content: {
      response_type: "diagnostic",
      ebpf_programs: [{ name: "a", type: "tracepoint", target: "x/y", duration: "15s" }],
    },
  }]);
  const { reply, notes } = await ask(gatewayAt(server.endpoint));
  assert.equal(reply.response_type === "diagnostic" && reply.ebpf_programs[0]?.duration, 15);
  assert.notEqual(notes?.length ?? 0, 0);
});

for (
  const [what, content, problem] of [
    ["no content", null, /no content/],
    ["no object", "I cannot help", /no JSON object/],
    ["an object that breaks the contract", { ...RESOLUTION, confidence: "Sure" }, /- confidence: /],
  ] as const
) {
  Deno.test(`createGateway() complains to the model about ${what}, in the same episode`, async () => {
    await using server = scriptedGateway([{ content }, { content: RESOLUTION }]);
    const answer = await ask(gatewayAt(server.endpoint));
    assert.equal(answer.reply.response_type, "resolution");
    const second = server.requests[1]?.body;
    assert.equal(second["tensorzero::episode_id"], EPISODE_ID);
    assert.deepEqual(second.messages.slice(0, 2), QUESTION.messages);
    assert.equal(second.messages.length, content === null ? 3 : 4);
    assert.match(second.messages.at(-1).content, problem);
  });
}

Deno.test("createGateway() gives up after three complaints and shows the last reply", async () => {
  const no = { content: "no" };
  const failure = await failureAfter([no, no, no, { content: "still not" }]);
  assert.equal(failure.asked, 4);
  assert.equal(failure.reason, "reply");
  assert.ok(failure.message.startsWith(`${MODEL} gave no usable reply, 4 times in a row. The reply holds no JSON`));
  assert.match(
    failure.hint,
    /^Its last reply began: still not\. Check the model and the template behind NANNYAPI_MODEL/,
  );
});

for (const status of [408, 429, 500, 503]) {
  Deno.test(`createGateway() tries again after status ${status}`, async () => {
    await using server = scriptedGateway([{ status, body: "{}" }, { status, body: "{}" }, { content: RESOLUTION }]);
    assert.equal((await ask(gatewayAt(server.endpoint))).reply.response_type, "resolution");
    assert.equal(server.requests.length, 3);
  });
}

Deno.test("createGateway() tries again after a connection that broke in the middle of the answer", async () => {
  await using server = scriptedGateway([{ drop: true }, { content: RESOLUTION }]);
  assert.equal((await ask(gatewayAt(server.endpoint))).reply.response_type, "resolution");
  assert.equal(server.requests.length, 2);
});

Deno.test("createGateway() honours Retry-After", async () => {
  await using server = scriptedGateway([
    { status: 429, body: "{}", headers: { "retry-after": "1" } },
    { content: RESOLUTION },
  ]);
  const start = performance.now();
  await ask(gatewayAt(server.endpoint));
  assert.ok(performance.now() - start >= 990, "waited for less than Retry-After");
});

Deno.test("createGateway() does not wait for a Retry-After of an hour", async () => {
  const failure = await failureAfter([{ status: 429, body: "{}", headers: { "retry-after": "3600" } }]);
  assert.equal(failure.asked, 1);
  assert.match(failure.message, /has had too many requests \(HTTP 429\)/);
  assert.match(failure.hint, /asks to wait 3600 s/);
});

Deno.test("createGateway() shows a gateway's own words after three failures", async () => {
  const step = { status: 502, body: '{"error":{"message":"All variants failed: upstream said no"}}' };
  const failure = await failureAfter([step, step, step]);
  assert.equal(failure.asked, 3);
  assert.match(failure.message, /^The gateway at http:\S+ failed \(HTTP 502\): All variants failed: upstream said no$/);
  assert.match(failure.hint, /unset NANNYAPI_ENDPOINT to let the built-in expert answer/);
});

Deno.test("createGateway() explains a connection broken every time", async () => {
  const failure = await failureAfter([{ drop: true }, { drop: true }, { drop: true }]);
  assert.equal(failure.asked, 3);
  assert.match(failure.message, /the connection broke before the answer was complete/);
});

Deno.test("createGateway() explains a refused connection", async () => {
  const endpoint = `http://127.0.0.1:${closedPort()}/openai/v1`;
  const { message, hint, reason } = await failureOf(ask(gatewayAt(endpoint)));
  assert.deepEqual({ message, hint, reason }, {
    reason: "connection",
    message: `Cannot reach the gateway at ${endpoint}/chat/completions: connection refused, nothing listens there.`,
    hint: "See that the gateway runs there and that NANNYAPI_ENDPOINT names it, " +
      "or unset NANNYAPI_ENDPOINT to let the built-in expert answer.",
  });
});

Deno.test("createGateway() explains a name that does not resolve", async () => {
  const failure = await failureOf(ask(gatewayAt("http://gateway.invalid:3000/openai/v1")));
  assert.match(failure.message, /^Cannot reach the gateway at http:\S+: the name gateway\.invalid does not resolve\.$/);
  assert.match(failure.hint, /name resolution/);
});

Deno.test("createGateway() explains 401 by whether a key was sent, and does not repeat it", async () => {
  const step = { status: 401, body: '{"error":{"message":"bad key"}}' };
  const without = await failureAfter([step]);
  assert.match(without.message, /^The gateway at \S+ wants a key \(HTTP 401\): bad key$/);
  assert.match(without.hint, /^Set NANNYAPI_API_KEY, or NANNYAPI_API_KEY_FILE/);
  const withKey = await failureAfter([step], { api_key: "s3cret" });
  assert.match(withKey.message, /does not accept the key \(HTTP 401\): bad key$/);
  assert.doesNotMatch(withKey.message + withKey.hint, /s3cret/);
  assert.equal(withKey.asked, 1);
});

for (
  const [status, message, hint] of [
    [403, /wants a key \(HTTP 403\)/, /NANNYAPI_API_KEY/],
    [404, /does not know this model or function \(HTTP 404\): unknown function/, /NANNYAPI_MODEL must be/],
    [400, /does not know this model or function \(HTTP 400\): unknown function/, /NANNYAPI_MODEL must be/],
    [302, /points to http:\/\/elsewhere\/ \(HTTP 302\)/, /NANNYAPI_ENDPOINT/],
  ] as const
) {
  Deno.test(`createGateway() explains status ${status}`, async () => {
    const headers = { location: "http://elsewhere/" };
    const failure = await failureAfter([{ status, headers, body: '{"error":{"message":"unknown function"}}' }]);
    assert.match(failure.message, message);
    assert.match(failure.hint, hint);
    assert.equal(failure.asked, 1);
  });
}

for (
  const [what, body, message] of [
    ["an HTML page", "<!DOCTYPE html><html><title>Sign in</title></html>", /an HTML page \("Sign in"\), not JSON\.$/],
    ["an empty body", "", /an empty body, which is not a model's answer/],
    ["JSON of another kind", '{"ok":true}', /"\{"ok":true\}", which is not a model's answer in JSON/],
    ["no choices", '{"choices":[]}', /which is not a model's answer in JSON/],
  ] as const
) {
  Deno.test(`createGateway() explains ${what} instead of an answer`, async () => {
    const failure = await failureAfter([{ body }]);
    assert.match(failure.message, message);
    assert.match(failure.hint, /OpenAI-compatible base/);
  });
}

Deno.test("createGateway() does not wait longer than its time limit", async () => {
  const failure = await failureAfter([{ content: RESOLUTION, delay_ms: 60_000 }], { timeout_ms: 300 });
  assert.match(failure.message, /gave no answer within 0\.3 s\.$/);
  // Not tried again. On a busy host the limit may pass before the server has read even the first request.
  assert.ok(failure.asked <= 1, `asked ${failure.asked} times`);
});

Deno.test("createGateway() ends at once when its signal aborts, waiting for an answer or for the next try", async () => {
  for (const step of [{ content: RESOLUTION, delay_ms: 60_000 }, { status: 503, body: "{}" }]) {
    await using server = scriptedGateway([step]);
    const interrupt = new AbortController();
    const asking = ask(gatewayAt(server.endpoint, { retries: { base_delay_ms: 60_000 } }), {
      signal: interrupt.signal,
    });
    await until("the gateway is asked", () => server.requests.length > 0);
    interrupt.abort();
    await assert.rejects(asking, { name: "AbortError" });
  }
});

Deno.test("createGateway() refuses an endpoint that it cannot or must not use", () => {
  assert.throws(() => gatewayAt("gw:3000"), /Cannot use "gw:3000" as the gateway's endpoint: not an http or https URL/);
  assert.throws(() => gatewayAt("http://user:hunter2@gw:3000/v1"), (error: Error) => {
    assert.match(error.message, /user or password/);
    assert.doesNotMatch(error.message, /hunter2/);
    return true;
  });
});

Deno.test("readApiKey() prefers the variable to the file, and explains a file that it cannot read", () => {
  const key = (variables: Record<string, string>): string | undefined => readApiKey((name) => variables[name]);
  const file = Deno.makeTempFileSync();
  try {
    Deno.writeTextFileSync(file, "from-file\n");
    assert.equal(key({ NANNYAPI_API_KEY_FILE: file }), "from-file");
    assert.equal(key({ NANNYAPI_API_KEY: "from-variable", NANNYAPI_API_KEY_FILE: file }), "from-variable");
  } finally {
    Deno.removeSync(file);
  }
  assert.equal(key({ NANNYAPI_API_KEY: "" }), undefined);
  assert.throws(() => key({ NANNYAPI_API_KEY_FILE: file }), (error: Error) => {
    assert.ok(error instanceof ModelError);
    assert.match(error.message, /^Cannot read the gateway's key from \S+: No such file/);
    assert.match(error.hint, /NANNYAPI_API_KEY_FILE/);
    return true;
  });
});

Deno.test("readApiKey() refuses what cannot be a key, without showing it", () => {
  for (const key of ["two words", "two\nlines", "schlüssel"]) {
    assert.throws(() => readApiKey((name) => name === "NANNYAPI_API_KEY" ? key : undefined), (error: Error) => {
      assert.match(error.message, /Cannot use the gateway's key in NANNYAPI_API_KEY/);
      assert.ok(!error.message.includes(key));
      return true;
    });
  }
});
