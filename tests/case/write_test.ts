import assert from "node:assert/strict";
import { tryFolderOf, writeAtomically } from "../../src/case/write.ts";
import { CaseError } from "../../src/case/error.ts";
import { callerOf, checkWritable, UnwrittenCase, writeCase } from "../../src/case/file.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";
import { inFolder } from "./support.ts";

function names(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("writeAtomically() closes a new file to others, and leaves nothing beside it", () =>
  inFolder((folder) => {
    writeAtomically(`${folder}/a`, "one");
    assert.equal(Deno.statSync(`${folder}/a`).mode! & 0o777, 0o600);
    Deno.chmodSync(`${folder}/a`, 0o644);
    writeAtomically(`${folder}/a`, "two");
    assert.equal(Deno.readTextFileSync(`${folder}/a`), "two");
    assert.equal(Deno.statSync(`${folder}/a`).mode! & 0o777, 0o644);
    assert.deepEqual(names(folder), ["a"]);
  }));

Deno.test(
  "a new case belongs to who called sudo, and a file keeps its owner",
  { ignore: Deno.uid() !== 0 },
  () =>
    inFolder((folder) => {
      const variables: Record<string, string> = { SUDO_UID: "65534", SUDO_GID: "65533" };
      writeAtomically(`${folder}/a`, "one", callerOf((name) => variables[name]));
      const owned = (): unknown => [Deno.statSync(`${folder}/a`).uid, Deno.statSync(`${folder}/a`).gid];
      assert.deepEqual(owned(), [65534, 65533]);
      writeAtomically(`${folder}/a`, "two", callerOf(() => undefined));
      assert.deepEqual(owned(), [65534, 65533]);
      assert.equal(callerOf((name) => name === "SUDO_UID" ? "-1" : "0"), undefined);
    }),
);

Deno.test("writeAtomically() follows a link to the file that is meant", () =>
  inFolder((folder) => {
    Deno.mkdirSync(`${folder}/b`);
    Deno.writeTextFileSync(`${folder}/b/real`, "one");
    Deno.symlinkSync("b/real", `${folder}/link`);
    writeAtomically(`${folder}/link`, "two");
    assert.equal(Deno.readTextFileSync(`${folder}/b/real`), "two");
    assert.ok(Deno.lstatSync(`${folder}/link`).isSymlink);
  }));

Deno.test("checkWritable() and writeCase() say why a place cannot be written, and what to do", () =>
  inFolder((folder) => {
    assert.throws(() => checkWritable(`${folder}/none/case.ktz`, "go"), /there is no such folder/);
    tryFolderOf(`${folder}/case.ktz`);
    assert.deepEqual(names(folder), []);
    Deno.mkdirSync(`${folder}/case.ktz`);
    assert.throws(() => writeCase(`${folder}/case.ktz`, "x"), (error) => {
      assert.ok(error instanceof UnwrittenCase && error instanceof CaseError);
      assert.equal(Deno.readTextFileSync(error.rescued!), "x");
      assert.ok(error.hint.includes(error.rescued!));
      Deno.removeSync(error.rescued!);
      return true;
    });
    assert.deepEqual(names(folder), ["case.ktz"]);
  }));

const WRITE = new URL("../../src/case/write.ts", import.meta.url).href;

function scriptOf(code: string): string {
  return `import { writeAtomically } from ${JSON.stringify(WRITE)}; const [path] = Deno.args; ${code}`;
}

function denoArgs(script: string, path: string): string[] {
  return ["run", "-A", "--no-check", script, path];
}

Deno.test("writeAtomically() on a full file system leaves the old file whole, and nothing beside it", {
  ignore: Deno.uid() !== 0,
}, () =>
  inFolder(async (folder) => {
    const script = `${folder}/script.ts`;
    Deno.writeTextFileSync(
      script,
      scriptOf(`
        writeAtomically(path, "a".repeat(20_000));
        let fault = "none";
        try { writeAtomically(path, "b".repeat(60_000)); } catch (error) { fault = error.message; }
        const left = [...Deno.readDirSync(path.slice(0, path.lastIndexOf("/")))].map(({ name }) => name);
        console.log(JSON.stringify({ fault, left, whole: Deno.readTextFileSync(path) === "a".repeat(20_000) }));`),
    );
    Deno.mkdirSync(`${folder}/stick`);
    const [program = "", ...rest] = [
      ...PRIVATE_MOUNTS,
      "sh",
      "-c",
      `mount -t tmpfs -o size=64k none ${folder}/stick && exec "$@"`,
      "sh",
      Deno.execPath(),
      ...denoArgs(script, `${folder}/stick/case.ktz`),
    ];
    const { stdout, stderr } = await new Deno.Command(program, { args: rest }).output();
    const said = new TextDecoder().decode(stdout);
    assert.notEqual(said, "", new TextDecoder().decode(stderr));
    const { fault, left, whole } = JSON.parse(said);
    assert.match(fault, /No space left/);
    assert.deepEqual(left, ["case.ktz"]);
    assert.equal(whole, true);
  }));

Deno.test("whoever is killed while it writes leaves the old file or the new one, whole", () =>
  inFolder(async (folder) => {
    const script = `${folder}/script.ts`;
    Deno.writeTextFileSync(
      script,
      scriptOf(`
        writeAtomically(path, "0".repeat(300_000));
        console.log("ready");
        for (let n = 1;; n = (n + 1) % 10) writeAtomically(path, String(n).repeat(300_000));`),
    );
    const path = `${folder}/case.ktz`;
    for (let round = 0; round < 5; round++) {
      const child = new Deno.Command(Deno.execPath(), { args: denoArgs(script, path), stdout: "piped", stderr: "null" })
        .spawn();
      const reader = child.stdout.getReader();
      await reader.read(); // it has begun
      const seen = Deno.statSync(path).ino;
      while (Deno.statSync(path).ino === seen) await new Promise((resolve) => setTimeout(resolve, 1));
      child.kill("SIGKILL");
      await child.status;
      await reader.cancel();
      assert.match(Deno.readTextFileSync(path), /^(\d)\1{299999}$/);
    }
  }));
