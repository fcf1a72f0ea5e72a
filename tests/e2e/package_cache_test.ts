/** The offline package's cache: what is unpacked, when, for whom, and what an enemy on the same host can do about it. */
import assert from "node:assert/strict";
import { VERSION } from "../../src/cli/version.ts";
import { offlinePackage, runPackage, startPackage } from "../support/package.ts";
import { HELLO, PackageFolder, sayVersion } from "../support/package_folder.ts";
import { until } from "../support/until.ts";

Deno.test("the first run unpacks for this user only, a later one changes nothing", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  assert.deepEqual(await sayVersion({ env }), HELLO);
  const runtime = Deno.statSync(`${folder.build}/ktriage`);
  assert.equal(Deno.statSync(folder.cache).mode! & 0o7777, 0o700);
  assert.equal(Deno.statSync(folder.build).mode! & 0o7777, 0o700);
  assert.equal(runtime.mode! & 0o7777, 0o700);
  assert.deepEqual([...Deno.readDirSync(folder.build)].map(({ name }) => name).sort(), [
    "ktriage",
    "main.js",
    "pack",
    "stamp",
  ]);
  assert.deepEqual(await sayVersion({ env }), HELLO);
  assert.deepEqual({ ...Deno.statSync(`${folder.build}/ktriage`), atime: null }, { ...runtime, atime: null });
});

Deno.test("the umask changes nothing of what is unpacked, and is handed on", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache, PATH: "/usr/bin:/bin" };
  for (const umask of ["0777", "000"]) {
    assert.deepEqual(await sayVersion({ env, behind: ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] }), HELLO);
    assert.equal(Deno.statSync(`${folder.build}/ktriage`).mode! & 0o7777, 0o700);
    Deno.removeSync(folder.build, { recursive: true });
  }
});

Deno.test("ten first runs at once unpack one build", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  const all = await Promise.all(Array.from({ length: 10 }, () => sayVersion({ env })));
  for (const one of all) assert.deepEqual(one, HELLO);
  assert.ok(folder.build.includes(VERSION));
});

Deno.test("a run that is killed while it unpacks leaves nothing that harms or stays", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  await sayVersion({ env });
  const { size } = Deno.statSync(`${folder.build}/ktriage`);
  let cut_off = 0;
  for (let tries = 0; tries < 30 && cut_off < 3; tries++) {
    for (const { name } of Deno.readDirSync(folder.cache)) {
      if (name !== ".new") Deno.removeSync(`${folder.cache}/${name}`, { recursive: true }); // it was done before
    }
    const child = await startPackage(["--version"], { env });
    let is_over = false;
    void child.status.then(() => is_over = true);
    const part = cut_off / 4 * size; // at the beginning, and later
    await until("it unpacks", () => is_over || sizeOf(`${folder.cache}/.new/ktriage`) > part);
    if (!is_over) child.kill("SIGKILL");
    await child.stdin.close().catch(() => {});
    await child.output();
    if ([...Deno.readDirSync(folder.cache)].some(({ name }) => name === ".new")) cut_off++;
  }
  assert.ok(cut_off > 0, "no run was killed in the midst of it");
  assert.deepEqual(await sayVersion({ env }), HELLO);
  assert.ok(folder.build.includes(VERSION)); // and no .new beside it
});

Deno.test("a file that was changed after it was unpacked is replaced before it is run", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  await sayVersion({ env });
  for (const name of ["ktriage", "main.js", "pack", "stamp"]) {
    const path = `${folder.build}/${name}`;
    const was = Deno.statSync(path);
    using file = Deno.openSync(path, { write: true });
    file.seekSync(Math.floor(was.size / 2), Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode("damage"));
    file.utimeSync(was.atime!, was.mtime!); // what is easily set back does not hide it
    assert.deepEqual(await sayVersion({ env }), HELLO, name);
  }
  Deno.removeSync(`${folder.build}/pack`);
  assert.deepEqual(await sayVersion({ env }), HELLO);
  Deno.chmodSync(folder.build, 0o777);
  assert.deepEqual(await sayVersion({ env }), HELLO);
  assert.equal(Deno.statSync(folder.build).mode! & 0o7777, 0o700);
});

