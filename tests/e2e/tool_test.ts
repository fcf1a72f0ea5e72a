/** `ktriage tool` as a user runs it. */
import assert from "node:assert/strict";
import { TOOL_NAMES } from "../../src/probes/tools/registry.ts";
import { parse, toolList, toolRun } from "../../src/protocol/mod.ts";
import { ktriage, startKtriage } from "../support/cli.ts";
import { withMounts } from "./snapshot_support.ts";
import { Workload } from "../support/workload.ts";

Deno.test("ktriage tool list names every tool, for people and for programs, and needs no privilege", async () => {
  const [text, json] = await Promise.all([
    ktriage(["tool", "list"], { unprivileged: true }),
    ktriage(["tool", "list", "--json"], { unprivileged: true }),
  ]);
  assert.deepEqual([text.code, json.code, json.stderr], [0, 0, ""]);
  for (const name of TOOL_NAMES) assert.match(text.stdout, new RegExp(`^  ${name} `, "m"));
  assert.deepEqual(toolList.strict().parse(parse(json.stdout)).tools.map(({ name }) => name), TOOL_NAMES);
});

Deno.test("ktriage tool run prints one document, whose numbers are those of the workload", async () => {
  await using workload = await Workload.start(["getppid", "20000"]);
  const running = startKtriage([
    "tool",
    "run",
    "syscalls",
    "--pid",
    String(workload.pid),
    "--json",
    "--duration",
    "1m",
  ]);
  await running.said("Counting syscalls for 60 s");
  await workload.go();
  running.kill("SIGINT"); // ends the counting, and what was counted is printed
  const { code, stdout } = await running.finished;
  assert.equal(code, 130);
  const { schema, tool, reading } = toolRun.strict().parse(parse(stdout));
  assert.deepEqual([schema, tool], ["ktriage.tool/1", "syscalls"]);
  const calls = reading.tables.find(({ name }) => name === "by_call")!.rows.find(([name]) => name === "getppid");
  assert.equal(calls?.[1], 20_000);
});

Deno.test("ktriage tool run ends at its duration, with the summary first", async () => {
  const { code, stdout } = await ktriage(["tool", "run", "cpu-time", "-d", "300ms"]);
  assert.equal(code, 0);
  assert.match(stdout, /^[\d.]+% of \d+ CPUs used\./);
  assert.match(stdout, /^by process$/m);
});

Deno.test("ktriage tool run of a name that no tool has offers the nearest, and of a filter that it lacks says so", async () => {
  const wrong = await ktriage(["tool", "run", "cpu-tiem"]);
  assert.deepEqual([wrong.code, wrong.stdout], [2, ""]);
  assert.match(wrong.stderr, /Cannot run the tool cpu-tiem: .*\n.*Nearest: cpu-time/);
  const filtered = await ktriage(["tool", "run", "tcp-resets", "--comm", "x"]);
  assert.deepEqual([filtered.code, filtered.stdout], [2, ""]);
  assert.match(filtered.stderr, /Cannot run the tool tcp-resets filtered by comm: .*\n.*It takes none\./);
  const action = await ktriage(["tool", "lst"]);
  assert.equal(action.code, 2);
  assert.match(action.stderr, /Did you mean "list"\?/);
});

Deno.test("ktriage tool run without privileges answers from /proc where it can, and says why", async () => {
  const { code, stdout, stderr } = await ktriage(["tool", "run", "cpu-time", "-d", "200ms"], { unprivileged: true });
  assert.equal(code, 0, stderr);
  assert.match(stderr, /By \/proc\/PID\/task\/TID\/schedstat: Cannot start eBPF programs/);
  assert.match(stdout, /CPUs used/);
});

Deno.test("ktriage tool run without privileges refuses what only BPF can tell", async () => {
  const { code, stderr } = await ktriage(["tool", "run", "syscall-latency", "-d", "200ms"], { unprivileged: true });
  assert.equal(code, 1);
  assert.match(stderr, /Cannot run the tool syscall-latency: Cannot start eBPF programs/);
  assert.match(stderr, /→ .*root/);
});

Deno.test("ktriage tool run where /sys is not mounted answers from /proc, and names what it could not read", async () => {
  const behind = withMounts("mount -t tmpfs none /sys");
  const { code, stdout, stderr } = await ktriage(["tool", "run", "syscalls", "-d", "200ms"], { behind });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^ {2}By \/proc\/PID\/io\.$/m);
  assert.match(stderr, /Cannot start eBPF programs: read \/sys\/devices\/system\/cpu\/possible failed with ENOENT/);
  const cpus = await ktriage(["tool", "run", "cpu-time", "-d", "200ms"], { behind });
  assert.match(cpus.stdout, /^[\d.]+% of [1-9]\d* CPUs used\./);
});
