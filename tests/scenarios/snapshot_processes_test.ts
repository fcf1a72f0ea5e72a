/** Faults of processes and control groups made for real: each raises exactly its finding in a snapshot. */
import assert from "node:assert/strict";
import { Directory, Fault } from "./support.ts";
import { ControlGroup } from "../support/control_group.ts";
import { until } from "../support/until.ts";
import { processes, stateOf } from "./host_processes.ts";
import { Watch } from "./watch.ts";

/** Puts the shell that reads it into the group whose folder is $1. */
const ENTER = 'echo $$ > "$1/cgroup.procs"; ';

Deno.test("snapshot tells of a service that was killed at the limit of its control group", async () => {
  await using group = await ControlGroup.make("memory", 24 << 20);
  const watch = await Watch.begin();
  const { of, severity, evidence } = await watch.only("oom.cgroup_kill", async () => {
    // tail keeps what it reads, and /dev/zero has no line to keep
    await using victim = await Fault.shell(`${ENTER}exec tail /dev/zero`, [group.path]);
    await victim.ended;
  });
  assert.equal(severity, "warning");
  assert.ok(of!.endsWith(group.name) || /^tail \(pid \d+\)$/.test(of!), of);
  assert.match(evidence.join("\n"), /Killed process tail \(pid \d+\), which had 2\d(\.\d)? MiB of memory/);
  assert.deepEqual(await watch.news(), []);
});

Deno.test("snapshot tells of a service that is throttled to a fifth of a CPU, and not of one below its limit", async () => {
  await using group = await ControlGroup.make("cpu", 0.2);
  const watch = await Watch.begin();
  {
    await using idle = await Fault.shell(`${ENTER}exec sleep 60`, [group.path]);
    await until(`pid ${idle.pid} sleeps`, () => stateOf(idle.pid) === "sleep S");
    assert.deepEqual(await watch.news(), []);
  }
  await using _busy = await Fault.shell(`${ENTER}while :; do :; done`, [group.path]);
  const { of, title } = await watch.only("cgroup.throttled");
  assert.ok(of!.endsWith(group.name), of);
  assert.match(title, /is throttled: stopped in \d+(\.\d)? % of its periods, at its limit of 0\.2 CPUs/);
});

Deno.test("snapshot tells of a service that forks without end", async () => {
  await using group = await ControlGroup.make("pids", 20);
  const watch = await Watch.begin();
  const { of, severity, evidence } = await watch.only("cgroup.pids_limit", async () => {
    await using _storm = await Fault.shell(`${ENTER}for i in $(seq 40); do sleep 60 & done 2>&1; wait`, [group.path]);
    const refused = () => /^max [1-9]/m.test(Deno.readTextFileSync(`${group.path}/pids.events`));
    await until("a fork is refused", refused);
  });
  assert.equal(severity, "critical");
  assert.ok(of!.endsWith(group.name), of);
  assert.match(evidence[1]!, /pids\.events: max rose by \d+/);
});

Deno.test("snapshot tells nothing of a container that is paused", async () => {
  await using group = await ControlGroup.make("freezer", 0);
  await using paused = await Fault.shell(`${ENTER}exec sleep 60`, [group.path]);
  await until(`pid ${paused.pid} sleeps`, () => stateOf(paused.pid) === "sleep S");
  const watch = await Watch.begin();
  await group.freeze();
  try {
    assert.deepEqual(await watch.news(), []);
  } finally {
    await group.thaw();
  }
});

Deno.test("snapshot tells of a process near its limit of files, and not of one with as many under a higher one", async () => {
  const line = 'ulimit -n "$1"; for i in $(seq 10 290); do eval "exec $i</dev/null"; done; echo ready; exec sleep 60';
  const watch = await Watch.begin();
  await using enough = await Fault.bash(line, ["4096"]);
  await using short = await Fault.bash(line, ["300"]);
  const { of, title } = await watch.only("process.fd_limit");
  assert.equal(of, `sleep (pid ${short.pid})`);
  assert.match(title, /has 28\d of the 300 files open/);
  assert.notEqual(enough.pid, short.pid);
});

Deno.test("snapshot tells of a parent that never waits for its children, and not of a child that has just ended", async () => {
  const watch = await Watch.begin();
  await using _shell = await Fault.shell("while :; do sleep 0.05; done");
  await using parent = await Fault.shell("for i in $(seq 25); do sleep 0.2 & done; exec sleep 60");
  const zombies = () => processes().filter(({ state, parent_id }) => state === "Z" && parent_id === parent.pid);
  await until("all children have ended", () => zombies().length === 25);
  const { of, title } = await watch.only("process.zombies");
  assert.equal(of, `sleep (pid ${parent.pid})`);
  assert.match(title, /leaves its children as zombies: 25$/);
});

Deno.test("snapshot tells of a service that ends and is started again by a supervisor, and not of a loop in a shell", async () => {
  using directory = new Directory();
  const service = `${directory.path}/shop`,
    supervisor = `${directory.path}/supervisord`,
    loop = `${directory.path}/nightly`;
  // the first life is short, the second one lasts until the window has ended
  await Deno.writeTextFile(service, '#!/bin/sh\nsleep "$1"\nexit 1\n', { mode: 0o755 });
  for (const path of [supervisor, loop]) {
    await Deno.writeTextFile(path, `#!/bin/sh\n${service} 1\n${service} 60\n`, { mode: 0o755 });
  }
  const runsIn = (parent: number) => () =>
    processes().some(({ process_name, parent_id }) => process_name === "shop" && parent_id === parent);
  const watch = await Watch.begin();
  {
    await using nightly = await Fault.shell('exec "$1"', [loop]);
    await until("the service runs", runsIn(nightly.pid));
    assert.deepEqual(await watch.news(), []);
  }
  await using supervised = await Fault.shell('exec "$1"', [supervisor]);
  await until("the service runs", runsIn(supervised.pid));
  const { of, title } = await watch.only("process.restart_loop");
  assert.equal(of, "shop");
  assert.match(title, new RegExp(`started again by supervisord \\(pid ${supervised.pid}\\)$`));
});

Deno.test("snapshot tells nothing of a healthy host that is busy with a nice'd build on all CPUs", async () => {
  const watch = await Watch.begin();
  const jobs = navigator.hardwareConcurrency * 2;
  await using _build = await Fault.shell(
    `for i in $(seq ${jobs}); do nice -n 19 sh -c 'while :; do for j in 1 2 3 4 5 6 7 8; do :; done; done' & done; wait`,
  );
  assert.deepEqual(await watch.news(), []);
});
