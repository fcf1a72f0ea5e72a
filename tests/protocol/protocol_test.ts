import assert from "node:assert/strict";
import {
  diagnosticReply,
  type DocumentName,
  DOCUMENTS,
  isDocumentName,
  jsonSchemaOf,
  parse,
  reply,
  resolutionReply,
  results,
  run,
  stringify,
} from "../../src/protocol/mod.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";

Deno.test("parse() and stringify() keep every digit of integers beyond 2^53", () => {
  const text = '{"a":1700000000123456789,"b":[-9007199254740993,18446744073709551615],"c":1.5,"d":42,"e":1e300}';
  const value = parse(text) as Record<string, unknown>;
  assert.equal(value["a"], 1700000000123456789n);
  assert.equal(value["d"], 42);
  assert.equal(value["e"], 1e300);
  assert.equal(stringify(value), text.replace("1e300", "1e+300"));
});

Deno.test("stringify() writes a bigint as a plain integer at any indent", () => {
  assert.equal(stringify({ n: 2n ** 64n }, 2), '{\n  "n": 18446744073709551616\n}');
});

Deno.test("results with times in nanoseconds survive being written and read", () => {
  const timestamp = 1_700_000_000_123_456_789n;
  const event = { timestamp, process_id: 1, process_name: "a", event_type: "b:c", data: { cookie: 2n ** 64n - 1n } };
  const given = {
    schema: "ktriage.results/1",
    command_results: [],
    ebpf_results: {
      a_1: {
        program_name: "a",
        type: "tracepoint",
        target: "b/c",
        start_time: timestamp,
        end_time: 5,
        event_count: 1,
        lost_events: 0,
        sampled: false,
        events: [event],
        summary: "",
      },
    },
  };
  assert.deepEqual(results.parse(parse(stringify(given))), given);
});

Deno.test("diagnosticReply takes a reply with only the contract's fields and fills in the rest", () => {
  const given = {
    response_type: "diagnostic",
    commands: [{ id: "a", command: "df" }],
    ebpf_programs: [{ name: "p", type: "tracepoint", target: "a/b", vendor_extra: 1 }],
    confidence_so_far: 0.3,
  };
  const read = diagnosticReply.parse(given);
  assert.equal(read.reasoning, "");
  assert.equal(read.ebpf_programs[0]?.duration, 15);
  // Fields that ktriage does not know are kept: the document shows what the model said.
  assert.equal(read.ebpf_programs[0]["vendor_extra"], 1);
});

Deno.test("resolutionReply joins plans and evidence that come as lists", () => {
  const read = resolutionReply.parse({
    response_type: "resolution",
    root_cause: "x",
    resolution_plan: ["one", "two"],
    confidence: "Low",
    ebpf_evidence: ["a", "b"],
  });
  assert.equal(read.resolution_plan, "one\ntwo");
  assert.equal(read.ebpf_evidence, "a\nb");
});

Deno.test("reply refuses what the contract does not know", () => {
  const program = { name: "p", type: "tracepoint", target: "a/b" };
  const bad: readonly unknown[] = [
    {},
    { response_type: "other" },
    { response_type: "diagnostic", commands: [{ id: "a" }] },
    { response_type: "diagnostic", ebpf_programs: [{ ...program, type: "xdp" }] },
    { response_type: "diagnostic", ebpf_programs: [{ ...program, duration: 0 }] },
    { response_type: "diagnostic", ebpf_programs: [{ ...program, duration: 301 }] },
    { response_type: "diagnostic", ebpf_programs: [{ ...program, filters: { pid: 0 } }] },
    { response_type: "resolution", root_cause: "x", resolution_plan: "y", confidence: "Sure" },
  ];
  for (const value of bad) assert.equal(reply.safeParse(value).success, false, JSON.stringify(value));
});

Deno.test("run takes a whole diagnosis back from its own JSON", () => {
  assert.deepEqual(run.parse(parse(stringify(SAMPLE_RUN))), SAMPLE_RUN);
});

/** Every schema inside a JSON Schema, with its path. */
function* nodes(node: unknown, path = "#"): Generator<[string, Record<string, unknown>]> {
  if (typeof node !== "object" || node === null) return;
  yield [path, node as Record<string, unknown>];
  for (const [key, child] of Object.entries(node)) yield* nodes(child, `${path}/${key}`);
}

for (const name of Object.keys(DOCUMENTS) as DocumentName[]) {
  Deno.test(`jsonSchemaOf("${name}") describes every field in plain JSON Schema`, () => {
    const schema = jsonSchemaOf(name);
    assert.equal(schema.$schema, "https://json-schema.org/draft/2020-12/schema");
    for (const [path, node] of nodes(schema)) {
      if (node["type"] !== "integer") continue;
      assert.equal(node["anyOf"], undefined, path);
      assert.notEqual(node["maximum"], Number.MAX_SAFE_INTEGER, path);
    }
    // {} in a list of alternatives is a type that JSON Schema cannot say: there must be none.
    for (const [path, node] of nodes(schema)) {
      for (const alternative of [node["anyOf"], node["oneOf"]].flat()) {
        assert.notDeepEqual(alternative, {}, path);
      }
    }
  });
}

Deno.test("jsonSchemaOf() makes times integers, and what may be left out of a request optional", () => {
  const event = jsonSchemaOf("event");
  assert.deepEqual(event.properties?.["timestamp"], {
    type: "integer",
    description: "nanoseconds since the epoch; of a paired system call: when it was entered",
  });
  assert.deepEqual(jsonSchemaOf("request").required, ["response_type"]);
  assert.deepEqual(jsonSchemaOf("results").required, ["schema", "command_results", "ebpf_results"]);
  assert.deepEqual(jsonSchemaOf("resolution").required, [
    "response_type",
    "root_cause",
    "resolution_plan",
    "confidence",
  ]);
});

Deno.test("isDocumentName() knows the documents and nothing that objects inherit", () => {
  assert.equal(isDocumentName("run"), true);
  assert.equal(isDocumentName("toString"), false);
});
