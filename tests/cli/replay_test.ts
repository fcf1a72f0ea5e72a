import assert from "node:assert/strict";
import { Conversation, type ConversationOptions, type Operator } from "../../src/agent/conversation.ts";
import { main } from "../../src/cli/app.ts";
import { type Model, ModelError } from "../../src/models/model.ts";
import { parse, type Reply, reply, type Run, run, stringify } from "../../src/protocol/mod.ts";
import type { Record } from "../../src/record/record.ts";
import { runWithSh, startWithoutPrivileges } from "../agent/hands.ts";
import { ASKED, begun, RecordFolder } from "../record/folder.ts";
import { keptWriter } from "../support/writer.ts";

const ASK = (...lines: readonly string[]): unknown => ({
  response_type: "diagnostic",
  commands: lines.map((command, index) => ({ id: `c${index}`, command })),
  ebpf_programs: [{ name: "exits", type: "tracepoint", target: "sched/sched_process_exit", duration: 10 }],
});
const CONCLUDE = (claim: string, id: string): unknown => ({
  response_type: "resolution",
  root_cause: "x",
  resolution_plan: "y",
  confidence: "High",
  findings: [{ claim, evidence: [id] }],
});

/** Gives these replies, and then is gone. */
function scripted(replies: readonly unknown[]): Model {
  const left: Reply[] = replies.map((each) => reply.parse(each));
  return {
    name: "http://gw f",
    answer: () => {
      const next = left.shift();
      return next === undefined
        ? Promise.reject(new ModelError("the gateway is gone", "start it"))
        : Promise.resolve({ reply: next, raw: `sure: ${stringify(next)}`, notes: ["mended"] });
    },
  };
}

interface Played {
  readonly record: Record;
  readonly conversation: Conversation;
}

function playing(folder: string, replies: readonly unknown[], options: Partial<ConversationOptions> = {}): Played {
  const record = begun(folder);
  const conversation = new Conversation({
    issue: ASKED.issue,
    host: ASKED.host,
    model: record.listenTo(scripted(replies)),
    hands: { runCommand: runWithSh, startPrograms: startWithoutPrivileges },
    max_rounds: ASKED.options.max_rounds,
    on_progress: (progress) => record.progress(progress),
    ...options,
  });
  return { record, conversation };
}

/** The replay's document and words; its text must be that of the run's. */
async function replays(folder: string): Promise<{ readonly run: Run; readonly notes: string }> {
  const { writer, stdout, stderr } = keptWriter();
  await main(["replay", "--json", folder], writer);
  assert.equal(stdout.text(), Deno.readTextFileSync(`${folder}/run.json`), stderr.text());
  return { run: run.parse(parse(stdout.text())), notes: stderr.text() };
}

const COMPLAINED = [ASK("echo 41", "echo 42"), CONCLUDE("it printed 77", "c1"), CONCLUDE("it printed 42", "c1")];

for (
  const [what, replies, check] of [
    ["a claim that was corrected", COMPLAINED, ({ resolution, turns }) => {
      assert.equal(resolution?.findings?.[0]?.claim, "it printed 42");
      assert.deepEqual(turns[0]?.notes, ["mended"]);
    }],
    [
      "a model that went away",
      [ASK("echo 41")],
      ({ failure }) => assert.equal(failure?.message, "the gateway is gone"),
    ],
    [
      "commands that were asked for twice",
      [ASK("echo 41"), ASK("echo 41", "echo 43"), CONCLUDE("41", "c0")],
      ({ turns }) => {
        assert.equal(turns[1]?.command_results[0]?.repeat_of, "c0");
      },
    ],
    ["all rounds used up", Array.from({ length: 9 }, (_, n) => ASK(`echo ${n}`)), ({ failure }) => {
      assert.equal(failure?.kind, "limit");
    }],
  ] as readonly (readonly [string, readonly unknown[], (run: Run) => void])[]
) {
  Deno.test(`ktriage replay plays ${what} as it was`, async () => {
    using folder = new RecordFolder();
    const { record, conversation } = playing(folder.path, replies);
    record.end("run.json", await conversation.diagnose());
    const { run, notes } = await replays(folder.path);
    check(run);
    assert.match(notes, /came to the same report/);
  });
}

