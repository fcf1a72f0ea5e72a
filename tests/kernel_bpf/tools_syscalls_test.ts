/** The tools syscalls and syscall-latency, held against workloads that make a known number of calls. */
import assert from "node:assert/strict";
import { assertCounted, rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const CALLS = 50_000;

for (const way of [0, 1]) {
  Deno.test(`syscalls, way ${way}: every call of a process is counted, and no other process's`, async () => {
    await using workload = await Workload.start(["getppid", String(CALLS)]);
    await using other = await Workload.start(["getppid", "1000"]);
    const result = await runTool(
      "syscalls",
      async () => void await Promise.all([workload.go(), other.go()]),
      { filters: { pid: workload.pid }, way },
    );
    const { reading, event_count, lost_events } = result;
    assertCounted(rowsOf(reading, "by_call").find(({ call }) => call === "getppid")?.["calls"], CALLS, result);
    assert.deepEqual(rowsOf(reading, "by_process").map(({ process_id }) => process_id), [workload.pid]);
    assert.equal(rowsOf(reading, "by_process")[0]?.["process_name"], "workload");
    assert.ok(event_count < CALLS + 100, `${event_count} calls`);
    assert.equal(lost_events, 0);
  });

  Deno.test(`syscalls, way ${way}: errors by process, call and error; what succeeds is none`, async () => {
    await using workload = await Workload.start(["opens", "500", "/nowhere"]);
    await using fine = await Workload.start(["pipes", "300"]);
    const result = await runTool(
      "syscalls",
      async () => void await Promise.all([workload.go(), fine.go()]),
      { filters: { comm: "workload" }, way },
    );
    const { reading } = result, errors = rowsOf(reading, "errors");
    const { count, ...error } = errors.find(({ process_id }) => process_id === workload.pid)!;
    assert.deepEqual(error, { process_id: workload.pid, process_name: "workload", call: "openat", error: "ENOENT" });
    assertCounted(count, 500, result);
    assert.equal(errors.find(({ process_id }) => process_id === fine.pid), undefined);
    assert.equal(rowsOf(reading, "by_call").find(({ call }) => call === "pipe2" || call === "pipe")?.["errors"], 0);
  });

  Deno.test(`syscall-latency, way ${way}: how long calls took is what they were asked to take`, async () => {
    await using workload = await Workload.start(["sleeps", "40"]);
    const result = await runTool("syscall-latency", () => workload.go(), { filters: { pid: workload.pid }, way });
    const { reading, event_count } = result;
    const [slept] = rowsOf(reading, "by_process_and_call").filter(({ call }) => String(call).endsWith("nanosleep"));
    assertCounted(slept?.["calls"], 40, result);
    assert.ok(Number(slept?.["mean_ns"]) >= 5e6, `a sleep of 5 ms took ${slept?.["mean_ns"]} ns`);
    assert.ok(Number(slept?.["max_ns"]) >= Number(slept?.["mean_ns"]));
    const [histogram] = reading.histograms;
    assert.equal(histogram?.count, event_count);
    const long = histogram!.buckets.filter(({ to }) => to > 5e6).reduce((sum, { count }) => sum + count, 0);
    assertCounted(long, 40, result); // as many in the histogram's long buckets as slept
  });
}

Deno.test("syscalls: rows of more processes than there are slots are kept, too", async () => {
  const children = 1500;
  await using workload = await Workload.start(["forks", String(children)]);
  const result = await runTool("syscalls", () => workload.go(), { filters: { comm: "workload" } });
  const { reading, lost_events } = result;
  // a fork returns twice: in the parent, and in each child, which has a row of its own; arm64 does not tell of the latter
  const told = Deno.build.arch === "x86_64" ? children : 0;
  const [forked] = rowsOf(reading, "by_call").filter(({ call }) => call === "clone" || call === "clone3");
  assertCounted(forked?.["calls"], children + told, result);
  const { rows, omitted_rows = 0 } = reading.tables.find(({ name }) => name === "by_process")!;
  assertCounted(rows.length + omitted_rows, told + 1, result);
  assert.equal(lost_events, 0);
});

Deno.test("syscalls: ktriage itself is in no row", async () => {
  await using workload = await Workload.start(["getppid", "10"]);
  const { reading } = await runTool("syscalls", async () => {
    await workload.go();
    for (let i = 0; i < 100; i++) Deno.statSync("/proc/self"); // calls of this process
  });
  assert.equal(rowsOf(reading, "by_process").find(({ process_id }) => process_id === Deno.pid), undefined);
});

Deno.test("syscalls without BPF: reads by process are those that /proc/PID/io counts", async () => {
  await using workload = await Workload.start(["reads", "2000"]);
  const { reading } = await runTool("syscalls", () => workload.go(), { way: 2 });
  // the reader is a child that has ended: /proc forgets it, and that is said
  assert.match(reading.notes.join(), /lived to the end/);
  assert.equal(reading.source, "/proc/PID/io");
});

Deno.test("a filter that a tool does not have is refused by name", async () => {
  const filters = { comm: "workload", port: 443 };
  await assert.rejects(runTool("syscalls", async () => {}, { filters }), /filtered by port.*takes comm, pid, tid, uid/);
});
