/** Readings of tools as people see them. */
import assert from "node:assert/strict";
import type { ToolReading } from "../../src/protocol/tool.ts";
import { plain } from "../../src/report/paint.ts";
import { readingText, toolListText } from "../../src/report/tool.ts";
import { assertGolden } from "../support/golden.ts";

const READING: ToolReading = {
  source: "raw_tracepoint sched_switch",
  figures: { waits: 1234, total_wait_ns: 4_729_346_759, busy_percent: 42.5, read_bytes: 5_000_000 },
  tables: [
    {
      name: "by_process",
      columns: [
        { name: "process_id", unit: "count" },
        { name: "process_name", unit: "text" },
        { name: "total_wait_ns", unit: "ns" },
        { name: "waits", unit: "count" },
        { name: "exit_code", unit: "count" },
      ],
      rows: [[20544, "nginx", 3_000_000_000, 1000, 0], [7, "evil\u001b[31m\nname", 1_500_000_000, 200, null], [
        81,
        "sleeper",
        0,
        34,
        137,
      ]],
      omitted_rows: 12,
    },
    { name: "nothing", columns: [{ name: "process_id", unit: "count" }], rows: [] },
  ],
  histograms: [{
    name: "wait",
    unit: "ns",
    count: 1234,
    mean: 3_832_534,
    p50: 2048,
    p99: 40_000_000,
    max: 215_802_947,
    buckets: [{ from: 1024, to: 2048, count: 700 }, { from: 2048, to: 4096, count: 534 }],
  }],
  notes: ["ids of processes outside of this container are the host's"],
};

Deno.test("readingText() shows figures with units, tables with bars, histograms and notes", () => {
  const parts = [100, 60].map((width) => `${width} columns\n\n${readingText(READING, { width, paint: plain })}\n`);
  assertGolden("tool_reading", parts.join("\n\n"));
});

Deno.test("readingText() lets no control character of a process's name through", () => {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assert.doesNotMatch(readingText(READING, { width: 80, paint: plain }), /[\x00-\x09\x0b-\x1f]/);
});

Deno.test("readingText() of a tool that saw nothing is its figures, and no empty table", () => {
  const nothing: ToolReading = {
    ...READING,
    figures: { waits: 0 },
    tables: READING.tables.slice(1),
    histograms: [],
    notes: [],
  };
  assert.equal(readingText(nothing, { width: 80, paint: plain }), "  waits 0");
});

Deno.test("toolListText() has a line for each tool", () => {
  const tools = [{ name: "dns", summary: "queries", needs: "" }, {
    name: "cpu-time",
    summary: "time on a CPU",
    needs: "",
  }];
  assert.match(
    toolListText(tools, { width: 80, paint: plain }),
    /^ {2}dns {7}queries\n {2}cpu-time {2}time on a CPU\n\n/,
  );
});
