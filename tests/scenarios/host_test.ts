/** Faults of files, disks, CPUs and processes, each made for real. */
import assert from "node:assert/strict";
import { citedKinds, diagnoseHere, Directory, Fault, SmallFileSystem } from "./support.ts";

Deno.test("expert names the file that is missing, and who needs it", async () => {
  using directory = new Directory();
  const path = `${directory.path}/application.conf`;
  await using _program = await Fault.shell('while :; do cat "$1" 2>&1; sleep 0.2; done', [path]);
  const run = await diagnoseHere("the service fails to start, it says: No such file or directory");
  assert.match(run.resolution.root_cause, new RegExp(`The file ${path} is missing: cat`));
  assert.equal(run.resolution.confidence, "High");
  assert.deepEqual(citedKinds(run), new Set(["command", "ebpf"]));
});

Deno.test("expert names the file that may not be read", async () => {
  using directory = new Directory();
  const path = `${directory.path}/secret.key`;
  await Deno.writeTextFile(path, "secret");
  await Deno.chmod(directory.path, 0o755);
  await Deno.chmod(path, 0o600);
  const line = 'exec setpriv --reuid 65534 --clear-groups sh -c \'while :; do cat "$1"; sleep 0.2; done\' sh "$1"';
  await using _program = await Fault.shell(line, [path]);
  const run = await diagnoseHere("permission denied when the daemon loads its key");
  assert.match(run.resolution.root_cause, new RegExp(`cat .*may not open ${path} \\(EACCES`));
});

Deno.test("expert names the file system that is full, and who cannot write", async () => {
  using directory = new Directory();
  await using small = await SmallFileSystem.mount(`${directory.path}/data`, "size=64k");
  await small.fill("ballast");
  await using _writer = await Fault.shell(
    'while :; do echo "a line of a log" >> "$1"; sleep 0.1; done 2>&1',
    [`${small.path}/application.log`],
  );
  const run = await diagnoseHere("the application cannot save its data");
  assert.match(run.resolution.root_cause, new RegExp(`${small.path} has no space left.*sh .*ENOSPC`));
  assert.equal(run.resolution.confidence, "High");
  assert.deepEqual(citedKinds(run), new Set(["command", "ebpf"]));
});

Deno.test("expert names the file system that has no inodes left", async () => {
  using directory = new Directory();
  await using small = await SmallFileSystem.mount(`${directory.path}/data`, "size=1m,nr_inodes=4");
  for (const name of ["a", "b", "c"]) await Deno.writeTextFile(`${small.path}/${name}`, "");
  await using _writer = await Fault.shell('while :; do echo > "$1"; sleep 0.1; done 2>&1', [`${small.path}/d`]);
  const run = await diagnoseHere("no space left on device, but df shows free space");
  assert.match(run.resolution.root_cause, new RegExp(`${small.path} has no inodes left`));
});

Deno.test("expert names the process that uses a CPU all the time", async () => {
  await using hog = await Fault.shell("while :; do :; done");
  const run = await diagnoseHere("the machine is slow, high CPU load");
  // another program of this host may be as busy: then both are named
  assert.match(run.resolution.root_cause, new RegExp(`sh \\(pid ${hog.pid}\\) (uses|at) \\d+ %`));
  assert.match(run.resolution.root_cause, /uses \d+ % of a CPU/);
});

Deno.test("expert names the process that is killed again and again, and who kills it", async () => {
  await using _supervisor = await Fault.shell(
    "while :; do sleep 60 & sleep 0.3; kill -9 $!; wait $! 2>&1; done",
  );
  const run = await diagnoseHere("a worker keeps dying and is restarted");
  assert.match(run.resolution.root_cause, /sleep is killed again and again: SIGKILL \d+ times, sent by sh/);
  assert.equal(run.resolution.confidence, "High");
});

Deno.test("expert names the process that crashes again and again", async () => {
  using directory = new Directory();
  const program = `${directory.path}/worker`;
  await Deno.writeTextFile(program, "#!/bin/sh\nsleep 0.1\nkill -SEGV $$\n", { mode: 0o755 });
  await using _supervisor = await Fault.shell('ulimit -c 0; while :; do "$1" 2>&1; sleep 0.1; done', [program]);
  const run = await diagnoseHere("worker crashes");
  assert.match(run.resolution.root_cause, /worker crashes again and again: SIGSEGV \d+ times/);
});

Deno.test("expert finds no fault of its kinds on a host where none was made", async () => {
  const { resolution } = await diagnoseHere("is anything wrong with this host?");
  // other programs may keep the CPUs busy meanwhile, which is then rightly said; nothing else may be
  assert.match(
    resolution.root_cause,
    /^Healthy: |uses \d+ % of a CPU|^Insufficient evidence: .*stand out in (cpu|memory)/,
  );
});
