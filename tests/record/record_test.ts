import assert from "node:assert/strict";
import { runCommand } from "../../src/commands/mod.ts";
import { type Answer, type Model, ModelError } from "../../src/models/model.ts";
import { auditEntry } from "../../src/protocol/mod.ts";
import { RecordError } from "../../src/record/files.ts";
import { readAudit, readRecord } from "../../src/record/read.ts";
import { Record } from "../../src/record/record.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";
import {
  answers,
  ASKED,
  begun,
  ELSEWHERE,
  MACHINE,
  QUESTION,
  RecordFolder,
  RESOLUTION,
  runs,
  TURN,
  WHO,
} from "./folder.ts";

const BEGAN = { version: "1.2.3", arguments: ["run", "-"] };

class Folder extends RecordFolder {
  entries() {
    const lines = Deno.readTextFileSync(`${this.path}/audit.jsonl`).trim().split("\n");
    return lines.map((line) => auditEntry.parse(JSON.parse(line)));
  }
}

function modeOf(path: string): string {
  return (Deno.statSync(path).mode! & 0o777).toString(8);
}

Deno.test("Record.create() makes a folder that only its user may open, and its files alike", () => {
  using folder = new Folder();
  const record = Record.create(folder.path, BEGAN);
  record.sent({ url: "http://gateway/", body: "ä" });
  record.end("run.json", { schema: "ktriage.run/1", at: 2n ** 60n });
  for (const path of ["", "/outputs", "/sent"]) assert.equal(modeOf(folder.path + path), "700", path);
  for (const path of ["audit.jsonl", "sent/0001.json", "run.json"]) {
    assert.equal(modeOf(`${folder.path}/${path}`), "600", path);
  }
  const [began, sent, ended] = folder.entries();
  assert.ok(began?.kind === "began" && began.process_id === Deno.pid);
  assert.ok(sent?.kind === "sent" && sent.bytes === 2 && Deno.readTextFileSync(`${folder.path}/${sent.file}`) === "ä");
  assert.ok(
    ended?.kind === "ended" && Deno.readTextFileSync(`${folder.path}/${ended.document}`).includes(`${2n ** 60n}`),
  );
});

Deno.test("Record.create() closes an empty folder to others, and refuses one that holds something", () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.path, { mode: 0o755 });
  Record.create(folder.path, BEGAN);
  assert.equal(modeOf(folder.path), "700");
  assert.throws(() => Record.create(folder.path, BEGAN), (error) => {
    assert.ok(error instanceof RecordError);
    assert.match(error.message, /^Cannot record to .*: it is not empty/);
    return true;
  });
  assert.throws(() => Record.create(`${folder.path}/audit.jsonl/below`, BEGAN), RecordError);
});

Deno.test("a record has each command's verdict, and all that it printed", async () => {
  using folder = new Folder();
  const watch = Record.create(folder.path, BEGAN);
  const ran = await runCommand({ id: "count", command: "seq 100000; echo done >&2" }, { watch, output_bytes: 1000 });
  assert.ok(ran.truncated !== undefined);
  await runCommand({ id: "quiet", command: "true" }, { watch });
  await runCommand({ id: "wipe", command: "ls; rm -rf /nowhere" }, { watch });
  const [, count, count_ran, quiet, quiet_ran, wipe, ...rest] = folder.entries();
  assert.ok(count?.kind === "judged" && count.verdict === "allowed" && count.runs === count.command);
  assert.ok(count_ran?.kind === "ran" && count_ran.id === "count" && count_ran.exit_code === 0);
  assert.equal(count_ran.sandbox, ran.sandbox);
  const stdout = Deno.readTextFileSync(`${folder.path}/${count_ran.stdout.file}`);
  assert.deepEqual([stdout.length, count_ran.stdout.total_bytes], [588_895, 588_895]);
  assert.equal(Deno.readTextFileSync(`${folder.path}/${count_ran.stderr.file}`), "done\n");
  assert.equal(modeOf(`${folder.path}/${count_ran.stdout.file}`), "600");
  assert.ok(quiet?.kind === "judged");
  assert.ok(quiet_ran?.kind === "ran" && quiet_ran.stdout.file === undefined && quiet_ran.stdout.total_bytes === 0);
  assert.ok(wipe?.kind === "judged" && wipe.verdict === "refused" && wipe.piece === "rm -rf /nowhere");
  assert.deepEqual(rest, []);
  assert.equal([...Deno.readDirSync(`${folder.path}/outputs`)].length, 2);
});

Deno.test("a record that cannot be written any more says so, and the command's result is whole", async () => {
  using folder = new Folder();
  const watch = Record.create(folder.path, BEGAN);
  Deno.removeSync(`${folder.path}/audit.jsonl`);
  Deno.mkdirSync(`${folder.path}/audit.jsonl`);
  assert.equal(watch.fault, undefined);
  const { stdout } = await runCommand({ id: "x", command: "echo x" }, { watch });
  assert.equal(stdout, "x\n");
  assert.match(watch.fault ?? "", /directory/);
});

