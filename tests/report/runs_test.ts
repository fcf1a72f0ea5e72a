import assert from "node:assert/strict";
import type { Comparison, ListedRun } from "../../src/protocol/mod.ts";
import { verdictOf } from "../../src/record/compare.ts";
import { plain } from "../../src/report/paint.ts";
import { comparisonText, runsText } from "../../src/report/runs.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";

const RUNS: readonly ListedRun[] = [
  {
    folder: "one",
    time: "2026-01-02T03:04:05.000Z",
    issue: "the shop is slow\u001b[2J\nsince noon",
    hostname: "shop-1",
    model: "expert",
    state: "concluded",
    rounds: 2,
    confidence: "High",
    outcome: "The disk is full. ".repeat(10),
  },
  { folder: "two", state: "broken", fault: "Cannot read it" },
];

Deno.test("runsText() is a table, each run with what was asked and what came of it", () => {
  assert.equal(
    runsText(RUNS, { width: 60, paint: plain }),
    `BEGAN              STATE      ROUNDS  CONFIDENCE  FOLDER
2026-01-02 03:04Z  concluded  2       High        one
  the shop is slow\u{fffd}[2J since noon (shop-1, expert)
  → The disk is full. The disk is full. The disk is full. T…
?                  broken     -       -           two
  → Cannot read it
`,
  );
  assert.equal(runsText([], { width: 60, paint: plain }), "No records.\n");
});

Deno.test("comparisonText() has both verdicts side by side, within its width", () => {
  const { resolution: _, evidence_check: __, ...rest } = SAMPLE_RUN;
  const other = { ...rest, model: "http://gateway:3000/ a_model_with_a_name_that_is_longer_than_its_column" };
  const comparison: Comparison = {
    schema: "ktriage.comparison/1",
    folder: "one",
    recorded: verdictOf(SAMPLE_RUN),
    replayed: verdictOf({ ...other, failure: { kind: "limit", message: "No conclusion." } }),
    not_recorded: ["df -h", "tracepoint sched/sched_switch"],
    run: other,
  };
  const text = comparisonText(comparison, { width: 80, paint: plain });
  assert.match(text, /^ +RECORDED +REPLAYED\nmodel +expert +http:\/\/gateway:3000\/\n/);
  assert.match(text, /root cause +Nothing listens on .* +none: No conclusion\./);
  assert.match(text, /claims +3 unchecked +none/);
  assert.match(text, /2 questions that the record does not answer: df -h; tracepoint\s+sched\/sched_switch/);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
});
