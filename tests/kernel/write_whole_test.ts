import assert from "node:assert/strict";
import { writeReplacing } from "../../src/kernel/write_whole.ts";
import { until } from "../support/until.ts";

const MODE = { mode: 0o644 };

Deno.test("writeReplacing() replaces a file, through a link, and leaves nothing beside it", () => {
  const folder = Deno.makeTempDirSync();
  const path = `${folder}/page.html`;
  writeReplacing(path, "one", MODE);
  assert.equal((Deno.statSync(path).mode ?? 0) & 0o777, 0o644 & ~umask());
  Deno.symlinkSync(path, `${folder}/link`);
  writeReplacing(`${folder}/link`, "two", MODE);
  assert.equal(Deno.readTextFileSync(path), "two");
  assert.ok(Deno.lstatSync(`${folder}/link`).isSymlink);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), ["link", "page.html"]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("writeReplacing() puts nothing in the place of a device or a folder", () => {
  assert.throws(() => writeReplacing("/dev/null", "x", MODE), /no plain file/);
  assert.ok(Deno.statSync("/dev/null").isCharDevice);
  assert.throws(() => writeReplacing("/tmp", "x", MODE), /no plain file/);
  assert.throws(() => writeReplacing("/nowhere/at/all", "x", MODE), Deno.errors.NotFound);
});

Deno.test("writeReplacing() takes away what a killed run left long ago, and nothing else", () => {
  const folder = Deno.makeTempDirSync();
  const stale = `${folder}/.a.prom.0123abcd.new`, fresh = `${folder}/.a.prom.89abcdef.new`;
  for (const path of [stale, fresh, `${folder}/.b.prom.0123abcd.new`, `${folder}/.a.prom.backup.new`]) {
    Deno.writeTextFileSync(path, "");
    if (path !== fresh) Deno.utimeSync(path, 1, 1);
  }
  writeReplacing(`${folder}/a.prom`, "x", MODE);
  assert.deepEqual([...Deno.readDirSync(folder)].map(({ name }) => name).sort(), [
    ".a.prom.89abcdef.new",
    ".a.prom.backup.new",
    ".b.prom.0123abcd.new",
    "a.prom",
  ]);
  Deno.removeSync(folder, { recursive: true });
});

Deno.test("a reader of a file that is replaced all the time never sees half of it", async () => {
  const folder = Deno.makeTempDirSync(), path = `${folder}/x.prom`;
  const whole = (n: number) => `${n}:${"x".repeat(300_000)}:${n}`;
  writeReplacing(path, whole(0), MODE);
  const code = `
    import { writeReplacing } from "${new URL("../../src/kernel/write_whole.ts", import.meta.url)}";
    for (let n = 1;; n++) writeReplacing("${path}", n + ":" + "x".repeat(300000) + ":" + n, { mode: 420 });`;
  for (let kills = 0; kills < 5; kills++) {
    const writer = new Deno.Command(Deno.execPath(), { args: ["eval", "--no-check", code] }).spawn();
    const first = Deno.readTextFileSync(path);
    let seen = 0;
    await until("it writes", () => Deno.readTextFileSync(path) !== first);
    for (let reads = 0; reads < 50; reads++) {
      const [, start, end] = /^(\d+):x{300000}:(\d+)$/.exec(Deno.readTextFileSync(path)) ?? [];
      assert.ok(start !== undefined && start === end);
      seen++;
    }
    writer.kill("SIGKILL");
    await writer.status;
    assert.equal(seen, 50);
    assert.match(Deno.readTextFileSync(path), /^(\d+):x{300000}:\1$/);
  }
  Deno.removeSync(folder, { recursive: true });
});

function umask(): number {
  return Deno.umask();
}
