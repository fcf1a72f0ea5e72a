/** The offline package: what its launcher does before ktriage starts, on this kernel and with real files. */
import assert from "node:assert/strict";
import { BPF_OBJECTS } from "../../src/ffi/assets.ts";
import { version as version_schema } from "../../src/protocol/version.ts";
import { VERSION } from "../../src/cli/version.ts";
import { offlinePackage, type PackageOptions, runPackage, startPackage } from "../support/package.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";

const MEMORY = "/dev/null"; // no folder can be made there
const HELLO = { code: 0, signal: null, stdout: `ktriage ${VERSION}\n`, stderr: "" };

class Folder implements AsyncDisposable {
  readonly path = Deno.makeTempDirSync({ prefix: "ktriage-package-" });
  readonly cache = `${this.path}/cache`;
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
  /** The folder of the only build in the cache. */
  get build(): string {
    const names = [...Deno.readDirSync(this.cache)].map(({ name }) => name);
    assert.equal(names.length, 1, names.join(" "));
    return `${this.cache}/${names[0]}`;
  }
}

function version(options: PackageOptions) {
  return runPackage(["--version"], options);
}

Deno.test("the package has at most 40 MB, and its checksum stands beside it", async () => {
  const file = await offlinePackage();
  assert.ok(Deno.statSync(file).size <= 40_000_000, String(Deno.statSync(file).size));
  const { success } = await new Deno.Command("sha256sum", {
    args: ["--check", "--status", `${file}.sha256`],
    cwd: file.replace(/\/[^/]*$/, ""),
  }).output();
  assert.ok(success);
});

Deno.test("the first run unpacks for this user only, a later one changes nothing", async () => {
  await using folder = new Folder();
  const env = { KTRIAGE_CACHE: folder.cache };
  assert.deepEqual(await version({ env }), HELLO);
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
  assert.deepEqual(await version({ env }), HELLO);
  assert.deepEqual({ ...Deno.statSync(`${folder.build}/ktriage`), atime: null }, { ...runtime, atime: null });
});

