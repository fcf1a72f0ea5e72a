/** A recorded diagnosis, begun or resumed, that kills itself at one of the record's writes. */
import { Conversation } from "../../src/agent/conversation.ts";
import type { Hands } from "../../src/agent/turn.ts";
import type { Model } from "../../src/models/model.ts";
import { recordedModel } from "../../src/models/recorded.ts";
import { reply } from "../../src/protocol/mod.ts";
import { handsThatKnow } from "../../src/record/hands.ts";
import { readRecord } from "../../src/record/read.ts";
import { Record } from "../../src/record/record.ts";
import { pendingAnswers } from "../../src/record/resume.ts";
import { startWithoutPrivileges } from "../agent/hands.ts";
import { ASKED, ELSEWHERE, MACHINE, WHO } from "./folder.ts";

/** The model's answers, by the number of turns before. */
const ANSWERS = [["a", "b"], ["c"], undefined].map((ids) =>
  reply.parse(
    ids === undefined
      ? { response_type: "resolution", root_cause: "x", resolution_plan: "y", confidence: "Low" }
      : { response_type: "diagnostic", commands: ids.map((id) => ({ id, command: `echo ${id}` })) },
  )
);

const [outer = "", step = "", die_at = "0"] = Deno.args;
const folder = `${outer}/record`;

function log(file: string, line: string): void {
  Deno.writeTextFileSync(`${outer}/${file}`, `${line}\n`, { append: true });
}

const model: Model = {
  name: "m",
  answer: ({ turns }) => {
    log("asked", String(turns.length));
    return Promise.resolve({ reply: ANSWERS[turns.length]!, raw: "{}" });
  },
};
const hands: Hands = {
  startPrograms: startWithoutPrivileges,
  runCommand: ({ id, command }) => {
    log("ran", id);
    return Promise.resolve({ id, command, exit_code: 0, stdout: id, stderr: "", duration_ms: 1 });
  },
};

/** From here on the process ends at the given write: before it, or in the middle of a line. */
function armed(write: number): void {
  const { renameSync, writeTextFileSync } = Deno;
  let writes = 0;
  const dies = (): boolean => ++writes === write;
  const die = (): void => Deno.kill(Deno.pid, "SIGKILL");
  Deno.renameSync = (from, to) => {
    if (dies()) die();
    renameSync(from, to);
  };
  Deno.writeTextFileSync = (path, text, options) => {
    if (String(path).startsWith(folder) && dies()) {
      writeTextFileSync(path, text.slice(0, text.length / 2), options);
      die();
    }
    writeTextFileSync(path, text, options);
  };
}

function conversation(record: Record, options: Partial<ConstructorParameters<typeof Conversation>[0]>): Conversation {
  return new Conversation({
    issue: ASKED.issue,
    host: ASKED.host,
    model: record.listenTo(model),
    hands,
    on_progress: (progress) => record.progress(progress),
    ...options,
  });
}

if (step === "begin") {
  const record = Record.create(folder, WHO);
  record.began(ASKED);
  armed(Number(die_at));
  record.end("run.json", await conversation(record, {}).diagnose());
} else {
  const earlier = readRecord(folder, ELSEWHERE);
  const { options, host, turns, turns_done, parts } = earlier;
  const now = { options, host, machine: MACHINE, turns: turns_done, notes: [] };
  const record = Record.resume(folder, WHO, now);
  const run = await conversation(record, {
    model: recordedModel("m", pendingAnswers(earlier), { after: record.listenTo(model) }),
    hands: handsThatKnow(hands, parts),
    turns,
  }).diagnose();
  record.end("run.json", run);
}