Deno.test("a cache that others could write to is refused, and ktriage runs from memory", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  const refused = async (reason: string): Promise<void> => {
    const { code, stdout, stderr } = await sayVersion({ env });
    assert.deepEqual({ code, stdout }, { code: 0, stdout: HELLO.stdout });
    assert.equal(stderr, `ktriage: Not unpacking into ${folder.cache}: ${reason}. Running from memory.\n`);
  };
  const other = `${folder.path}/other`;
  Deno.mkdirSync(other, { mode: 0o700 });
  Deno.symlinkSync(other, folder.cache);
  await refused("it is a symbolic link");
  assert.deepEqual([...Deno.readDirSync(other)], []);
  Deno.removeSync(folder.cache);
  Deno.mkdirSync(folder.cache);
  Deno.chmodSync(folder.cache, 0o775);
  await refused("others may write to it");
  Deno.chmodSync(folder.cache, 0o700);
  Deno.chownSync(folder.cache, 65534, 65534);
  await refused("it belongs to another user");
  Deno.chownSync(folder.cache, 0, 0);
  Deno.chmodSync(folder.path, 0o777);
  await refused("others may replace a folder above it");
  Deno.chmodSync(folder.path, 0o1777); // sticky: nobody else can rename it
  assert.deepEqual(await sayVersion({ env }), HELLO);
});

Deno.test("where the cache is depends on the environment and the user", async () => {
  await using folder = new PackageFolder();
  const copy = `${folder.path}/kt`;
  Deno.copyFileSync(await offlinePackage(), copy);
  Deno.chmodSync(folder.path, 0o755);
  const builds = (path: string): number => [...Deno.readDirSync(path)].length;
  assert.deepEqual(await sayVersion({ env: { XDG_CACHE_HOME: `${folder.path}/xdg` } }), HELLO);
  assert.equal(builds(`${folder.path}/xdg/ktriage`), 1);
  const nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const home = `${folder.path}/home`;
  Deno.mkdirSync(home);
  Deno.chownSync(home, 65534, 65534);
  assert.deepEqual(await sayVersion({ file: copy, behind: nobody, env: { HOME: home } }), HELLO);
  assert.equal(builds(`${home}/.cache/ktriage`), 1);
  // no home that counts: from memory, silently
  for (const env of [{}, { HOME: "" }, { HOME: "relative" }, { HOME: "/nonexistent" }]) {
    assert.deepEqual(await sayVersion({ file: copy, behind: nobody, env }), HELLO);
  }
});

