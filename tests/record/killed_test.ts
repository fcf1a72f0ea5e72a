import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { readAudit, readRecord, type RecordedRun } from "../../src/record/read.ts";
import { ELSEWHERE, RecordFolder } from "./folder.ts";

const SCRIPT = fileURLToPath(new URL("./killed_run.ts", import.meta.url));

async function step(folder: RecordFolder, ...args: readonly string[]): Promise<Deno.CommandOutput> {
  const run = ["run", "-A", "--no-check", SCRIPT, folder.outer, ...args];
  return await new Deno.Command(Deno.execPath(), { args: run }).output();
}

function logged(folder: RecordFolder, file: string): readonly string[] {
  try {
    return Deno.readTextFileSync(`${folder.outer}/${file}`).trim().split("\n");
  } catch {
    return [];
  }
}

/** Commands whose results the record has. */
function known({ turns, parts }: RecordedRun): readonly string[] {
  return [...turns.flatMap(({ command_results }) => command_results), ...parts].map(({ id }) => id);
}

Deno.test("a run that is killed at any write of its record goes on from it: what is known is not done again", async () => {
  let died = 0;
  for (let write = 1;; write++) {
    using folder = new RecordFolder();
    const { signal, stderr } = await step(folder, "begin", String(write));
    if (signal === null) {
      assert.equal(readRecord(folder.path, ELSEWHERE).state, "concluded", new TextDecoder().decode(stderr));
      break;
    }
    assert.equal(signal, "SIGKILL", new TextDecoder().decode(stderr));
    died++;
    const killed = readRecord(folder.path, ELSEWHERE);
    // run.json comes before the line that says so.
    if (killed.state === "concluded") continue;
    assert.equal(killed.state, "interrupted");
    const answered = killed.answers.length;
    const resumed = await step(folder, "resume");
    assert.equal(resumed.code, 0, `write ${write}: ${new TextDecoder().decode(resumed.stderr)}`);

    const { state, turns, missing, run, answers } = readRecord(folder.path, ELSEWHERE);
    assert.deepEqual([state, turns.length, missing, answers.length], ["concluded", 2, [], 3], `write ${write}`);
    assert.deepEqual(run?.turns.map(({ command_results }) => command_results.map(({ stdout }) => stdout)), [
      ["a", "b"],
      ["c"],
    ]);
    const ran = logged(folder, "ran");
    for (const id of known(killed)) assert.deepEqual(ran.filter((each) => each === id), [id], `write ${write}`);
    // Asked once more is only what came and could not be written any more.
    const asked = logged(folder, "asked");
    for (let turn = 0; turn < answered; turn++) {
      assert.equal(asked.filter((each) => each === String(turn)).length, 1, `write ${write}`);
    }
    assert.equal(readAudit(folder.path).filter(({ kind }) => kind === "resumed").length, 1);
  }
  assert.ok(died > 15, `${died} writes`);
});
