import assert from "node:assert/strict";
import { runCommand } from "../../src/commands/mod.ts";
import { auditEntry } from "../../src/protocol/mod.ts";
import { Record, RecordError } from "../../src/record/record.ts";

const BEGAN = { version: "1.2.3", arguments: ["run", "-"] };

/** A folder that is removed afterwards; the record's is one inside of it. */
class Folder implements Disposable {
  readonly #outer = Deno.makeTempDirSync();
  readonly path = `${this.#outer}/record`;

  entries() {
    const lines = Deno.readTextFileSync(`${this.path}/audit.jsonl`).trim().split("\n");
    return lines.map((line) => auditEntry.parse(JSON.parse(line)));
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#outer, { recursive: true });
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
