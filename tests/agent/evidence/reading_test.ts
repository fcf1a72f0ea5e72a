/** Claims about what curated tools counted. */
import assert from "node:assert/strict";
import { type ToolReading, type Turn, turn } from "../../../src/protocol/mod.ts";
import { checkOne } from "./scene.ts";

const START_NS = 1_700_000_000_000_000_000n;
const KEY = "calls_1700000000";

const READING: ToolReading = {
  source: "raw_tracepoint sys_exit",
  figures: { calls: 12_000, errors: 540, calls_per_s: 1200 },
  tables: [
    {
      name: "by_process",
      columns: [
        { name: "process_id", unit: "count" },
        { name: "process_name", unit: "text" },
        { name: "calls", unit: "count" },
        { name: "total_wait", unit: "ns" },
      ],
      rows: [[812, "nginx", 9000, 41_000_000], [77, "cron", 3000, 2_000_000]],
    },
    {
      name: "errors",
      columns: [
        { name: "process_id", unit: "count" },
        { name: "process_name", unit: "text" },
        { name: "call", unit: "text" },
        { name: "error", unit: "text" },
        { name: "count", unit: "count" },
      ],
      rows: [[812, "nginx", "openat", "ENOENT", 500], [77, "cron", "unlink", "EACCES", 40]],
    },
  ],
  histograms: [],
  notes: [],
};

function turns(reading: ToolReading): Turn[] {
  return [turn.parse({
    request: { response_type: "diagnostic" },
    command_results: [],
    ebpf_results: {
      [KEY]: {
        program_name: "calls",
        type: "tool",
        target: "syscalls",
        start_time: START_NS,
        end_time: START_NS + 10_000_000_000n,
        event_count: 12_000,
        lost_events: 0,
        sampled: false,
        events: [],
        reading,
        summary: "12000 system calls in 10.0 s, 540 of them failed.",
      },
    },
  })];
}

for (
  const [claim, expected] of [
    ["nginx (pid 812) made 9,000 system calls", "verified"],
    ["nginx made 900 system calls a second", "verified"],
    ["75% of the calls were nginx's", "verified"],
    ["500 opens of nginx failed with ENOENT", "verified"],
    ["nginx (pid 812) waited 41 ms", "verified"],
    ["nginx (pid 812) made 19,000 system calls", "unsupported"],
    ["nginx (pid 812) waited 97 ms", "unsupported"],
    ["500 opens of nginx failed with EPERM", "unsupported"],
    ["nginx (pid 812) failed with EACCES", "unsupported"],
    ["postgres (pid 4711) made 9,000 system calls", "unsupported"],
  ] as const
) {
  Deno.test(`a claim about a tool's reading is ${expected}: ${claim}`, () => {
    const checked = checkOne(claim, [KEY], turns(READING));
    assert.equal(checked.status === "contradicted" ? "unsupported" : checked.status, expected, JSON.stringify(checked));
  });
}
