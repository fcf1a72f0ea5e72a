import assert from "node:assert/strict";
import { diagnosticReply, stringify } from "../../src/protocol/mod.ts";
import { type DocumentName, DOCUMENTS, jsonSchemaOf } from "../../src/protocol/schemas.ts";

const NAMES = Object.keys(DOCUMENTS) as DocumentName[];

Deno.test("jsonSchemaOf() describes every document as an object, and integers as integers", () => {
  for (const name of NAMES) {
    const text = stringify(jsonSchemaOf(name));
    assert.match(text, /"(properties|oneOf|anyOf)"/, name);
    assert.doesNotMatch(text, /9007199254740991/, name);
  }
  const { properties } = jsonSchemaOf("event") as { properties: Record<string, { type?: string }> };
  assert.equal(properties["timestamp"]?.type, "integer");
});

Deno.test("a reply with only the contract's fields is taken, and unknown ones are kept", () => {
  const parsed = diagnosticReply.parse({
    response_type: "diagnostic",
    reasoning: "",
    commands: [{ id: "a", command: "uptime", description: "" }],
    ebpf_programs: [{
      name: "connects",
      type: "kprobe",
      target: "tcp_connect",
      duration: 15,
      filters: { comm: "nginx", pid: 12 },
      description: "",
      priority: 1,
    }],
  });
  assert.equal(parsed.ebpf_programs[0]?.["priority"], 1);
});

for (
  const [what, value] of [
    ["an unknown type of probe", { name: "x", type: "magic", target: "y", duration: 5 }],
    ["an empty target", { name: "x", type: "tracepoint", target: "", duration: 5 }],
    ["a duration of nothing", { name: "x", type: "tracepoint", target: "y", duration: 0 }],
    ["a negative pid", { name: "x", type: "tracepoint", target: "y", duration: 5, filters: { pid: -1 } }],
  ] as const
) {
  Deno.test(`a request with ${what} is refused`, () => {
    assert.equal(diagnosticReply.safeParse({ response_type: "diagnostic", ebpf_programs: [value] }).success, false);
  });
}
