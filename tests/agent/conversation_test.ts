import assert from "node:assert/strict";
import { Conversation, type ConversationOptions, type Operator } from "../../src/agent/conversation.ts";
import type { Progress } from "../../src/agent/progress.ts";
import { createGateway } from "../../src/models/gateway/mod.ts";
import { ModelError } from "../../src/models/model.ts";
import { diagnosticReply, parse, type Results, results, type Run, run, stringify } from "../../src/protocol/mod.ts";
import { SAMPLE_HOST } from "../support/sample_run.ts";
import { EPISODE_ID, type ScriptedGateway, scriptedGateway, type Step } from "../support/scripted_gateway.ts";
import { runWithSh, startWithoutPrivileges } from "./hands.ts";

type Played = Omit<Partial<ConversationOptions>, "model">;

/** A conversation whose commands are counted. */
class Scripted implements AsyncDisposable {
  readonly server: ScriptedGateway;
  readonly conversation: Conversation;
  readonly ran: string[] = [];
  readonly progress: Progress[] = [];

  constructor(script: readonly Step[], options: Played = {}) {
    this.server = scriptedGateway(script);
    const model = createGateway({ endpoint: this.server.endpoint, model: "f", retries: { tries: 1 } });
    this.conversation = new Conversation({
      issue: "it is slow",
      host: SAMPLE_HOST,
      model,
      hands: {
        startPrograms: startWithoutPrivileges,
        runCommand: (request, limits) => {
          this.ran.push(request.command);
          return runWithSh(request, limits);
        },
      },
      on_progress: (progress) => this.progress.push(progress),
      ...options,
    });
  }

  async diagnose(): Promise<Run> {
    return printed(await this.conversation.diagnose());
  }

  /** What the model read last before its answer. */
  lastWords(question: number): string {
    return this.server.requests[question]?.body.messages.at(-1).content;
  }

