import assert from "node:assert/strict";
import {
  diagnosticReply,
  type DocumentName,
  DOCUMENTS,
  isDocumentName,
  jsonSchemaOf,
  parse,
  resolutionReply,
  results,
  run,
  stringify,
} from "../../src/protocol/mod.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";

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
  const histogram = [{ from_ns: 1024, to_ns: 2048, count: 3 }];
  const latency = { count: 3, mean_ns: 1500, p50_ns: 2048, p99_ns: 2048, max_ns: 2048, histogram };
  const aggregates = { by_process: [], by_field: {}, errors: [], latency };
  const timed = { ...given, ebpf_results: { a_1: { ...given.ebpf_results.a_1, events: [], aggregates } } };
  assert.deepEqual(results.parse(parse(stringify(timed))), timed);
});

Deno.test("diagnosticReply fills in what a model may leave out", () => {
  const program = { name: "p", type: "tracepoint", target: "a/b" };
  const read = diagnosticReply.parse({ response_type: "diagnostic", ebpf_programs: [program] });
  assert.equal(read.reasoning, "");
  assert.deepEqual(read.commands, []);
  assert.equal(read.ebpf_programs[0]?.duration, 15);
});

Deno.test("diagnosticReply takes captures and aggregates, also those that this version will refuse", () => {
  const program = { name: "p", type: "kretprobe", target: "vfs_read", duration: 5 };
  for (
    const wish of [{ capture: ["ret"], aggregate: "latency" }, { capture: Array(9).fill("ret"), aggregate: "stacks" }]
  ) {
    const read = diagnosticReply.parse({ response_type: "diagnostic", ebpf_programs: [{ ...program, ...wish }] });
    assert.deepEqual(read.ebpf_programs[0], { ...program, ...wish });
  }
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
