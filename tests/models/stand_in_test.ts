import assert from "node:assert/strict";
import { ContextTooSmall, type Model, ModelError, type Question } from "../../src/models/model.ts";
import { withStandIn } from "../../src/models/stand_in.ts";
import { SAMPLE_HOST, SAMPLE_RUN } from "../support/sample_run.ts";

const OPTIONS = { signal: new AbortController().signal };
const TURN = SAMPLE_RUN.turns[0]!;
const QUESTION: Question = { issue: "", host: SAMPLE_HOST, turns: [TURN], messages: [], rounds_left: 3 };
const ANSWER = { reply: TURN.request, raw: "" };

/** A model that does one thing after the other. */
function playing(name: string, ...steps: readonly (typeof ANSWER | Error)[]) {
  const left = [...steps], asked: Question[] = [];
  const model: Model = {
    name,
    window_tokens: 4096,
    answer: (question) => {
      asked.push(question);
      const step = left.shift() ?? ANSWER;
      return step instanceof Error ? Promise.reject(step) : Promise.resolve(step);
    },
  };
  return { model, asked };
}

Deno.test("withStandIn() asks the model while it answers, then the other one to the end, which sees its own turns", async () => {
  const gateway = playing("gw", ANSWER, new ModelError("it is gone", "")), expert = playing("expert");
  const model = withStandIn(gateway.model, expert.model);
  assert.deepEqual([model.name, model.window_tokens], ["gw", 4096]);
  assert.deepEqual(await model.answer(QUESTION, OPTIONS), ANSWER);
  const { notes, usage } = await model.answer(QUESTION, OPTIONS);
  assert.deepEqual([notes, usage], [["The built-in expert stands in: it is gone"], {
    input_tokens: 0,
    output_tokens: 0,
  }]);
  await model.answer({ ...QUESTION, turns: [TURN, TURN], rounds_left: 2 }, OPTIONS);
  await model.answer({ ...QUESTION, turns: [TURN, TURN], rounds_left: 1 }, OPTIONS);
  assert.deepEqual(expert.asked.map(({ turns }) => turns.length), [0, 1, 2], "all of it where it has to conclude");
  assert.equal(gateway.asked.length, 2);
});

Deno.test("withStandIn() leaves alone what asking again can mend, an end that was asked for, and faults of the program", async () => {
  const ended = AbortSignal.abort();
  for (
    const [error, signal] of [
      [new ContextTooSmall("", ""), OPTIONS.signal],
      [new ModelError("", ""), ended],
      [new TypeError(""), OPTIONS.signal],
    ] as const
  ) {
    const expert = playing("expert");
    const model = withStandIn(playing("gw", error).model, expert.model);
    await assert.rejects(model.answer(QUESTION, { signal }), (thrown) => thrown === error);
    assert.equal(expert.asked.length, 0);
  }
});