  seen(question: number): Results {
    return results.parse(parse(this.lastWords(question)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
  }
}

/** What is printed must be readable by the schema that is printed for it. */
function printed(document: Run): Run {
  return run.parse(parse(stringify(document)));
}

function asks(commands: Record<string, unknown>[], more: Record<string, unknown> = {}): Step {
  return { content: { response_type: "diagnostic", commands, ...more } };
}

function concludes(claim: string, evidence: readonly string[], root_cause = "x"): Step {
  const findings = [{ claim, evidence }];
  return { content: { response_type: "resolution", root_cause, resolution_plan: "p", confidence: "High", findings } };
}

const ECHO = { id: "echo", command: "echo captured" };
const EXITS = { name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 10 };
const DONE = concludes("`captured` was printed", ["echo"]);

Deno.test("Conversation answers what was asked before from what is known, and says how to have it run again", async () => {
  await using scripted = new Scripted([
    asks([ECHO], { ebpf_programs: [EXITS] }),
    asks([{ id: "once_more", command: " echo captured " }, { id: "new", command: "echo new" }]),
    asks([{ ...ECHO, description: "in other words" }], { ebpf_programs: [{ ...EXITS, name: "ends" }] }),
    asks([{ ...ECHO, again: true }], { ebpf_programs: [{ ...EXITS, duration: 20 }] }),
    DONE,
  ]);
  const { turns } = await scripted.diagnose();
  assert.deepEqual(scripted.ran, ["echo captured", "echo new", "echo captured"]);

  const [repeated, fresh] = scripted.seen(2).command_results;
  assert.match(repeated?.stdout ?? "", /captured/);
  assert.deepEqual([repeated?.id, repeated?.repeat_of, fresh?.repeat_of], ["once_more", "echo", undefined]);
  assert.match(scripted.seen(2).notes!.join("\n"), /not run again: once_more\. .*"again": true/);
  assert.doesNotMatch(scripted.seen(2).notes!.join("\n"), /All of this request/);

  assert.equal(turns[2]?.ebpf_results["ends_1700000000"]?.repeat_of, "exits_1700000000");
  assert.match(turns[2]!.notes!.join("\n"), /echo_2, ends_1700000000.*\nAll of this request is a repetition: ask for/);
  assert.equal(turns[3]?.command_results[0]?.repeat_of, undefined);
  assert.equal(turns[3]?.ebpf_results["exits_1700000000"]?.repeat_of, undefined, "a longer look is a fresh one");
});

Deno.test("Conversation answers slices from what it kept, and nothing runs for them", async () => {
  await using scripted = new Scripted([
    asks([{ id: "many", command: "seq 1000" }, { id: "bad", command: "ls /nowhere" }]),
    asks([
      { id: "output:many", lines: "200-203" },
      { id: "output:many", lines: "999-" },
      { id: "many", lines: "7" },
      { id: "output:bad", lines: "1", stream: "stderr" },
      { id: "output:many", lines: "1001-1002" },
      { id: "output:many", lines: "some" },
      { id: "output:other", lines: "1-2" },
      { id: "output:bad", lines: "1" },
    ]),
    concludes("1000 lines", ["many"]),
  ]);
  const { turns } = await scripted.diagnose();
  assert.equal(scripted.ran.length, 2);
  const answers = turns[1]!.command_results;
  assert.deepEqual(answers.slice(0, 3).map(({ stdout }) => stdout), ["200\n201\n202\n203\n", "999\n1000\n", "7\n"]);
  assert.match(answers[3]!.stdout, /nowhere/);
  assert.deepEqual(answers.slice(4).map(({ error }) => error), [
    "Cannot show lines of many: it has lines 1 to 1000, not 1001-1002. Ask for lines within these.",
    'Cannot show lines of many: "some" is no range. Write "200-260", "200-" or "17".',
    "Cannot show lines of output:other: no command result of this run is called so. There is output of: many, bad.",
    "Cannot show lines of bad: it is empty; there may be something in the other stream.",
  ]);
  assert.deepEqual(answers[0]?.slice, { of: "many", stream: "stdout", lines: "200-203" });
});

Deno.test("Conversation hands notes about a mended reply to the model and to the run", async () => {
  await using scripted = new Scripted([asks([], { ebpf_programs: [{ ...EXITS, duration: "90s" }] }), DONE]);
  const { turns } = await scripted.diagnose();
  const notes = turns[0]?.notes?.join("\n") ?? "";
  assert.match(notes, /duration/);
  assert.ok(scripted.seen(1).notes!.join("\n").includes(notes));
});

Deno.test("Conversation has unsupported claims corrected once, and keeps the better answer", async () => {
  const forged = concludes("`forged` was printed", ["echo"], "first");
  for (
    const [second, expected] of [
      [concludes("`captured` was printed", ["echo"], "second"), "second"],
      [concludes("`invented` was printed", ["nothing"], "second"), "first"],
    ] as const
  ) {
    await using scripted = new Scripted([asks([ECHO]), forged, second]);
    const { resolution, failure } = await scripted.diagnose();
    assert.equal(failure, undefined);
    assert.equal(resolution?.root_cause, expected);
    assert.match(scripted.lastWords(2), /held against the results[^]*`forged` was printed/);
    assert.equal(scripted.server.requests.length, 3, "asked once");
  }
});

Deno.test("Conversation keeps an answer that could not be corrected: no round is left, or the gateway is gone", async () => {
  const forged = concludes("`forged` was printed", ["echo"]);
  await using last = new Scripted([asks([ECHO]), forged], { max_rounds: 2 });
  assert.equal((await last.diagnose()).resolution?.root_cause, "x");
  await using gone = new Scripted([asks([ECHO]), forged, { status: 401, body: "{}" }]);
  const { resolution, failure, evidence_check } = await gone.diagnose();
  assert.deepEqual([resolution?.root_cause, failure], ["x", undefined]);
  assert.equal(evidence_check?.claims?.[0]?.status, "unsupported");
});

Deno.test("Conversation goes on in the same episode for a follow-up, with rounds anew and all that was gathered", async () => {
  await using scripted = new Scripted([
    asks([ECHO]),
    DONE,
    asks([{ id: "disk", command: "echo 42 percent" }]),
    concludes("42 percent", ["disk"], "the disk"),
  ], { max_rounds: 2 });
  await scripted.diagnose();
  const document = printed(await scripted.conversation.followUp("and the disk?"));
  assert.equal(document.resolution?.root_cause, "the disk");
  assert.deepEqual(document.turns.map(({ command_results }) => command_results[0]?.id), ["echo", "disk"]);
  assert.deepEqual(
    document.follow_ups?.map((
      { question, turns_before, earlier_resolution },
    ) => [question, turns_before, earlier_resolution?.root_cause]),
    [["and the disk?", 1, "x"]],
  );
  const { messages, ...body } = scripted.server.requests[2]!.body;
  assert.equal(body["tensorzero::episode_id"], EPISODE_ID);
  assert.deepEqual(messages.map(({ role }: { role: string }) => role), [
    ...["system", "user", "assistant", "user", "assistant", "user"],
  ]);
  assert.match(
    messages.at(-1).content,
    /has read your resolution\. .* asks on[^]*and the disk\?\n\nYou have 2 more replies/,
  );
});

Deno.test("Conversation goes on from turns and an episode that were there before", async () => {
  await using first = new Scripted([asks([ECHO]), { status: 401, body: "{}" }]);
  const { turns, failure } = await first.diagnose();
  assert.equal(failure?.kind, "model");
  await using second = new Scripted([DONE], { turns, episode_id: EPISODE_ID, max_rounds: 1 });
  const { resolution } = await second.diagnose();
  assert.equal(resolution?.confidence, "High");
  assert.equal(second.server.requests[0]?.body["tensorzero::episode_id"], EPISODE_ID);
  assert.match(second.lastWords(0), /captured/);
  assert.match(second.lastWords(0), /must be a resolution/);
});

Deno.test("Conversation.next() asks, runs nothing, and throws what keeps the model from answering", async () => {
  await using scripted = new Scripted([asks([ECHO]), { status: 401, body: "{}" }]);
  const { reply } = await scripted.conversation.next();
  assert.equal(reply.response_type, "diagnostic");
  assert.deepEqual(scripted.ran, []);
  await assert.rejects(scripted.conversation.next(), ModelError);
});

Deno.test("Conversation shows a turn to the operator, runs what is left of it, and tells the model", async () => {
  await using scripted = new Scripted([asks([ECHO, { id: "slow", command: "sleep 60" }]), DONE], {
    operator: {
      review: (request) =>
        Promise.resolve(diagnosticReply.parse({ ...request, commands: request.commands.slice(0, 1) })),
      heard: () => Promise.resolve("look at cron"),
    },
  });
  const { turns } = await scripted.diagnose();
  assert.deepEqual(scripted.ran, ["echo captured"]);
  assert.deepEqual(turns[0]?.notes, ["The operator says: look at cron"]);
  assert.ok(scripted.seen(1).notes?.includes("The operator says: look at cron"));
});

Deno.test("Conversation ends with the best answer so far when the operator stops it", async () => {
  const operator = { review: () => Promise.resolve("stop" as const) };
  await using answered = new Scripted([asks([ECHO]), concludes("nothing", [], "a guess")], { operator });
  const { resolution } = await answered.diagnose();
  assert.equal(resolution?.root_cause, "a guess");
  assert.deepEqual(answered.ran, []);
  assert.match(answered.lastWords(1), /The operator wants the answer now/);
  await using unanswered = new Scripted([asks([ECHO]), asks([ECHO])], { operator });
  assert.equal((await unanswered.diagnose()).failure?.kind, "interrupted");
});

Deno.test("Conversation does not wait for an answer that the operator waits for no more, and gives the best so far", async () => {
  const late = { ...DONE, delay_ms: 60_000 };
  for (const script of [[asks([ECHO]), concludes("nothing", [], "a guess"), late], [asks([ECHO]), late]]) {
    const stop = new AbortController();
    await using scripted = new Scripted(script, {
      operator: { review: (request) => Promise.resolve(request), stopping: stop.signal },
      on_progress: (progress) => {
        if (progress.kind === "asking" && progress.round === script.length) setTimeout(() => stop.abort(), 20);
      },
    });
    const { resolution, failure, turns } = await scripted.diagnose();
    assert.equal(resolution?.root_cause, script.length === 3 ? "a guess" : undefined);
    assert.equal(failure?.kind, script.length === 3 ? undefined : "interrupted");
    assert.equal(turns[0]?.command_results[0]?.stdout, "captured\n");
  }
});

/** An operator whose hint was typed while the first answer was on its way. */
function hinting(): Operator {
  const hints = ["it began at noon"];
  return { review: (request) => Promise.resolve(request), lateHint: () => hints.pop() };
}

Deno.test("Conversation asks on with a hint that came too late, within the rounds, and the new answer replaces the old", async () => {
  const [first, second] = [concludes("`captured` was printed", ["echo"], "a guess"), concludes("no", [], "cron")];
  const other = { id: "cron", command: "echo cron" };
  await using scripted = new Scripted([asks([ECHO]), first, asks([other]), second, second], { operator: hinting() });
  const document = await scripted.diagnose();
  assert.match(scripted.lastWords(2), /said this before your resolution came\. .*\n\nit began at noon/);
  assert.deepEqual(scripted.ran, ["echo captured", "echo cron"]);
  assert.equal(document.resolution?.root_cause, "cron", "also where it stands on less");
  assert.deepEqual(
    document.follow_ups?.map(({ question, turns_before, earlier_resolution }) => [
      question,
      turns_before,
      earlier_resolution?.root_cause,
    ]),
    [["it began at noon", 1, "a guess"]],
  );
});

Deno.test("Conversation keeps an answer behind which a hint cannot be told: the gateway is gone, or no round is left", async () => {
  await using gone = new Scripted([asks([ECHO]), DONE, { status: 401, body: "{}" }], { operator: hinting() });
  const { resolution, evidence_check, follow_ups } = await gone.diagnose();
  assert.equal(resolution?.confidence, "High");
  assert.match(evidence_check?.notes.at(-1) ?? "", /does not know the operator's hint "it began at noon"\. .*HTTP 401/);
  assert.equal(follow_ups, undefined);

  const operator = hinting();
  await using last = new Scripted([asks([ECHO]), DONE], { operator, max_rounds: 2 });
  assert.equal((await last.diagnose()).resolution?.confidence, "High");
  assert.equal(operator.lateHint?.(), "it began at noon", "left to be told that it was not sent");
});

Deno.test("Conversation tells the model to conclude when time is nearly used, and ends when it is", async () => {
  const budget = { max_time_s: 2 };
  await using told = new Scripted([asks([{ id: "slow", command: "sleep 60" }]), DONE], { budget });
  const { turns, failure } = await told.diagnose();
  assert.equal(failure, undefined);
  assert.equal(turns[0]?.command_results[0]?.signal, "SIGTERM", "the turn leaves time for an answer");
  assert.match(told.lastWords(1), /The time of this run is nearly used\. Your next reply must be a resolution/);
  assert.equal(told.seen(1).rounds_left, 1);

  await using late = new Scripted([asks([ECHO]), { ...DONE, delay_ms: 60_000 }], { budget });
  const document = await late.diagnose();
  assert.equal(document.failure?.kind, "limit");
  assert.match(document.failure.message, /No conclusion within 2 s/);
  assert.match(document.failure.hint ?? "", /--max-time/);
  assert.equal(document.turns[0]?.command_results[0]?.stdout, "captured\n");
});

Deno.test("Conversation counts tokens, tells the model to conclude, and ends when they are used up", async () => {
  const usage = { input_tokens: 40_000, output_tokens: 5_000 };
  const budget = { max_tokens: 100_000 };
  const more = [asks([ECHO]), asks([{ id: "b", command: "echo b" }]), asks([{ id: "c", command: "echo c" }])];
  await using scripted = new Scripted(more.map((step) => ({ ...step, usage })), { budget });
  const { failure, turns, usage: used } = await scripted.diagnose();
  assert.match(scripted.lastWords(2), /The tokens of this run are nearly used/);
  assert.equal(failure?.kind, "limit");
  assert.match(failure.message, /No conclusion within 100000 tokens/);
  assert.equal(turns.length, 2);
  assert.deepEqual(used, { input_tokens: 120_000, output_tokens: 15_000 });

  await using over = new Scripted([{ ...more[0]!, usage: { input_tokens: 120_000, output_tokens: 1 } }], { budget });
  assert.equal((await over.diagnose()).failure?.kind, "limit");
  assert.equal(over.server.requests.length, 1, "nothing is asked with nothing left");
});

Deno.test("Conversation tells of each turn when it is complete", async () => {
  await using scripted = new Scripted([asks([ECHO]), DONE]);
  const { turns } = await scripted.diagnose();
  const told = scripted.progress.filter((progress) => progress.kind === "turn");
  assert.deepEqual(told.map(({ index }) => index), [0]);
  assert.deepEqual(parse(stringify(told[0]!.turn)), parse(stringify(turns[0])));
});