Deno.test("ktriage replay plays what an operator took out, said, stopped and asked afterwards", async () => {
  using folder = new RecordFolder();
  let reviews = 0;
  const operator: Operator = {
    review: (request) => {
      if (++reviews === 2) return Promise.resolve("stop");
      const rest = { ...request, commands: request.commands.slice(1), ebpf_programs: [] };
      return Promise.resolve(reviews === 1 ? rest : request);
    },
    heard: () => Promise.resolve("look at the disk"),
  };
  const { record, conversation } = playing(folder.path, [
    ASK("echo 41", "echo 42"),
    ASK("echo 43"),
    CONCLUDE("it printed 42", "c1"),
    ASK("echo 44"),
    CONCLUDE("it printed 44", "c0"),
  ], { operator });
  record.end("run.json", await conversation.diagnose());
  record.end("run.json", await conversation.followUp("and the disk?"));
  const { run } = await replays(folder.path);
  assert.deepEqual(run.turns.map(({ command_results }) => command_results.map(({ stdout }) => stdout)), [
    ["42\n"],
    ["44\n"],
  ]);
  assert.match(run.turns[0]!.notes!.join(), /look at the disk/);
  assert.equal(run.follow_ups?.[0]?.question, "and the disk?");
});

Deno.test("ktriage replay plays a hint behind an answer as it was", async () => {
  using folder = new RecordFolder();
  const hints = ["look at the disk"];
  const { record, conversation } = playing(folder.path, [
    ASK("echo 41"),
    CONCLUDE("it printed 41", "c0"),
    ASK("echo 42"),
    CONCLUDE("it printed 42", "c0_2"),
  ], { operator: { review: (request) => Promise.resolve(request), lateHint: () => hints.pop() } });
  record.end("run.json", await conversation.diagnose());
  hints.push("look at cron");
  record.end("run.json", await conversation.followUp("and at night?")); // the gateway is gone
  hints.push("look at the log");
  const { run, notes } = await replays(folder.path);
  assert.deepEqual(run.follow_ups?.map(({ question }) => question), ["look at the disk", "and at night?"]);
  assert.equal(run.turns.length, 2);
  assert.match(notes, /came to the same report/);
});

Deno.test("ktriage replay plays a hint that had no answer as it was", async () => {
  using folder = new RecordFolder();
  const hints = ["look at the disk"];
  const { record, conversation } = playing(folder.path, [ASK("echo 41"), CONCLUDE("it printed 41", "c0")], {
    operator: { review: (request) => Promise.resolve(request), lateHint: () => hints.pop() },
  });
  record.end("run.json", await conversation.diagnose());
  const { run, notes } = await replays(folder.path);
  assert.match(run.evidence_check?.notes.join() ?? "", /does not know the operator's hint .* the gateway is gone/);
  assert.match(notes, /came to the same report/);
});

Deno.test("ktriage replay of a run that was killed ends where its record ends", async () => {
  using folder = new RecordFolder();
  const { conversation } = playing(folder.path, [ASK("echo 41"), ASK("echo 42")], {
    on_progress: () => {}, // the first turn is never written
  });
  await conversation.diagnose();
  const audit = `${folder.path}/audit.jsonl`;
  // Not this process: it would be under way.
  Deno.writeTextFileSync(audit, Deno.readTextFileSync(audit).replace(/"start_ticks":\d+/, '"start_ticks":1'));
  const { writer, stdout } = keptWriter();
  assert.equal(await main(["replay", "--json", folder.path], writer), 1);
  const { turns, failure } = run.parse(parse(stdout.text()));
  assert.deepEqual([turns, failure?.kind], [[], "interrupted"]);
  assert.match(failure!.message, /The record ends here/);
});