Deno.test("who unpacks a build removes those that nobody runs any more, and nothing else", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  const [second, third] = [await otherBuild(folder, "2"), await otherBuild(folder, "3")];
  const builds = (): string[] => [...Deno.readDirSync(folder.cache)].map(({ name }) => name).sort();
  await sayVersion({ env });
  const first = folder.build;
  for (const mine of ["mine", ".new.mine"]) {
    Deno.mkdirSync(`${folder.cache}/${mine}`);
    Deno.writeTextFileSync(`${folder.cache}/${mine}/pack`, "mine"); // no stamp: nothing that was unpacked
  }
  const running = await startPackage(["trace", "openat", "--duration", "60"], { env });
  const said = running.stderr.getReader();
  await said.read(); // it traces
  assert.deepEqual(await sayVersion({ file: second, env }), HELLO);
  assert.equal(builds().length, 4); // the first one runs
  running.kill("SIGKILL");
  said.releaseLock();
  await Promise.all([running.stdin.close(), running.stdout.cancel(), running.stderr.cancel(), running.status]);
  assert.deepEqual(await sayVersion({ file: third, env }), HELLO);
  assert.equal(builds().length, 3);
  assert.ok(!builds().includes(first.replace(/.*\//, "")));
  for (const mine of ["mine", ".new.mine"]) {
    assert.equal(Deno.readTextFileSync(`${folder.cache}/${mine}/pack`), "mine");
  }
});

Deno.test("where somebody else has a say, root makes no folder either", async () => {
  await using folder = new PackageFolder();
  Deno.chmodSync(folder.path, 0o755);
  Deno.chownSync(folder.path, 65534, 65534);
  for (const below of ["", "/.cache"]) { // as sudo -E has it, before that user's first run
    const { code, stdout, stderr } = await sayVersion({ env: { XDG_CACHE_HOME: `${folder.path}${below}` } });
    assert.deepEqual([code, stdout], [0, HELLO.stdout]);
    assert.match(
      stderr,
      /^ktriage: Not unpacking into .*: others may replace a folder above it\. Running from memory\.\n$/,
    );
    assert.deepEqual([...Deno.readDirSync(folder.path)], []);
  }
});

Deno.test("a link on the way is followed once: what runs has no link in its path", async () => {
  await using folder = new PackageFolder();
  Deno.mkdirSync(`${folder.path}/real`, { mode: 0o700 });
  Deno.symlinkSync("real", `${folder.path}/link`);
  const env = { KTRIAGE_CACHE: `${folder.path}/link/cache` };
  const child = await startPackage(["trace", "openat", "--duration", "60"], { env });
  const said = child.stderr.getReader();
  await said.read(); // it traces
  const words = Deno.readTextFileSync(`/proc/${child.pid}/cmdline`).split("\0");
  assert.ok(words.some((word) => word.startsWith(`${folder.path}/real/cache/`)), words.join(" "));
  assert.ok(!words.some((word) => word.includes("/link/")), words.join(" "));
  child.kill("SIGKILL");
  said.releaseLock();
  await Promise.all([child.stdin.close(), child.stdout.cancel(), child.stderr.cancel(), child.status]);
});

Deno.test("a slash behind its name hides no link, and a name that is too long is no shorter one", async () => {
  await using folder = new PackageFolder();
  Deno.mkdirSync(`${folder.path}/real`, { mode: 0o700 });
  Deno.symlinkSync("real", folder.cache);
  const { code, stderr } = await sayVersion({ env: { KTRIAGE_CACHE: `${folder.cache}//` } });
  assert.equal(code, 0);
  assert.match(stderr, /it is a symbolic link/);
  const long = `${folder.path}/real/${"./".repeat(2100)}cache`; // a path may have 4095 characters
  assert.deepEqual(await sayVersion({ env: { KTRIAGE_CACHE: long } }), HELLO);
  assert.deepEqual([...Deno.readDirSync(`${folder.path}/real`)], []);
});

Deno.test("nothing that lies in the folder where it is started is taken for its own", async () => {
  await using folder = new PackageFolder();
  const env = { KTRIAGE_CACHE: folder.cache };
  const traps = {
    "deno.json": '{"imports": {"ktriage": "./evil.js"}, "unknown": [',
    "deno.lock": "not a lock",
    "package.json": "{",
    ".npmrc": "registry=http://127.0.0.1:1/",
    ".env": "DENO_DIR=/tmp",
    "main.js": 'console.log("evil")',
    "pack": "evil",
    "libbpf.so": "evil",
    "node_modules": "evil",
  };
  const trap = `${folder.path}/trap`;
  Deno.mkdirSync(trap);
  for (const [name, text] of Object.entries(traps)) Deno.writeTextFileSync(`${trap}/${name}`, text);
  for (const cwd of [trap, "/"]) assert.deepEqual(await sayVersion({ env, cwd }), HELLO);
  const check = await runPackage(["check", "--json"], { env, cwd: trap });
  assert.deepEqual([JSON.parse(check.stdout).schema, check.stderr], ["ktriage.check/1", ""]);
});

/** 0 of a file that is not there. */
function sizeOf(path: string): number {
  try {
    return Deno.statSync(path).size;
  } catch {
    return 0;
  }
}

/** A copy of the package that says it is another build: its name and the checksum over it are different. */
async function otherBuild(folder: PackageFolder, mark: string): Promise<string> {
  const path = `${folder.path}/other-${mark}`, bytes = Deno.readFileSync(await offlinePackage());
  const view = new DataView(bytes.buffer), trailer = bytes.length - 72; // as in scripts/package/pack.ts
  bytes[trailer] = mark.charCodeAt(0);
  const table = trailer - Number(view.getBigUint64(trailer + 48, true)) * 40;
  const sum = bytes.subarray(table, trailer + 56).reduce(
    (sum, byte) => BigInt.asUintN(64, (sum ^ BigInt(byte)) * 0x100000001b3n),
    0xcbf29ce484222325n,
  );
  view.setBigUint64(trailer + 56, sum, true);
  Deno.writeFileSync(path, bytes, { mode: 0o755 });
  return path;
}
