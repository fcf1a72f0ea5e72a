import assert from "node:assert/strict";
import { checkEvidence } from "../../src/agent/evidence/mod.ts";
import { type CheckedClaim, type ResolutionReply, type Run, run } from "../../src/protocol/mod.ts";
import { ansi, plain } from "../../src/report/paint.ts";
import { runText } from "../../src/report/text.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";

const WIDE = { width: 100, paint: plain };

/** The sample as a run would end with it, after the check. */
function checked(change: Partial<ResolutionReply> = {}): Run {
  const { resolution, evidence_check } = checkEvidence({ ...SAMPLE_RUN.resolution!, ...change }, SAMPLE_RUN.turns);
  return run.parse({ ...SAMPLE_RUN, resolution, evidence_check });
}

function findings(...claims: readonly (readonly [claim: string, ...evidence: string[]])[]): Partial<ResolutionReply> {
  return { findings: claims.map(([claim, ...evidence]) => ({ claim, evidence })) };
}

const TRUE = ["every connection of shop is refused", "connects"] as const;
const FORGED = ["shop (pid 812) was refused 410 times", "connects"] as const;
const WRONG = ["nothing listens on port 5433", "listeners"] as const;

Deno.test("runText() marks what is not verified, with the reason, and says how many are", () => {
  const text = runText(checked(findings(TRUE, FORGED, WRONG)), WIDE);
  assert.match(
    text,
    /Low \(the model said High\): 3 claims on 2 pieces of captured evidence, 1 verified, 1 unsupported, 1\s+contradicted\./,
  );
  assert.match(text, /2\. shop \(pid 812\) was refused 410 times\n {6}\? unsupported: 410 does not occur in connects_/);
  assert.match(
    text,
    /3\. nothing listens on port 5433\n {6}✗ contradicted: listeners shows a listener on 127\.0\.0\.1:5433\n/,
  );
  assert.match(text, /Confidence lowered from High to Low: one claim is contradicted/);
});

Deno.test("runText() does not speak of claims that are verified", () => {
  const text = runText(
    checked({ ...findings(TRUE, ["the database listens on port 5433, not on 5432", "listeners"]), root_cause: "x" }),
    WIDE,
  );
  assert.match(text, /High: 2 claims on 2 pieces of captured evidence, all verified\./);
  assert.doesNotMatch(text, /unsupported|contradicted/);
});

Deno.test("runText() shows sentences of the root cause that nothing supports", () => {
  const text = runText(
    checked({ ...findings(TRUE), root_cause: "The shop's pool of 77 connections is used up. Restart it." }),
    WIDE,
  );
  assert.match(
    text,
    /\n {2}\? unsupported: "The shop's pool of 77 connections is used up\.": 77 occurs in no result\n/,
  );
});

Deno.test("runText() keeps marks within the width, and lets no control character through", () => {
  const long = `the log says "${"x\x1b[2J ".repeat(40)}"`;
  const document = checked(findings([long, "listeners"], FORGED));
  for (const width of [50, 72, 100]) {
    const text = runText(document, { width, paint: plain });
    for (const line of text.split("\n")) assert.ok([...line].length <= width, `${width}: ${line}`);
    // deno-lint-ignore no-control-regex -- control characters are what must be absent
    assert.doesNotMatch(text, /[\x00-\x09\x0b-\x1f]/);
  }
  const coloured = runText(document, { width: 72, paint: ansi });
  // deno-lint-ignore no-control-regex -- escape sequences are what it takes away
  assert.equal(coloured.replace(/\x1b\[\d+m/g, ""), runText(document, { width: 72, paint: plain }));
});

Deno.test("runText() takes a run whose claims were not checked", () => {
  const claims: CheckedClaim[] | undefined = SAMPLE_RUN.evidence_check?.claims;
  assert.equal(claims, undefined);
  assert.match(runText(SAMPLE_RUN, WIDE), /High: 3 claims on 3 pieces of captured evidence\.\n/);
});
