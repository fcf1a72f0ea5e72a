import assert from "node:assert/strict";
import { feedbackUrl, sendFeedback } from "../../src/models/feedback.ts";
import { ModelError } from "../../src/models/model.ts";
import { EPISODE_ID, scriptedGateway } from "../support/scripted_gateway.ts";

Deno.test("feedbackUrl() is beside the routes that answers come from", () => {
  for (
    const [endpoint, url] of [
      ["http://gw:3000/openai/v1", "http://gw:3000/feedback"],
      ["http://gw:3000/openai/v1/", "http://gw:3000/feedback"],
      ["http://gw:3000/openai/v1/chat/completions", "http://gw:3000/feedback"],
      ["http://gw:3000/inference", "http://gw:3000/feedback"],
      ["http://gw:3000", "http://gw:3000/feedback"],
      ["https://gw/tensorzero/openai/v1", "https://gw/tensorzero/feedback"],
    ] as const
  ) {
    assert.equal(feedbackUrl(endpoint).href, url);
  }
});

Deno.test("sendFeedback() posts a metric of an episode with the key, and a comment without its secrets", async () => {
  const answered = { body: `{"feedback_id":"01934567-89ab-7cde-8f01-000000000002"}` };
  await using gateway = scriptedGateway([answered, answered]);
  const to = { endpoint: gateway.endpoint, episode_id: EPISODE_ID, api_key: "k1" };
  assert.deepEqual(await sendFeedback({ metric: "solved", value: true }, to), { kind: "kept" });
  await sendFeedback({ metric: "comment", value: "it was PGPASSWORD=Xk9vQ2mZ7rT4wLp8" }, to);
  assert.deepEqual(gateway.requests.map(({ path, authorization, body }) => ({ path, authorization, body })), [
    {
      path: "/feedback",
      authorization: "Bearer k1",
      body: { metric_name: "solved", value: true, episode_id: EPISODE_ID },
    },
    {
      path: "/feedback",
      authorization: "Bearer k1",
      body: { metric_name: "comment", value: "it was PGPASSWORD=<secret:1>", episode_id: EPISODE_ID },
    },
  ]);
});

Deno.test("sendFeedback() tells a metric that the gateway does not have from a gateway that refuses", async () => {
  await using gateway = scriptedGateway([
    { status: 404, body: `{"error":"Unknown metric: solved"}` },
    { status: 401, body: `{"error":"TensorZero authentication error"}` },
  ]);
  const send = async (): Promise<ModelError> => {
    const outcome = await sendFeedback({ metric: "solved", value: false }, {
      endpoint: gateway.endpoint,
      episode_id: EPISODE_ID,
    });
    assert.ok(outcome.kind === "refused");
    assert.ok(outcome.error instanceof ModelError);
    return outcome.error;
  };
  const unknown = await send();
  assert.match(unknown.message, /takes no feedback on solved: Unknown metric: solved/);
  assert.match(unknown.hint, /\[metrics\.solved\]/);
  assert.match((await send()).message, /HTTP 401/);
});
