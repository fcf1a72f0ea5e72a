import assert from "node:assert/strict";
import { CaseError } from "../../src/case/error.ts";
import { holdFile } from "../../src/case/hold.ts";
import { inFolder } from "./support.ts";

const BUSY = { name: "CaseError", message: /case\.ktz: another ktriage is at work on it/ };

/** A process that holds the file until it is killed. */
async function holder(path: string): Promise<Deno.ChildProcess> {
  const module = new URL("../../src/case/hold.ts", import.meta.url).href;
  const code = `import { holdFile } from "${module}"; using _held = holdFile("${path}"); console.log("held"); ` +
    "await new Promise((resolve) => setTimeout(resolve, 60_000));";
  const child = new Deno.Command(Deno.execPath(), {
    args: ["eval", "--no-lock", code],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /held/);
  reader.releaseLock();
  return child;
}

Deno.test("holdFile() keeps everybody else out until it is disposed of, and leaves nothing behind", () =>
  inFolder((folder) => {
    const path = `${folder}/case.ktz`;
    {
      using _held = holdFile(path);
      assert.throws(() => holdFile(path), BUSY);
      using _other = holdFile(`${folder}/other.ktz`);
    }
    assert.deepEqual([...Deno.readDirSync(folder)], []);
    using _again = holdFile(path);
  }));

Deno.test("holdFile() knows a case under another name, and goes on when the case was replaced", () =>
  inFolder((folder) => {
    const path = `${folder}/case.ktz`;
    Deno.writeTextFileSync(path, "{}");
    Deno.symlinkSync(path, `${folder}/link.ktz`);
    using _held = holdFile(path);
    Deno.renameSync(path, `${folder}/old.ktz`);
    Deno.writeTextFileSync(path, "{}");
    assert.throws(() => holdFile(`${folder}/link.ktz`), CaseError);
  }));

Deno.test("holdFile() of a process that was killed holds nothing any more, whatever it leaves", () =>
  inFolder(async (folder) => {
    const path = `${folder}/case.ktz`;
    await using child = await holder(path);
    assert.throws(() => holdFile(path), BUSY);
    child.kill("SIGKILL");
    await child.status;
    await child.stdout.cancel();
    using _held = holdFile(path);
  }));

Deno.test("holdFile() follows no link that somebody put there", () =>
  inFolder((folder) => {
    Deno.writeTextFileSync(`${folder}/precious`, "kept");
    Deno.symlinkSync(`${folder}/precious`, `${folder}/case.ktz.lock`);
    assert.throws(() => holdFile(`${folder}/case.ktz`), /it is no file that this user may read/);
    assert.equal(Deno.readTextFileSync(`${folder}/precious`), "kept");
  }));

Deno.test("holdFile() does not mind a folder where nothing can be written: no case can be, either", () => {
  using _held = holdFile("/proc/case.ktz");
});
