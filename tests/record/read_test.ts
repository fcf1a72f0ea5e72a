import assert from "node:assert/strict";
import { startTicks } from "../../src/kernel/host/machine.ts";
import { parse, stringify } from "../../src/protocol/mod.ts";
import { RecordError } from "../../src/record/files.ts";
import { listRecords } from "../../src/record/list.ts";
import { readRecord } from "../../src/record/read.ts";
import { Record } from "../../src/record/record.ts";
import { SAMPLE_RUN } from "../support/sample_run.ts";
import { answers, begun, ELSEWHERE, MACHINE, RecordFolder, RESOLUTION, runs, TURN, WHO } from "./folder.ts";

function refusal(folder: string): string {
  try {
    readRecord(folder, ELSEWHERE);
  } catch (error) {
    assert.ok(error instanceof RecordError, String(error));
    return error.message;
  }
  return "read";
}

const FAILURE = { kind: "model", message: "the gateway is gone", hint: "" } as const;
const { resolution: _, evidence_check: __, ...UNFINISHED } = SAMPLE_RUN;

Deno.test("readRecord() tells how a run ended, from what is on disk", () => {
  using folder = new RecordFolder();
  const record = begun(folder.path);
  // This process, in this boot: it could still be writing.
  assert.equal(readRecord(folder.path, MACHINE).state, "running");
  assert.equal(readRecord(folder.path, ELSEWHERE).state, "interrupted");
  assert.notEqual(startTicks(Deno.pid), undefined);

  record.end("run.json", { ...UNFINISHED, failure: FAILURE });
  assert.equal(readRecord(folder.path, MACHINE).state, "failed");
  record.end("run.json", { ...UNFINISHED, failure: { ...FAILURE, kind: "interrupted" } });
  assert.equal(readRecord(folder.path, MACHINE).state, "interrupted");
  record.end("run.json", SAMPLE_RUN);
  assert.equal(readRecord(folder.path, MACHINE).state, "concluded");
});

Deno.test("readRecord() names the file that is broken, missing, or from a newer ktriage", async () => {
  using folder = new RecordFolder();
  const record = begun(folder.path);
  await answers(record, { reply: TURN.request });
  runs(record);
  runs(record, { ...TURN, notes: ["second"] }, 1);
  const first = `${folder.path}/turns/0001.json`;
  const whole = Deno.readTextFileSync(first);

  Deno.writeTextFileSync(first, whole.slice(0, 100));
  assert.match(refusal(folder.path), /^Cannot read the record in \/.*: turns\/0001\.json: /);
  Deno.writeTextFileSync(first, whole.replace("ktriage.turn/1", "ktriage.turn/2"));
  assert.match(
    refusal(folder.path),
    /turns\/0001\.json: a newer ktriage wrote it \(ktriage\.turn\/2; this version reads/,
  );
  Deno.removeSync(first);
  const { turns, missing, turns_done } = readRecord(folder.path, ELSEWHERE);
  assert.deepEqual([turns.length, missing, turns_done], [1, ["turns/0001.json"], 2]);

  const audit = `${folder.path}/audit.jsonl`;
  Deno.writeTextFileSync(audit, Deno.readTextFileSync(audit).replace("ktriage.audit/1", "ktriage.audit/7"));
  assert.match(refusal(folder.path), /a newer ktriage wrote it \(ktriage\.audit\/7/);
  Deno.removeSync(audit);
  assert.match(refusal(folder.path), /there is no audit\.jsonl in it/);
});

Deno.test("readRecord() says what a record is that holds no conversation", () => {
  using folder = new RecordFolder();
  const record = Record.create(folder.path, WHO);
  assert.match(refusal(folder.path), /its run ended before anything was asked/);
  record.asked(TURN.request);
  assert.match(refusal(folder.path), /it is of ktriage run, one request without a conversation/);
});

Deno.test("readRecord() reads numbers of the kernel exactly", () => {
  using folder = new RecordFolder();
  const [key, result] = Object.entries(TURN.ebpf_results)[0]!;
  const turn = { ...TURN, ebpf_results: { [key]: { ...result, start_time: 2n ** 62n + 1n } } };
  runs(begun(folder.path), turn);
  const [read] = readRecord(folder.path, ELSEWHERE).turns;
  assert.equal(stringify(read), stringify(turn));
});

Deno.test("listRecords() lists good records, names broken and newer ones, and passes over everything else", async () => {
  using folder = new RecordFolder();
  const at = (name: string): string => `${folder.outer}/${name}`;
  const good = begun(at("deep/er/good"));
  await answers(good, { reply: RESOLUTION });
  runs(good);
  good.end("run.json", SAMPLE_RUN);
  begun(at("killed"));
  begun(at("broken"));
  Deno.writeTextFileSync(at("broken/began.json"), "{");
  begun(at("newer"));
  const began = Deno.readTextFileSync(at("newer/began.json"));
  Deno.writeTextFileSync(at("newer/began.json"), began.replace("ktriage.record/1", "ktriage.record/2"));
  const request = Record.create(at("request"), WHO);
  request.asked(TURN.request);
  request.end("results.json", {});
  Deno.mkdirSync(at("other/turns"), { recursive: true });
  Deno.writeTextFileSync(at("other/audit.jsonl.gz"), "");
  Deno.symlinkSync(folder.outer, at("loop"));

  const listed = listRecords(folder.outer, ELSEWHERE);
  const short = listed.map(({ folder: path, state, rounds, confidence }) => [
    path.slice(folder.outer.length + 1),
    state,
    rounds,
    confidence,
  ]);
  assert.deepEqual(short.toSorted(), [
    ["broken", "broken", undefined, undefined],
    ["deep/er/good", "concluded", 1, "High"],
    ["killed", "interrupted", 0, undefined],
    ["newer", "broken", undefined, undefined],
    ["request", "concluded", undefined, undefined],
  ]);
  const of = (name: string) => listed.find(({ folder: path }) => path === at(name))!;
  assert.equal(of("deep/er/good").outcome, RESOLUTION.root_cause);
  assert.equal(of("deep/er/good").issue, SAMPLE_RUN.issue);
  assert.match(
    of("newer").fault!,
    /a newer ktriage wrote it \(ktriage\.record\/2; this version reads ktriage\.record\/1\)/,
  );
  assert.match(of("broken").fault!, /began\.json/);
  assert.notEqual(of("broken").time, undefined);
  assert.deepEqual(listRecords(at("killed"), ELSEWHERE).map(({ folder: path }) => path), [at("killed")]);
  assert.throws(() => listRecords(at("nowhere"), ELSEWHERE), /there is no such folder/);
  assert.deepEqual(listed, parse(stringify(listed)));
});
