/** Faults of file systems made for real: each raises exactly its finding in a snapshot. */
import assert from "node:assert/strict";
import { until } from "../support/until.ts";
import { stateOf } from "./host_processes.ts";
import { Directory, Fault, LoopFileSystem, SmallFileSystem } from "./support.ts";
import { Watch } from "./watch.ts";

Deno.test("snapshot tells of a full file system, and of nothing when it has room again", async () => {
  const watch = await Watch.begin();
  using directory = new Directory();
  await using small = await SmallFileSystem.mount(`${directory.path}/data`, "size=64k");
  await small.fill("ballast");
  const { of, severity, title } = await watch.only("filesystem.full");
  assert.deepEqual([of, severity, title], [small.path, "critical", `${small.path} is full: nothing of 64 KiB is left`]);
  await Deno.truncate(`${small.path}/ballast`, 4096);
  assert.deepEqual(await watch.news(), []);
});

Deno.test("snapshot tells of a file system without inodes, though it has space", async () => {
  const watch = await Watch.begin();
  using directory = new Directory();
  await using small = await SmallFileSystem.mount(`${directory.path}/data`, "size=1m,nr_inodes=4");
  for (const name of ["a", "b", "c"]) await Deno.writeTextFile(`${small.path}/${name}`, "");
  const { of, severity, title } = await watch.only("filesystem.no_inodes");
  assert.deepEqual([of, severity, title], [small.path, "critical", `${small.path} can hold no more files (of 4)`]);
});

Deno.test("snapshot tells of a file system that the kernel made read-only after an error, and not of one that a person did", async () => {
  using directory = new Directory();
  await using damaged = await LoopFileSystem.make(`${directory.path}/damaged`);
  await using chosen = await LoopFileSystem.make(`${directory.path}/chosen`);
  const watch = await Watch.begin();
  await chosen.remount("ro");
  assert.deepEqual(await watch.news(), []);
  await damaged.breakDown();
  await assert.rejects(Deno.writeTextFile(`${damaged.path}/x`, ""), /Read-only file system/);
  const { of, severity, evidence } = await watch.only("filesystem.read_only");
  assert.deepEqual([of, severity], [damaged.path, "critical"]);
  assert.match(evidence[0]!, /mounted rw, its file system says (ro|emergency_ro)$/);
});

Deno.test("snapshot tells of a process that hangs in the kernel, and not when it goes on", async () => {
  using directory = new Directory();
  await using frozen = await LoopFileSystem.make(`${directory.path}/frozen`);
  const watch = await Watch.begin();
  {
    await frozen.freeze();
    await using writer = await Fault.shell('exec touch "$1/x"', [frozen.path]);
    await using _thawed = { [Symbol.asyncDispose]: () => frozen.thaw() }; // or the writer never ends
    await until("it hangs", () => stateOf(writer.pid) === "touch D");
    const { of, evidence } = await watch.only("process.stuck");
    assert.equal(of, `touch (pid ${writer.pid})`);
    assert.match(evidence[0]!, /is in D and did not run once in \d/);
  }
  assert.deepEqual(await watch.news(), []);
});
