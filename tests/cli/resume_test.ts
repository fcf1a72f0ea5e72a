import assert from "node:assert/strict";
import type { ChoiceInput } from "../../src/cli/choice.ts";
import { choiceOf } from "../../src/cli/resume.ts";
import { ASKED } from "../record/folder.ts";

const ENVIRONMENT: Readonly<Record<string, string>> = {
  NANNYAPI_ENDPOINT: "http://environment/v1",
  NANNYAPI_MODEL: "of_environment",
  NANNYAPI_API_KEY: "key",
};
const CHOICE: ChoiceInput = {
  endpoint: undefined,
  model: undefined,
  variable: (name) => ENVIRONMENT[name],
  outbound: { redact: ["users"] },
};

function who(choice: ChoiceInput): readonly (string | undefined)[] {
  return [
    choice.endpoint ?? choice.variable("NANNYAPI_ENDPOINT"),
    choice.model ?? choice.variable("NANNYAPI_MODEL"),
    choice.variable("NANNYAPI_API_KEY"),
  ];
}

Deno.test("choiceOf() asks whom the flags name, else whom the run had asked, whatever the environment says", () => {
  const recorded = { options: { ...ASKED.options, gateway_kind: "tensorzero" } };
  const same = choiceOf(recorded, CHOICE);
  assert.deepEqual([...who(same), same.kind], ["http://gw/openai/v1", "f", "key", "tensorzero"]);
  assert.deepEqual(who(choiceOf(recorded, { ...CHOICE, model: "other" })), ["http://gw/openai/v1", "other", "key"]);
  const elsewhere = choiceOf(recorded, { ...CHOICE, endpoint: "http://other/v1" });
  assert.deepEqual([...who(elsewhere), elsewhere.kind], ["http://other/v1", "f", "key", undefined]);
});

Deno.test("choiceOf() goes on with the expert where the expert answered", () => {
  const recorded = { options: { model: "expert", max_rounds: 8, redact: [] } };
  assert.deepEqual(who(choiceOf(recorded, CHOICE)), [undefined, undefined, "key"]);
  const named = choiceOf(recorded, { ...CHOICE, model: "m" });
  assert.deepEqual(who(named), ["http://environment/v1", "m", "key"]);
});

Deno.test("choiceOf() takes out at least what the run took out", () => {
  assert.deepEqual(choiceOf({ options: ASKED.options }, CHOICE).outbound?.redact, ["hosts", "users"]);
});
