import assert from "node:assert/strict";
import { CliError } from "../../src/cli/errors.ts";
import { parseRequest } from "../../src/cli/request.ts";
import { assertGolden } from "../support/golden.ts";

function errorOf(text: string): string {
  try {
    parseRequest(text, "request.json");
  } catch (error) {
    assert.ok(error instanceof CliError);
    return `${error.message}\n  → ${error.hint}\n`;
  }
  return assert.fail(`taken as a request: ${text}`);
}

Deno.test("parseRequest() takes the least that a diagnostic reply may be", () => {
  const request = parseRequest(`{"response_type":"diagnostic"}`, "request.json");
  assert.deepEqual(request, { response_type: "diagnostic", reasoning: "", commands: [], ebpf_programs: [] });
});

Deno.test("parseRequest() tells what is wrong as recorded", () => {
  const wrong: readonly string[] = [
    "",
    "{",
    "[]",
    "{}",
    `{"response_type":"resolution","root_cause":"x"}`,
    `{"response_type":"diagnostic","commands":[{"id":"a"}]}`,
    `{"response_type":"diagnostic","ebpf_programs":[{"name":"a","type":"kprobes","target":"x","duration":0}]}`,
    JSON.stringify({ response_type: "diagnostic", commands: [{}, {}, {}] }),
  ];
  assertGolden("errors_request", wrong.map((text) => `${text}\n${errorOf(text)}`).join("\n"));
});
