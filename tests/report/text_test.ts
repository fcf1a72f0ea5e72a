import assert from "node:assert/strict";
import type { Run } from "../../src/protocol/mod.ts";
import { ansi, plain } from "../../src/report/paint.ts";
import { checkText } from "../../src/report/check.ts";
import { runText } from "../../src/report/text.ts";
import { assertGolden } from "../support/golden.ts";
import { SAMPLE_CHECK, SAMPLE_RUN } from "../support/sample_run.ts";

const WIDE = { width: 100, paint: plain };

function withResolution(change: Partial<NonNullable<Run["resolution"]>>, rest: Partial<Run> = {}): Run {
  return { ...SAMPLE_RUN, ...rest, resolution: { ...SAMPLE_RUN.resolution!, ...change } };
}

Deno.test("runText() of a resolution reads as recorded, wide and narrow", () => {
  assertGolden("report_wide", runText(SAMPLE_RUN, WIDE));
  assertGolden("report_narrow", runText(SAMPLE_RUN, { width: 60, paint: plain }));
});

Deno.test("runText() shows what was asked behind an answer, and what the model took", () => {
  const earlier = { ...SAMPLE_RUN.resolution!, root_cause: `The port is wrong. ${"It is not 5432. ".repeat(40)}` };
  const run: Run = {
    ...SAMPLE_RUN,
    model: "http://gw tensorzero::function_name::f",
    usage: { input_tokens: 41_200, output_tokens: 1 },
    follow_ups: [
      { question: "and the hosts file?", turns_before: 1, earlier_resolution: earlier },
      { question: "where is\x1b[2J the port set?", turns_before: 1 },
    ],
  };
  assertGolden("report_follow_ups", runText(run, WIDE));
  const { resolution: _, evidence_check: __, ...unanswered } = run;
  const failure = { kind: "model", message: "Cannot ask the gateway http://gw: refused." } as const;
  const failed = runText({ ...unanswered, failure }, { width: 60, paint: plain });
  assert.match(failed, /3\. where is.*\n {6}Cannot ask the gateway http:\/\/gw: refused\.\n/);
});

Deno.test("runText() of a failure reads as recorded", () => {
  const { resolution: _, evidence_check: __, ...run } = SAMPLE_RUN;
  const failure = {
    kind: "limit",
    message: "No conclusion after 8 rounds.",
    hint: "Describe it more narrowly.",
  } as const;
  assertGolden("report_failure", runText({ ...run, failure }, WIDE));
  const early = { kind: "model", message: "Cannot ask the gateway http://gw: refused." } as const;
  assertGolden("report_failure_early", runText({ ...run, turns: [], failure: early }, WIDE));
});

Deno.test("runText() says when ktriage lowered the confidence, and why", () => {
  const evidence_check = { given_confidence: "High", unknown_evidence: [], notes: ["Lowered: nothing ran."] } as const;
  const text = runText(
    withResolution({ confidence: "Low", findings: [] }, {
      evidence_check: { ...evidence_check, unknown_evidence: [], notes: [...evidence_check.notes] },
    }),
    WIDE,
  );
  assert.match(text, /Low \(the model said High\): the answer names no evidence/);
  assert.match(text, /Lowered: nothing ran\./);
});

Deno.test("runText() shows the kernel events of an answer without findings", () => {
  assert.match(runText(withResolution({ findings: undefined }), WIDE), /Kernel events\n {2}41 refused connections/);
  assert.doesNotMatch(runText(SAMPLE_RUN, WIDE), /Kernel events/);
});

Deno.test("runText() lets no control character of a model or a command through", () => {
  const evil = "bad \x1b[2J\x9b31m\r\x07 end";
  const text = runText(withResolution({ root_cause: evil, findings: [{ claim: evil, evidence: [evil] }] }), WIDE);
  // deno-lint-ignore no-control-regex -- control characters are what must be absent
  assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f\x7f-\x9f]/);
  assert.match(text, /bad .*end/);
});

Deno.test("runText() colours without changing a word", () => {
  const coloured = runText(SAMPLE_RUN, { width: 100, paint: ansi });
  assert.notEqual(coloured, runText(SAMPLE_RUN, WIDE));
  // deno-lint-ignore no-control-regex -- escape sequences are what it takes away
  assert.equal(coloured.replace(/\x1b\[\d+m/g, ""), runText(SAMPLE_RUN, WIDE));
});

Deno.test("runText() keeps its lines within the width", () => {
  for (const width of [50, 72, 100]) {
    for (const line of runText(SAMPLE_RUN, { width, paint: plain }).split("\n")) {
      assert.ok([...line].length <= width, `${width}: ${line}`);
    }
  }
});

Deno.test("checkText() reads as recorded", () => {
  assertGolden("check_ready", checkText(SAMPLE_CHECK, { width: 80, paint: plain }));
  const host = { ...SAMPLE_CHECK.host, container: "docker" };
  assertGolden("check_not_ready", checkText({ ...SAMPLE_CHECK, ready: false, host }, { width: 80, paint: plain }));
});
