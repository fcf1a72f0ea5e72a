/** The tool `off-cpu` against threads that wait for a known time at a known place. */
import assert from "node:assert/strict";
import { Ground } from "../../src/probes/ground.ts";
import { stackFrom } from "../../src/probes/tools/off_cpu.ts";
import { toolNamed } from "../../src/probes/tools/registry.ts";
import { type StartedTool, startTool } from "../../src/probes/tools/run.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";
import { until } from "../support/until.ts";

const TIMES = 5, WAIT_MS = 40;
/** The child sleeps already when the parent begins to wait for it: on a slow machine a part of its time is over. */
const ERROR = 0.5;

Deno.test("off-cpu tells who was blocked, how long, and where in the kernel", async () => {
  await using workload = await Workload.start(["vfork", `${TIMES}`, `${WAIT_MS}`], {
    source: "stalls",
    name: "stall_vfork",
  });
  let measured_us = 0;
  const result = await runTool("off-cpu", async () => void (measured_us = await workload.go()));
  const [row] = rowsOf(result.reading, "blocked").filter(({ process_id }) => process_id === workload.pid);
  assert.equal(row!.process_name, "stall_vfork");
  assert.equal(row!.waits, TIMES);
  assert.equal(row!.still_waiting, 0);
  const total_ms = Number(row!.total), longest_ms = Number(row!.longest);
  assert.ok(
    total_ms >= TIMES * WAIT_MS * (1 - ERROR) && total_ms * 1000 <= measured_us,
    `${total_ms} ms of ${measured_us} µs`,
  );
  assert.ok(longest_ms >= total_ms / TIMES && longest_ms <= total_ms, `${longest_ms} ms`);
  assert.match(`${row!.kernel_stack}`, /^wait_for_(vfork_done|completion)|^(schedule_timeout|__wait_for_common)/);
  assert.match(`${row!.kernel_stack}`, /kernel_clone/);
  const [histogram] = result.reading.histograms;
  assert.ok(histogram!.count >= TIMES);
  assert.equal(result.lost_events, 0);
});

Deno.test("off-cpu tells sleeping from being blocked, and counts each sleep", async () => {
  await using workload = await Workload.start(["sleeps", "20"], { name: "stall_sleeps" });
  const result = await runTool("off-cpu", () => workload.go(), { filters: { comm: "stall_sleeps" } });
  const rows = rowsOf(result.reading, "sleeping").filter(({ kernel_stack }) => /nanosleep/.test(`${kernel_stack}`));
  assert.equal(rows.length, 1);
  assert.equal(rows[0]!.waits, 20);
  assert.ok(Number(rows[0]!.total) >= 100);
  assert.deepEqual(rowsOf(result.reading, "blocked"), []);
  assert.deepEqual([...new Set(rowsOf(result.reading, "sleeping").map(({ process_id }) => process_id))], [
    workload.pid,
  ]);
});

Deno.test("off-cpu tells waits that have not ended", async () => {
  await using workload = await Workload.start(["vfork", "1", "3000"], { source: "stalls", name: "stall_still" });
  const going: { done?: Promise<number> } = {};
  let start = 0, least_ms = 0;
  const result = await runTool("off-cpu", async () => {
    start = performance.now();
    going.done = workload.go();
    await until("it is blocked", () => Deno.readTextFileSync(`/proc/${workload.pid}/stat`).includes(") D "));
    const seen = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 100)); // how long it waits is what is told
    least_ms = performance.now() - seen;
  }, { filters: { comm: "stall_still" } });
  const most_ms = performance.now() - start;
  await going.done;
  const [row] = rowsOf(result.reading, "blocked");
  assert.deepEqual([row!.process_id, row!.waits, row!.still_waiting], [workload.pid, 0, 1]);
  assert.ok(Number(row!.total) >= Math.floor(least_ms) && Number(row!.total) <= most_ms, `${row!.total} ms`);
  assert.equal(result.reading.figures.still_blocked, 1);
});

Deno.test("off-cpu counts nothing behind its window's end, also while it is being detached", async () => {
  await using workload = await Workload.start(["sleeps", "20"], { name: "stall_late" });
  const ground = await Ground.open();
  using resources = new DisposableStack();
  if (!("error" in ground)) resources.use(ground);
  const start = async (name: string): Promise<StartedTool> => {
    const tool = await toolNamed(name);
    if ("error" in tool) throw new Error(tool.error);
    const started = await startTool(tool, { ground, filters: {}, max_events: 0 });
    if ("error" in started) throw new Error(started.error);
    return resources.use(started);
  };
  // their events are detached one after the other
  const others = await Promise.all(["lock-contention", "block-latency", "tcp-resets"].map(start));
  const off_cpu = await start("off-cpu");
  const finished = others.map((tool) => tool.finish()), finishing = off_cpu.finish();
  await workload.go();
  await Promise.all(finished);
  const { reading } = await finishing;
  const seen = rowsOf(reading, "sleeping").filter(({ process_id }) => process_id === workload.pid);
  assert.deepEqual(seen, []);
});

Deno.test("off-cpu without BPF finds who is blocked by looking", async () => {
  await using workload = await Workload.start(["vfork", "1", "3000"], { source: "stalls", name: "stall_still" });
  const result = await runTool("off-cpu", () => workload.go(), { way: 1 });
  const row = rowsOf(result.reading, "blocked").find(({ process_id }) => process_id === workload.pid)!;
  assert.ok(Number(row.found) >= 1, `found ${row.found} times`);
});

Deno.test("stackFrom() reads /proc/PID/stack, and knows when there is nothing", () => {
  const text = "[<0>] io_schedule+0x46/0x70\n[<0>] folio_wait_bit_common+0x13f/0x340\n[<0>] do_read+0x1/0x2 [xfs]\n";
  assert.equal(stackFrom(text), "io_schedule < folio_wait_bit_common < do_read");
  const traced = "[<0>] __traceiter_sched_switch+0x4/0x60\n[<0>] __schedule+0x1/0x2\n[<0>] schedule+0x1/0x2\n";
  assert.equal(stackFrom(traced + text), stackFrom(text));
  assert.equal(stackFrom(""), "unknown");
});
