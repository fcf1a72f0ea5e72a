import assert from "node:assert/strict";
import { ContextWindow } from "../../src/agent/budget/window.ts";
import { Conversation } from "../../src/agent/conversation.ts";
import { runCommand } from "../../src/commands/mod.ts";
import { createGateway } from "../../src/models/gateway/mod.ts";
import { parse, type Results, results, type Run } from "../../src/protocol/mod.ts";
import { SAMPLE_HOST } from "../support/sample_run.ts";
import { startWithoutPrivileges } from "./hands.ts";
import { type SmallModel, smallModel, type SmallModelOptions } from "./small_model.ts";

/** Lines of 64 bytes, 10 MB of them. */
const TEN_MB =
  `awk 'BEGIN { for (i = 1; i <= 160000; i++) printf "line %08d of a log that somebody wrote without any measure..\\n", i }'`;
const WINDOW_TOKENS = 4096;

const ASK = {
  response_type: "diagnostic",
  reasoning: "what is there",
  commands: [{ id: "log", command: TEN_MB }, { id: "who", command: "echo somebody" }],
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 10 }],
};
const CONCLUDE = {
  response_type: "resolution",
  root_cause: "insufficient evidence",
  resolution_plan: "none",
  confidence: "Low",
};

async function played(
  options: Partial<SmallModelOptions> & Pick<SmallModelOptions, "answer">,
  told: { window_tokens?: number; max_rounds?: number; issue?: string } = {},
): Promise<{ document: Run; model: Pick<SmallModel, "answered" | "refused"> }> {
  const { window_tokens, max_rounds = 3, issue = "the log grows" } = told;
  await using server = smallModel({ window_tokens: WINDOW_TOKENS, bytes_per_token: 3, ...options });
  const model = createGateway({
    endpoint: server.endpoint,
    model: "small",
    ...(window_tokens === undefined ? {} : { window_tokens }),
  });
  const hands = { startPrograms: startWithoutPrivileges, runCommand };
  const document = await new Conversation({ issue, host: SAMPLE_HOST, model, hands, max_rounds }).diagnose();
  return { document, model: { answered: server.answered, refused: server.refused } };
}

/** The results in the last message of a question. */
function seen(model: Pick<SmallModel, "answered">, question: number): Results {
  return results.parse(parse(model.answered[question]?.at(-1)?.content ?? ""));
}

Deno.test("a model of 4,096 tokens is never asked too much about 10 MB of output, and can look into it", async () => {
  const slice = { response_type: "diagnostic", commands: [{ id: "output:log", lines: "4000-4002" }] };
  const { document, model } = await played(
    { answer: (number) => [ASK, slice, CONCLUDE][number] },
    { window_tokens: WINDOW_TOKENS },
  );
  assert.equal(document.failure, undefined);
  assert.equal(model.refused, 0);
  assert.ok(document.usage!.input_tokens < 3 * WINDOW_TOKENS);

  const { command_results: [log, who], ebpf_results, notes } = seen(model, 1);
  assert.match(log?.stdout ?? "", /line 00000001 of a log.*\n\[… lines 2-|line 00000001 of a log[^]*line 00160000 of/);
  assert.match(
    log?.truncated ?? "",
    /^stdout: \d+ of \d+ bytes cut in the middle; lines \d+-\d+ of \d+ of stdout left out/,
  );
  assert.match(who?.stdout ?? "", /somebody/);
  assert.equal(ebpf_results["exits_1700000000"]?.summary, "not started");
  assert.match(notes?.at(-1) ?? "", /"output:<id>","lines":"200-260"/);

  const [part] = seen(model, 2).command_results;
  assert.match(part?.stdout ?? "", /^«data \w+»\n(line 0000400[012] of a log .*\n){3}«end \w+»$/);
  assert.deepEqual(part?.slice, { of: "log", stream: "stdout", lines: "4000-4002" });
  const kept = document.turns[0]!.command_results[0]!.stdout.length;
  assert.ok(kept > 500_000 && kept < 600_000, `${kept} bytes kept`);
});

Deno.test("a window that nobody told is learned from the first refusal", async () => {
  const { document, model } = await played({ answer: (number) => [ASK, ASK, CONCLUDE][number] });
  assert.equal(document.failure, undefined);
  assert.ok(model.refused >= 1 && model.refused <= 3, `${model.refused} refusals`);
});

Deno.test("a tokenizer that takes twice as many tokens, and does not say what fits, is learned as well", async () => {
  const { document, model } = await played({
    answer: (number) => [ASK, ASK, CONCLUDE][number],
    window_tokens: 2 * WINDOW_TOKENS,
    bytes_per_token: 1.5,
    refusal: "the request exceeds the available context size",
  });
  assert.equal(document.failure, undefined);
  assert.ok(model.refused <= 8, `${model.refused} refusals`);
});

Deno.test("twelve rounds and a long issue fit into 4,096 tokens: what is old is told in short", async () => {
  const round = (number: number): unknown => ({
    ...ASK,
    reasoning: "because ".repeat(200),
    commands: [{ id: `log${number}`, command: `${TEN_MB} ; echo ${number}` }],
  });
  const { document, model } = await played({ answer: (number) => number < 11 ? round(number) : CONCLUDE }, {
    window_tokens: WINDOW_TOKENS,
    max_rounds: 12,
    issue: `${"it is slow and ".repeat(3000)} the end`,
  });
  assert.equal(document.failure, undefined);
  assert.equal(model.refused, 0);
  assert.equal(document.turns.length, 11);
  assert.match(model.answered[0]![1]!.content, /^# Problem\nit is slow[^]*characters left out[^]*the end\n/);
  assert.match(seen(model, 11).command_results[0]!.stdout, /line 00000001 of a log/);
});

Deno.test("a window too small for the contract ends the run as failed, with a hint", async () => {
  const { document } = await played({ answer: () => ASK, window_tokens: 512 });
  assert.equal(document.failure?.kind, "model");
  assert.match(document.failure.hint ?? "", /--window/);
});

Deno.test("ContextWindow corrects its count by what the model says, and never by much to the better", () => {
  const window = new ContextWindow(10_000);
  const size = { prose: 2900, results: 2000 };
  assert.equal(window.tokensOf(size), 2000);
  window.measured(size, 4000);
  assert.equal(window.tokensOf(size), 4400);
  window.measured(size, 1);
  assert.equal(window.tokensOf(size), 1500);
  assert.equal(window.question_tokens, 7500);
});
