/** The offline package: what its launcher does before ktriage starts, on this kernel and with real files. */
import assert from "node:assert/strict";
import { BPF_OBJECTS } from "../../src/ffi/assets.ts";
import { version as version_schema } from "../../src/protocol/version.ts";
import { VERSION } from "../../src/cli/version.ts";
import { exists } from "../../src/kernel/exists.ts";
import { HELLO, PackageFolder, sayVersion } from "../support/package_folder.ts";
import { offlinePackage, runPackage, startPackage } from "../support/package.ts";
import { PRIVATE_MOUNTS } from "../support/private_mounts.ts";

const MEMORY = "/dev/null"; // no folder can be made there

Deno.test("the package has at most 40 MB, and its checksum stands beside it", async () => {
  const file = await offlinePackage();
  assert.ok(Deno.statSync(file).size <= 40_000_000, String(Deno.statSync(file).size));
  const { success } = await new Deno.Command("sha256sum", {
    args: ["--check", "--status", `${file}.sha256`],
    cwd: file.replace(/\/[^/]*$/, ""),
  }).output();
  assert.ok(success);
});

Deno.test("a damaged package says so, and runs nothing of it", async () => {
  await using folder = new PackageFolder();
  const copy = `${folder.path}/copy`, whole = Deno.readFileSync(await offlinePackage());
  const damaged = (
    change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
  ): Promise<{ code: number; stderr: string }> => {
    Deno.writeFileSync(copy, change(whole.slice()), { mode: 0o755 });
    return sayVersion({ file: copy, env: { KTRIAGE_CACHE: folder.cache } });
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
    const request = { response_type: "diagnostic", commands: [{ id: "e", command: "echo here" }] };
    const options = { behind: readonly, file, env: { PATH }, cwd: "/", stdin: JSON.stringify(request) };
    assert.deepEqual(await sayVersion(options), HELLO);
    const { code, stdout } = await runPackage(["run", "-"], options);
    assert.equal(code, 0);
    const [{ exit_code, stdout: seen }] = JSON.parse(stdout).command_results;
    assert.deepEqual([exit_code, seen], [0, "here\n"]);
  } finally {
    Deno.removeSync(file);
  }
});

Deno.test("a full disk and a folder mounted noexec are left as they were", async () => {
  await using folder = new PackageFolder();
  Deno.mkdirSync(folder.cache, { mode: 0o700 });
  for (const options of ["size=20m", "noexec"]) {
    const line = `mount -t tmpfs -o mode=0700,${options} none "$KTRIAGE_CACHE" && "$@" && ls -A "$KTRIAGE_CACHE"`;
    const behind = [...PRIVATE_MOUNTS, "sh", "-c", line, "sh"];
    assert.deepEqual(await sayVersion({ env: { KTRIAGE_CACHE: folder.cache, PATH: "/usr/bin:/bin" }, behind }), HELLO);
  }
});

Deno.test("where memory may not be executed either, it says what to do", async () => {
  // the setting is of a process namespace's own, since Linux 6.3; before, nothing forbids memory
  const line = exists("/proc/sys/vm/memfd_noexec") ? 'echo 2 >/proc/sys/vm/memfd_noexec && "$@"' : '"$@"';
  const behind = [
    ...PRIVATE_MOUNTS,
    "unshare",
    "--pid",
    "--fork",
    "sh",
    "-c",
    `mount -t proc proc /proc && ${line}`,
    "sh",
  ];
  const ended = await sayVersion({ env: { KTRIAGE_CACHE: MEMORY, PATH: "/usr/bin:/bin" }, behind });
  if (line === '"$@"') return assert.deepEqual(ended, HELLO);
  assert.deepEqual([ended.code, ended.stdout], [1, ""]);
  assert.match(
    ended.stderr,
    /^ktriage: Cannot start: neither a folder nor memory may hold programs here \(.*vm\.memfd_noexec\)\. Set KTRIAGE_CACHE/,
  );
});

Deno.test("without /proc it starts from its cache; from memory it cannot, and says so", async () => {
  await using folder = new PackageFolder();
  const behind = [...PRIVATE_MOUNTS, "sh", "-c", 'mount -t tmpfs none /proc && exec "$@"', "sh"];
  const PATH = "/usr/bin:/bin";
  assert.deepEqual(await sayVersion({ env: { KTRIAGE_CACHE: folder.cache, PATH }, behind }), HELLO);
  const { code, stderr } = await sayVersion({ env: { KTRIAGE_CACHE: MEMORY, PATH }, behind });
  assert.equal(code, 1);
  assert.match(stderr, /^ktriage: Cannot run from memory: \/proc is not mounted here\./);
});

Deno.test("an empty environment, no PATH and a path with blanks and umlauts are no obstacle", async () => {
  await using folder = new PackageFolder();
  const odd = `${folder.path}/ein Ordner — für "alle" $HOME`;
  Deno.mkdirSync(odd);
  const file = `${odd}/k triäge`;
  Deno.copyFileSync(await offlinePackage(), file);
  assert.deepEqual(await sayVersion({ file, env: { KTRIAGE_CACHE: `${odd}/cäche` }, cwd: odd }), HELLO);
  assert.deepEqual(await sayVersion({ file, env: { KTRIAGE_CACHE: "relativ" }, cwd: odd }), HELLO);
  assert.deepEqual(await sayVersion({ file, env: { KTRIAGE_CACHE: MEMORY } }), HELLO);
  assert.equal([...Deno.readDirSync(`${odd}/relativ`)].length, 1);
});

for (const [mode, place] of [["from its cache", undefined], ["from memory", MEMORY]] as const) {
  Deno.test(`${mode}: arguments, standard input, exit codes and signals pass through`, async () => {
    await using folder = new PackageFolder();
    const env = { KTRIAGE_CACHE: place ?? folder.cache, PATH: "/usr/sbin:/usr/bin:/sbin:/bin" };
    assert.equal((await runPackage(["no", "-such", "--thing"], { env })).code, 2);
    const help = await runPackage(["--help"], { env });
    assert.match(help.stdout, /diagnose/);
    const request = { response_type: "diagnostic", commands: [{ id: "e", command: "env; ls /proc/self/fd | wc -l" }] };
    const run = await runPackage(["run", "-"], { env, stdin: JSON.stringify(request) });
    const [{ stdout: seen }] = JSON.parse(run.stdout).command_results;
    assert.doesNotMatch(seen, /DENO|KTRIAGE/); // nothing of the launcher's reaches a command
    assert.match(seen, /\n4\n$/); // nor do its open files: 0, 1, 2 and the folder
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
    await using folder = new PackageFolder();
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
