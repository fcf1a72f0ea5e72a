import assert from "node:assert/strict";
import { type ChoiceInput, chooseModel } from "../../src/cli/choice.ts";
import { UsageError } from "../../src/cli/errors.ts";

const URL_1 = "http://gateway:3000/openai/v1";

function choose(flags: Partial<ChoiceInput>, variables: Record<string, string> = {}) {
  return chooseModel({ endpoint: undefined, model: undefined, ...flags, env: (name) => variables[name] });
}

Deno.test("chooseModel() takes the expert when nothing is named, or only emptiness", () => {
  assert.deepEqual(choose({}), { kind: "expert" });
  assert.deepEqual(choose({ endpoint: "" }, { NANNYAPI_MODEL: " " }), { kind: "expert" });
});

Deno.test("chooseModel() takes a flag before its variable", () => {
  const variables = { NANNYAPI_ENDPOINT: URL_1, NANNYAPI_MODEL: "m" };
  assert.deepEqual(choose({}, variables), { kind: "gateway", endpoint: URL_1, model: "m" });
  assert.deepEqual(choose({ model: "other" }, variables), { kind: "gateway", endpoint: URL_1, model: "other" });
});

Deno.test("chooseModel() refuses half of the pair and what is no web address", () => {
  for (const flags of [{ endpoint: URL_1 }, { model: "m" }, { endpoint: "gateway:3000", model: "m" }]) {
    assert.throws(() => choose(flags), UsageError, JSON.stringify(flags));
  }
});