Deno.test("Record.listenTo() keeps each answer as it came, and why there was none", async () => {
  using folder = new Folder();
  const record = begun(folder.path);
  await answers(record, { reply: TURN.request, raw: "```json …", episode_id: "e", notes: ["mended"] } as Answer);
  record.unusable("Sure!", "no JSON");
  const failing: Model = { name: "m", answer: () => Promise.reject(new ModelError("it is gone", "start it")) };
  const signal = new AbortController();
  await assert.rejects(record.listenTo(failing).answer(QUESTION, { signal: signal.signal }), /it is gone/);
  signal.abort(); // what was stopped is no failure of the model
  await assert.rejects(record.listenTo(failing).answer(QUESTION, { signal: signal.signal }));
  const { answers: kept } = readRecord(folder.path, ELSEWHERE);
  assert.deepEqual(
    kept.map(({ raw, reply, episode_id, notes, error }) => ({
      raw,
      type: reply?.response_type,
      episode_id,
      notes,
      error,
    })),
    [
      { raw: "```json …", type: "diagnostic", episode_id: "e", notes: ["mended"], error: undefined },
      {
        raw: "Sure!",
        type: undefined,
        episode_id: undefined,
        notes: undefined,
        error: { message: "no JSON", hint: "" },
      },
      {
        raw: undefined,
        type: undefined,
        episode_id: undefined,
        notes: undefined,
        error: { message: "it is gone", hint: "start it" },
      },
    ],
  );
  assert.equal(modeOf(`${folder.path}/replies/0001.json`), "600");
});

Deno.test("a record has each command's result at once, and the turn in its place when it is complete", () => {
  using folder = new Folder();
  const record = begun(folder.path);
  const [first, second] = TURN.command_results;
  record.progress({ kind: "command_ended", result: first! });
  record.progress({ kind: "command_ended", result: second! });
  // As a kill in the middle of a line leaves it.
  const part = `${folder.path}/turns/0001.part.jsonl`;
  Deno.writeTextFileSync(part, '{"schema":"ktriage.part/1","command_re', { append: true });
  const killed = readRecord(folder.path, ELSEWHERE);
  assert.deepEqual([killed.turns, killed.parts.map(({ id }) => id)], [[], [first!.id, second!.id]]);
  assert.equal(killed.state, "interrupted");
  assert.equal(modeOf(part), "600");

  record.progress({ kind: "turn", turn: TURN, index: 0 });
  const { turns, parts } = readRecord(folder.path, ELSEWHERE);
  assert.deepEqual([turns, parts], [[TURN], []]);
  assert.equal(modeOf(`${folder.path}/turns/0001.json`), "600");
  assert.deepEqual([...Deno.readDirSync(`${folder.path}/turns`)].map(({ name }) => name), ["0001.json"]);
});

Deno.test("Record.resume() goes on in the numbers and the audit of the record", async () => {
  using folder = new Folder();
  const record = begun(folder.path);
  record.sent({ url: "http://gateway/", body: "1" });
  await answers(record, { reply: TURN.request });
  runs(record);
  // A line that a kill has torn.
  Deno.writeTextFileSync(`${folder.path}/audit.jsonl`, '{"time":"2023', { append: true });
  const now = { options: { ...ASKED.options, max_rounds: 9 }, host: ASKED.host, machine: MACHINE };
  const again = Record.resume(folder.path, WHO, { ...now, turns: 1, notes: ["later"] });
  again.sent({ url: "http://gateway/", body: "2" });
  await answers(again, { reply: RESOLUTION });
  again.end("run.json", SAMPLE_RUN);

  const read = readRecord(folder.path, ELSEWHERE);
  assert.deepEqual(read.answers.map(({ turns_before }) => turns_before), [0, 1]);
  assert.equal(read.options.max_rounds, 9);
  assert.deepEqual(read.turns[0]?.notes, ["later"]);
  assert.equal(read.state, "concluded");
  assert.deepEqual(read.run, SAMPLE_RUN);
  assert.equal(Deno.readTextFileSync(`${folder.path}/sent/0002.json`), "2");
  assert.deepEqual(readAudit(folder.path).map(({ kind }) => kind), [
    "began",
    "sent",
    "answered",
    "turn",
    "resumed",
    "sent",
    "answered",
    "ended",
  ]);
});

Deno.test("a full disk does not end a run: what fits is kept whole, and the record says that it is not", async () => {
  using folder = new Folder();
  Deno.mkdirSync(folder.path);
  const script = new URL("./fill_record.ts", import.meta.url).pathname;
  const { stdout, stderr, success } = await new Deno.Command("unshare", {
    args: [
      ...PRIVATE_MOUNTS.slice(1),
      "sh",
      "-c",
      `mount -t tmpfs -o size=64k none "$1" && "$2" run -A --no-check "$3" "$1"`,
      "sh",
      folder.path,
      Deno.execPath(),
      script,
    ],
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const { fault, turns, missing, audit, left_over } = JSON.parse(new TextDecoder().decode(stdout));
  assert.match(fault, /No space left on device/);
  assert.ok(turns >= 1 && missing.length >= 1, `${turns} turns, missing ${missing}`);
  // Space came back: what was written then is there, behind lines that were torn.
  assert.equal(audit, "ended");
  assert.deepEqual(left_over, []);
});
