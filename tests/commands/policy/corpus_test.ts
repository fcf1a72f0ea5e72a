import assert from "node:assert/strict";
import { judge } from "../../../src/commands/mod.ts";
import { ASKED, CHANGED, DESTRUCTIVE, ENDLESS, KNOWN_REFUSALS, READ_ONLY, RULES } from "./corpus.ts";

const ENGINEERS_LINES = 250;
const DESTRUCTIVE_LINES = 200;
const ALLOWED_SHARE = 0.97;
/** About the form of a line, or a program around another: the reason says what to write instead. */
const SYNTAX =
  /^(syntax|redirect|assignment|argument|file|program|input|test|read|printf|policy|env|sudo|timeout|command|xargs|ionice|stdbuf)\//;

Deno.test("the corpora hold lines enough, each once", () => {
  assert.ok(new Set(READ_ONLY).size >= ENGINEERS_LINES, `${READ_ONLY.length} lines that read`);
  assert.ok(new Set(DESTRUCTIVE).size >= DESTRUCTIVE_LINES, `${DESTRUCTIVE.length} lines that destroy`);
  assert.equal(new Set(DESTRUCTIVE).size, DESTRUCTIVE.length);
});

Deno.test("judge() lets no destructive line run, neither as it is nor changed", () => {
  const run = DESTRUCTIVE.filter((line) => ["allowed", "changed"].includes(judge(line).kind));
  assert.deepEqual(run, []);
});

Deno.test("judge() refuses what writes, runs, hides or lies, and names the rule", () => {
  for (const [line, rule] of RULES) {
    const verdict = judge(line);
    assert.equal(verdict.kind === "refused" ? verdict.rule : verdict.kind, rule, line);
  }
});

Deno.test("judge() lets 97 of 100 lines of engineers run, and says why it refuses the others", () => {
  const refused = READ_ONLY.filter((line) => !["allowed", "changed"].includes(judge(line).kind));
  assert.ok(refused.length <= READ_ONLY.length * (1 - ALLOWED_SHARE), refused.join("\n"));
  const known = refused.map((line) => {
    const verdict = judge(line);
    return [line, verdict.kind === "allowed" ? "" : verdict.rule];
  });
  assert.deepEqual(Object.fromEntries(known), KNOWN_REFUSALS);
});

Deno.test("judge() lets lines of engineers run as they are, where they end by themselves", () => {
  const changed = READ_ONLY.filter((line) => judge(line).kind === "changed");
  assert.deepEqual(changed, []);
});

Deno.test("judge() bounds what would not end instead of refusing it", () => {
  for (const [line, rule] of Object.entries(ENDLESS)) {
    const verdict = judge(line);
    assert.equal(verdict.kind === "changed" ? verdict.rule : verdict.kind, rule, line);
    if (verdict.kind === "changed") assert.notEqual(verdict.runs, line);
  }
});

Deno.test("judge() changes what would fail or be refused as it stands, into lines that shells can read", async () => {
  for (const [line, rule] of Object.entries(CHANGED)) {
    const verdict = judge(line);
    assert.equal(verdict.kind === "changed" ? verdict.rule : verdict.kind, rule, line);
    if (verdict.kind !== "changed") continue;
    const { runs, shell } = verdict;
    assert.notEqual(runs, line);
    const { success } = await new Deno.Command(shell, { args: ["-n", "-c", runs], stderr: "null" }).output();
    assert.ok(success, runs);
  }
});

Deno.test("judge() asks an operator where reading alone may be too much", () => {
  for (const [line, rule] of Object.entries(ASKED)) {
    const verdict = judge(line);
    assert.equal(verdict.kind === "needs_approval" ? verdict.rule : verdict.kind, rule, line);
  }
});

Deno.test("judge() gives a reason with every refusal, and alternatives that are allowed themselves", () => {
  const lines = [...DESTRUCTIVE, ...RULES.map(([line]) => line), ...Object.keys(KNOWN_REFUSALS), ...Object.keys(ASKED)];
  const alternatives = new Set<string>();
  const without: string[] = [];
  for (const line of lines) {
    const verdict = judge(line);
    if (verdict.kind === "allowed") continue;
    assert.match(verdict.rule, /^[a-z0-9_-]+\/[a-z-]+$/, line);
    assert.ok(verdict.reason.length > 10, line);
    if (verdict.alternative !== undefined) alternatives.add(verdict.alternative);
    else if (!SYNTAX.test(verdict.rule)) without.push(`${line}: ${verdict.rule}`);
  }
  assert.ok(alternatives.size >= 100, `${alternatives.size} alternatives`);
  for (const line of alternatives) assert.equal(judge(line).kind, "allowed", line);
  assert.deepEqual(without, []);
});
