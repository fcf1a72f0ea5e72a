/** Who is asked about a command, how often, and what becomes of the answer. */
import assert from "node:assert/strict";
import { type Answer, Approvals, NO_RULES, operatorRules, type Question, runCommand } from "../../src/commands/mod.ts";

const RISKY = "wc -c /etc/shadow";

function asked(id: string, command: string): { id: string; command: string } {
  return { id, command };
}

/** Answers questions in order, and keeps them. */
function operator(
  ...answers: readonly Answer[]
): { questions: Question[]; ask: (question: Question) => Promise<Answer> } {
  const questions: Question[] = [];
  return {
    questions,
    ask: (question) => {
      questions.push(question);
      return Promise.resolve(answers[questions.length - 1] ?? { kind: "no", reason: "Asked too often." });
    },
  };
}

Deno.test("risky: the operator is asked what the policy leaves open, and about nothing else", async () => {
  const { questions, ask } = operator({ kind: "once" });
  const approvals = new Approvals({ ask });
  assert.equal((await runCommand(asked("a", "echo x"), { approvals })).stdout, "x\n");
  assert.equal((await runCommand(asked("b", "rm x"), { approvals })).refused?.rule, "program/writes");
  const result = await runCommand(asked("c", `true; ${RISKY}`), { approvals });
  assert.deepEqual([result.approved, result.exit_code, result.refused], ["once", 0, undefined]);
  const [{ id, line, piece, rule, reason } = {} as Question] = questions;
  assert.deepEqual([questions.length, id, line, piece?.text, rule], [1, "c", `true; ${RISKY}`, RISKY, "file/secret"]);
  assert.match(reason, /shadow/);
});

Deno.test("once is for one command, always for the rule", async () => {
  const { questions, ask } = operator({ kind: "once" }, { kind: "always" });
  const approvals = new Approvals({ ask });
  const told: unknown[] = [];
  for (const id of ["a", "b", "c"]) told.push((await runCommand(asked(id, RISKY), { approvals })).approved);
  assert.deepEqual([told, questions.length], [["once", "always", "always"], 2]);
  assert.equal((await runCommand(asked("d", `${RISKY}; rm x`), { approvals })).refused?.rule, "program/writes");
});

Deno.test("no is a refusal with the operator's words", async () => {
  const { ask } = operator({ kind: "no", reason: "The operator said no: not today." });
  const { refused, exit_code } = await runCommand(asked("a", RISKY), { approvals: new Approvals({ ask }) });
  assert.equal(exit_code, null);
  assert.match(refused?.reason ?? "", /^The operator said no: not today\. .*shadow/);
  assert.deepEqual([refused?.rule, refused?.piece], ["file/secret", RISKY]);
  assert.ok(refused?.alternative);
});

Deno.test("one question at a time, however many commands wait; what was agreed meanwhile is not asked again", async () => {
  let open = 0;
  const ids: string[] = [];
  const approvals = new Approvals({
    ask: async ({ id }) => {
      assert.equal(++open, 1);
      ids.push(id);
      await new Promise((resolve) => setTimeout(resolve, 5));
      open--;
      return ids.length === 2 ? { kind: "always" } : { kind: "once" };
    },
  });
  const results = await Promise.all(["a", "b", "c", "d"].map((id) => runCommand(asked(id, RISKY), { approvals })));
  assert.deepEqual(ids, ["a", "b"]);
  assert.deepEqual(results.map(({ approved }) => approved), ["once", "always", "always", "always"]);
});

Deno.test("never, and nobody to ask, refuse; the reason says which", async () => {
  const { questions, ask } = operator({ kind: "once" });
  const never = await runCommand(asked("a", RISKY), { approvals: new Approvals({ mode: "never", ask }) });
  assert.match(never.refused?.reason ?? "", /--approve never/);
  const nobody = new Approvals({ nobody: "this is no terminal" });
  assert.match(
    (await runCommand(asked("a", RISKY), { approvals: nobody })).refused?.reason ?? "",
    /this is no terminal/,
  );
  assert.match((await runCommand(asked("a", RISKY))).refused?.reason ?? "", /nobody to ask/);
  assert.equal((await runCommand(asked("a", "echo x"), { approvals: nobody })).stdout, "x\n");
  assert.equal(questions.length, 0);
});

Deno.test("all: every command is asked about; always ends that, but not for what is risky", async () => {
  const { questions, ask } = operator({ kind: "once" }, { kind: "always" }, { kind: "no", reason: "No." });
  const approvals = new Approvals({ mode: "all", ask });
  for (const [id, command] of [["a", "echo 1"], ["b", "echo 2"], ["c", "echo 3"]] as const) {
    assert.equal((await runCommand(asked(id, command), { approvals })).exit_code, 0);
  }
  assert.equal(questions.length, 2);
  assert.equal((await runCommand(asked("d", RISKY), { approvals })).refused?.rule, "file/secret");
  assert.equal((await runCommand(asked("e", "rm x"), { approvals })).refused?.rule, "program/writes");
  assert.equal(questions.length, 3);
});

Deno.test("the operator's rules stand beside the answers", async () => {
  const { questions, ask } = operator();
  const rules = { ...NO_RULES, allow: operatorRules(["file/secret"]), deny: operatorRules(["uptime"]) };
  const approvals = new Approvals({ ask, rules });
  assert.equal((await runCommand(asked("a", RISKY), { approvals })).exit_code, 0);
  assert.equal((await runCommand(asked("b", "uptime"), { approvals })).refused?.rule, "operator/denied");
  assert.equal(questions.length, 0);
});

Deno.test("a diagnosis that was stopped asks nothing more, and a question that fails stops no other", async () => {
  const { questions, ask } = operator({ kind: "once" });
  const stopped = await runCommand(asked("a", RISKY), {
    approvals: new Approvals({ ask }),
    signal: AbortSignal.abort(),
  });
  assert.match(stopped.refused?.reason ?? "", /stopped/);
  assert.equal(questions.length, 0);

  let first = true;
  const approvals = new Approvals({
    ask: () => {
      if (!first) return Promise.resolve({ kind: "once" });
      first = false;
      return Promise.reject(new Error("the terminal is gone"));
    },
  });
  await assert.rejects(runCommand(asked("a", RISKY), { approvals }), /terminal is gone/);
  assert.equal((await runCommand(asked("b", RISKY), { approvals })).approved, "once");
});

Deno.test("a yes lifts what was asked about and no refusal", async () => {
  const { ask } = operator({ kind: "always" });
  const approvals = new Approvals({ ask });
  assert.equal((await runCommand(asked("a", "wc -c < /etc/shadow"), { approvals })).approved, "always");
  for (const command of ["cat /etc/shadow > /tmp/x", "rm /etc/shadow", "cat /etc/shadow | openssl s_client"]) {
    assert.notEqual((await runCommand(asked("b", command), { approvals })).refused, undefined, command);
  }
});
