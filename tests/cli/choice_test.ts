import assert from "node:assert/strict";
import { type ChoiceInput, chooseModel } from "../../src/cli/choice.ts";
import { UsageError } from "../../src/cli/errors.ts";
import type { Model } from "../../src/models/model.ts";

const ENDPOINT = "http://gateway:3000/openai/v1";

function choose(flags: Partial<ChoiceInput>, variables: Record<string, string> = {}): Promise<Model> {
  return chooseModel({ endpoint: undefined, model: undefined, ...flags, variable: (name) => variables[name] });
}

Deno.test("chooseModel() takes the expert when nothing is named, or only emptiness", async () => {
  assert.equal((await choose({})).name, "expert");
  assert.equal((await choose({ endpoint: "" }, { NANNYAPI_MODEL: "" })).name, "expert");
});

Deno.test("chooseModel() takes a flag before its variable", async () => {
  const variables = { NANNYAPI_ENDPOINT: ENDPOINT, NANNYAPI_MODEL: "m" };
  assert.equal((await choose({}, variables)).name, "http://gateway:3000 m");
  assert.equal((await choose({ model: "other" }, variables)).name, "http://gateway:3000 other");
});

Deno.test("chooseModel() refuses half of the pair, what is no web address, and a key that cannot be read", async () => {
  for (const flags of [{ endpoint: ENDPOINT }, { model: "m" }, { endpoint: "gateway:3000", model: "m" }]) {
    await assert.rejects(choose(flags), UsageError, JSON.stringify(flags));
  }
  const variables = { NANNYAPI_API_KEY_FILE: "/nonexistent/key" };
  await assert.rejects(choose({ endpoint: ENDPOINT, model: "m" }, variables), /key from \/nonexistent\/key/);
});