Deno.test("the umask changes nothing of what is unpacked, and is handed on", async () => {
  await using folder = new Folder();
  const env = { KTRIAGE_CACHE: folder.cache, PATH: "/usr/bin:/bin" };
  for (const umask of ["0777", "000"]) {
    assert.deepEqual(await version({ env, behind: ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"] }), HELLO);
    assert.equal(Deno.statSync(`${folder.build}/ktriage`).mode! & 0o7777, 0o700);
    Deno.removeSync(folder.build, { recursive: true });
  }
});

Deno.test("ten first runs at once unpack one build", async () => {
  await using folder = new Folder();
  const env = { KTRIAGE_CACHE: folder.cache };
  const all = await Promise.all(Array.from({ length: 10 }, () => version({ env })));
  for (const one of all) assert.deepEqual(one, HELLO);
  assert.ok(folder.build.includes(VERSION));
});

Deno.test("a run that is killed while it unpacks leaves nothing that harms or stays", async () => {
  await using folder = new Folder();
  const env = { KTRIAGE_CACHE: folder.cache };
  let cut_off = 0;
  for (let delay_ms = 4; delay_ms < 200 && cut_off < 3; delay_ms += 8) {
    const child = await startPackage(["--version"], { env });
    await new Promise((resolve) => setTimeout(resolve, delay_ms));
    child.kill("SIGKILL");
    await child.stdin.close().catch(() => {});
    await child.output();
    const names = [...Deno.readDirSync(folder.path)].length === 0 ? [] : [...Deno.readDirSync(folder.cache)];
    if (names.some(({ name }) => name === ".new")) cut_off++;
    else for (const { name } of names) Deno.removeSync(`${folder.cache}/${name}`, { recursive: true });
  }
  assert.ok(cut_off > 0, "no run was killed in the midst of it");
  assert.deepEqual(await version({ env }), HELLO);
  assert.ok(folder.build.includes(VERSION)); // and no .new beside it
});

Deno.test("a file that was changed after it was unpacked is replaced before it is run", async () => {
  await using folder = new Folder();
  const env = { KTRIAGE_CACHE: folder.cache };
  await version({ env });
  for (const name of ["ktriage", "main.js", "pack", "stamp"]) {
    const path = `${folder.build}/${name}`;
    const was = Deno.statSync(path);
    using file = Deno.openSync(path, { write: true });
    file.seekSync(Math.floor(was.size / 2), Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode("damage"));
    file.utimeSync(was.atime!, was.mtime!); // what is easily set back does not hide it
    assert.deepEqual(await version({ env }), HELLO, name);
  }
  Deno.removeSync(`${folder.build}/pack`);
  assert.deepEqual(await version({ env }), HELLO);
  Deno.chmodSync(folder.build, 0o777);
  assert.deepEqual(await version({ env }), HELLO);
  assert.equal(Deno.statSync(folder.build).mode! & 0o7777, 0o700);
});

Deno.test("a damaged package says so, and runs nothing of it", async () => {
  await using folder = new Folder();
  const copy = `${folder.path}/copy`, whole = Deno.readFileSync(await offlinePackage());
  const damaged = (
    change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
  ): Promise<{ code: number; stderr: string }> => {
    Deno.writeFileSync(copy, change(whole.slice()), { mode: 0o755 });
    return version({ file: copy, env: { KTRIAGE_CACHE: folder.cache } });
  };
  const flip = (at: number) => (bytes: Uint8Array<ArrayBuffer>): Uint8Array => {
    bytes[at] = bytes[at]! ^ 1;
    return bytes;
  };
  const changes = [
    flip(whole.length >> 1),
    flip(whole.length - 200), // the table of frames
    flip(whole.length - 30), // the trailer
    (bytes: Uint8Array): Uint8Array => bytes.subarray(0, whole.length - 1000), // a copy that broke off
  ];
  for (const change of changes) {
    const { code, stderr } = await damaged(change);
    assert.equal(code, 1);
    assert.match(stderr, /^ktriage: Cannot (start|unpack): this file is damaged or cut off\. Copy it again/);
  }
  assert.deepEqual([...Deno.readDirSync(folder.cache)], []);
});

Deno.test("a cache that others could write to is refused, and ktriage runs from memory", async () => {
  await using folder = new Folder();
  const env = { KTRIAGE_CACHE: folder.cache };
  const refused = async (reason: string): Promise<void> => {
    const { code, stdout, stderr } = await version({ env });
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
  assert.deepEqual(await version({ env }), HELLO);
});

Deno.test("where the cache is depends on the environment and the user", async () => {
  await using folder = new Folder();
  const copy = `${folder.path}/kt`;
  Deno.copyFileSync(await offlinePackage(), copy);
  Deno.chmodSync(folder.path, 0o755);
  const builds = (path: string): number => [...Deno.readDirSync(path)].length;
  assert.deepEqual(await version({ env: { XDG_CACHE_HOME: `${folder.path}/xdg` } }), HELLO);
  assert.equal(builds(`${folder.path}/xdg/ktriage`), 1);
  const nobody = ["/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
  const home = `${folder.path}/home`;
  Deno.mkdirSync(home);
  Deno.chownSync(home, 65534, 65534);
  assert.deepEqual(await version({ file: copy, behind: nobody, env: { HOME: home } }), HELLO);
  assert.equal(builds(`${home}/.cache/ktriage`), 1);
  // no home that counts: from memory, silently
  for (const env of [{}, { HOME: "" }, { HOME: "relative" }, { HOME: "/nonexistent" }]) {
    assert.deepEqual(await version({ file: copy, behind: nobody, env }), HELLO);
  }
});

Deno.test("with everything read-only and noexec it runs from memory, sandbox and all", async () => {
  const readonly = [
    ...PRIVATE_MOUNTS,
    "sh",
    "-c",
    // the sandbox needs one place for what commands write: memory, which is noexec here, too
    `for place in /var /tmp /root /run; do
       mount --bind $place $place && mount -o remount,bind,ro,noexec $place || exit 1
     done; mount -t tmpfs -o noexec none /dev/shm && exec "$@"`,
    "sh",
  ];
  const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";
  // the package itself must lie where it may be executed
  const file = `/usr/local/lib/ktriage-test-${Deno.pid}`;
  Deno.copyFileSync(await offlinePackage(), file);
  try {
    const request = { response_type: "diagnostic", commands: [{ id: "e", command: "env; ls /proc/self/fd | wc -l" }] };
    const options = { behind: readonly, file, env: { PATH }, cwd: "/", stdin: JSON.stringify(request) };
    assert.deepEqual(await version(options), HELLO);
    const { code, stdout } = await runPackage(["run", "-"], options);
    assert.equal(code, 0);
    const [{ exit_code, stdout: seen }] = JSON.parse(stdout).command_results;
    assert.equal(exit_code, 0);
    assert.doesNotMatch(seen, /DENO|KTRIAGE/); // nothing of the launcher's reaches a command
    assert.match(seen, /\n4\n$/); // nor do the files in memory: 0, 1, 2 and the folder
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("a full disk and a folder mounted noexec are left as they were", async () => {
  await using folder = new Folder();
  Deno.mkdirSync(folder.cache, { mode: 0o700 });
  for (const options of ["size=20m", "noexec"]) {
    const line = `mount -t tmpfs -o mode=0700,${options} none "$KTRIAGE_CACHE" && "$@" && ls -A "$KTRIAGE_CACHE"`;
    const behind = [...PRIVATE_MOUNTS, "sh", "-c", line, "sh"];
    assert.deepEqual(await version({ env: { KTRIAGE_CACHE: folder.cache, PATH: "/usr/bin:/bin" }, behind }), HELLO);
  }
});

Deno.test("where memory may not be executed either, it says what to do", async () => {
  // the setting is of a process namespace's own, since Linux 6.3
  const line = 'echo 2 >/proc/sys/vm/memfd_noexec 2>/dev/null || exit 77; "$@"';
  const behind = ["/usr/bin/unshare", "--pid", "--fork", "--mount-proc", "sh", "-c", line, "sh"];
  const { code, stderr } = await version({ env: { KTRIAGE_CACHE: MEMORY, PATH: "/usr/bin:/bin" }, behind });
  if (code === 77) return; // an older kernel
  assert.equal(code, 1);
  assert.match(stderr, /^ktriage: Cannot start: neither a folder nor memory .*memfd_noexec.*Set KTRIAGE_CACHE/);
});

Deno.test("without /proc it starts from its cache; from memory it cannot, and says so", async () => {
  await using folder = new Folder();
  const behind = [...PRIVATE_MOUNTS, "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"];
  const PATH = "/usr/bin:/bin";
  assert.deepEqual(await version({ env: { KTRIAGE_CACHE: folder.cache, PATH }, behind }), HELLO);
  const { code, stderr } = await version({ env: { KTRIAGE_CACHE: MEMORY, PATH }, behind });
  assert.equal(code, 1);
  assert.match(stderr, /^ktriage: Cannot run from memory: \/proc is not mounted here\./);
});

Deno.test("an empty environment, no PATH and a path with blanks and umlauts are no obstacle", async () => {
  await using folder = new Folder();
  const odd = `${folder.path}/ein Ordner — für "alle" $HOME`;
  Deno.mkdirSync(odd);
  const file = `${odd}/k triäge`;
  Deno.copyFileSync(await offlinePackage(), file);
  assert.deepEqual(await version({ file, env: { KTRIAGE_CACHE: `${odd}/cäche` }, cwd: odd }), HELLO);
  assert.deepEqual(await version({ file, env: { KTRIAGE_CACHE: "relativ" }, cwd: odd }), HELLO);
  assert.deepEqual(await version({ file, env: { KTRIAGE_CACHE: MEMORY } }), HELLO);
  assert.equal([...Deno.readDirSync(`${odd}/relativ`)].length, 1);
});

for (const [mode, place] of [["from its cache", undefined], ["from memory", MEMORY]] as const) {
  Deno.test(`${mode}: arguments, standard input, exit codes and signals pass through`, async () => {
    await using folder = new Folder();
    const env = { KTRIAGE_CACHE: place ?? folder.cache, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    assert.equal((await runPackage(["no", "-such", "--thing"], { env })).code, 2);
    const help = await runPackage(["--help"], { env });
    assert.match(help.stdout, /diagnose/);
    const explained = await runPackage(["policy", "explain", "-"], { env, stdin: "rm -rf 'a  b'\n" });
    assert.match(explained.stdout, /rm/);
    const child = await startPackage(["trace", "openat", "--duration", "30", "--json"], { env });
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    await reader.read(); // it traces
    assert.equal(Deno.readTextFileSync(`/proc/${child.pid}/comm`), "ktriage\n");
    child.kill("SIGINT"); // the process that was started is ktriage itself
    for (let end = false; !end;) end = (await reader.read()).done;
    await Promise.all([child.stdin.close(), child.stderr.cancel()]);
    assert.equal((await child.status).code, 130);
  });

  Deno.test(`${mode}: check, trace and --version --json do what they do from the tree`, async () => {
    await using folder = new Folder();
    const env = { KTRIAGE_CACHE: place ?? folder.cache, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    const check = await runPackage(["check", "--json"], { env });
    assert.equal(JSON.parse(check.stdout).schema, "ktriage.check/1");
    const traced = await runPackage(["trace", "openat", "--duration", "1", "--json"], { env });
    const summary = JSON.parse(traced.stdout.trim().split("\n").at(-1)!);
    assert.equal(traced.code, 0, traced.stderr);
    assert.ok(JSON.stringify(summary).includes("event_count"));
    const info = version_schema.parse(JSON.parse((await runPackage(["--version", "--json"], { env })).stdout));
    assert.deepEqual([info.version, info.flavour, info.deno], [VERSION, "offline", Deno.version.deno]);
    for (const [name, load] of Object.entries(BPF_OBJECTS)) {
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await load())).toHex();
      assert.equal(info.bpf_objects[name], digest, name);
    }
  });
}
