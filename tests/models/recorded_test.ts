import assert from "node:assert/strict";
import { type Answer, type Model, ModelError } from "../../src/models/model.ts";
import { recordedModel, RecordEnds } from "../../src/models/recorded.ts";
import { parse, type RecordedAnswer } from "../../src/protocol/mod.ts";
import { SAMPLE_HOST, SAMPLE_RUN } from "../support/sample_run.ts";

const QUESTION = { issue: "", host: SAMPLE_HOST, turns: [], messages: [], rounds_left: 2 };
const OPTIONS = { signal: new AbortController().signal };
const ABOUT = { schema: "ktriage.answer/1", time: "2026-01-01T00:00:00.000Z", turns_before: 0 } as const;
const REPLY = SAMPLE_RUN.turns[0]!.request;
const ANSWERS: readonly RecordedAnswer[] = [
  {
    ...ABOUT,
    reply: REPLY,
    raw: "<host:1>",
    episode_id: "e",
    notes: ["n"],
    usage: { input_tokens: 1, output_tokens: 2 },
  },
  { ...ABOUT, error: { message: "it is gone", hint: "start it" } },
];

Deno.test("recordedModel() gives its answers in order, failures as failures, and then asks who comes after", async () => {
  const after: Model = {
    name: "live",
    window_tokens: 4096,
    answer: () => Promise.resolve({ reply: REPLY, raw: "live" }),
  };
  const model = recordedModel("m", ANSWERS, { after });
  assert.deepEqual([model.name, model.window_tokens], ["m", 4096]);
  const { raw, ...first }: Answer = await model.answer(QUESTION, OPTIONS);
  assert.deepEqual(first, {
    reply: REPLY,
    episode_id: "e",
    notes: ["n"],
    usage: { input_tokens: 1, output_tokens: 2 },
  });
  // Placeholders of before would stand for something else now.
  assert.deepEqual(parse(raw), REPLY);
  const same = recordedModel("m", ANSWERS, { raw: "as it came" });
  assert.equal((await same.answer(QUESTION, OPTIONS)).raw, "<host:1>");
  await assert.rejects(model.answer(QUESTION, OPTIONS), (error) => {
    assert.ok(error instanceof ModelError);
    assert.deepEqual([error.message, error.hint], ["it is gone", "start it"]);
    return true;
  });
  assert.equal((await model.answer(QUESTION, OPTIONS)).raw, "live");
});

Deno.test("recordedModel() with nobody after it says that the record ends", async () => {
  await assert.rejects(recordedModel("m", []).answer(QUESTION, OPTIONS), RecordEnds);
});
