/** The tool `lock-contention` against a mutex that is held for a known time. */
import assert from "node:assert/strict";
import { syscallNumber } from "../../src/kernel/tracing/syscalls.ts";
import { waitedFor } from "../../src/probes/tools/futex_waiters.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";
import { until } from "../support/until.ts";

const TIMES = 4, HOLD_MS = 50;

Deno.test("lock-contention tells the lock, its waits and their time, where it is waited for and who holds it", async () => {
  await using workload = await Workload.start(["lock", `${TIMES}`, `${HOLD_MS}`], {
    source: "stalls",
    name: "stall_lock",
  });
  let measured_us = 0;
  const result = await runTool("lock-contention", async () => void (measured_us = await workload.go()));
  const [row, ...others] = rowsOf(result.reading, "locks").filter(({ process_id }) => process_id === workload.pid);
  assert.deepEqual(others, []);
  assert.equal(row!.process_name, "stall_lock");
  assert.equal(row!.waits, TIMES);
  assert.equal(row!.timeouts, 0);
  // what the program has measured itself, around the same calls
  assert.ok(
    Math.abs(Number(row!.total) * 1000 - measured_us) < 0.1 * measured_us,
    `${row!.total} ms, ${measured_us} µs`,
  );
  assert.ok(Number(row!.longest) >= 0.9 * HOLD_MS);
  assert.match(`${row!.address}`, /^0x[0-9a-f]+$/);
  // within the C library, whose own names are there only with its symbols for debuggers
  assert.match(`${row!.stack}`, /lock.* \(libc\.so\.6\)|^unknown \(libc\.so\.6: its symbols were stripped\)/);
  assert.equal(row!.held_by, `stall_lock (thread ${workload.pid})`);
  assert.ok(!`${row!.longest_by}`.includes(`thread ${workload.pid})`));
  assert.ok(result.reading.figures.lock_waits! >= TIMES);
  assert.ok(result.reading.histograms[0]!.count >= TIMES);
  assert.equal(result.lost_events, 0);
});

Deno.test("lock-contention tells neither threads that wait for something else as locks, nor other processes", async () => {
  await using lock = await Workload.start(["lock", "2", "20"], { source: "stalls", name: "stall_lock" });
  await using other = await Workload.start(["lock", "2", "20"], { source: "stalls", name: "stall_other" });
  const result = await runTool("lock-contention", () => Promise.all([lock.go(), other.go()]), {
    filters: { comm: "stall_lock" },
  });
  for (const name of ["locks", "other_waits"]) {
    for (const { process_id } of rowsOf(result.reading, name)) assert.equal(process_id, lock.pid);
  }
  assert.equal(rowsOf(result.reading, "locks").length, 1);
  // the barrier and the end of the thread
  assert.ok(rowsOf(result.reading, "other_waits").length >= 1);
});

Deno.test("lock-contention tells a thread that still waits, and since when", async () => {
  await using workload = await Workload.start(["lock", "1", "3000"], { source: "stalls", name: "stall_stuck" });
  const going: { done?: Promise<number> } = {};
  let start = 0, least_ms = 0;
  const result = await runTool("lock-contention", async () => {
    start = performance.now();
    going.done = workload.go();
    await until("a thread waits for the lock", () => waits(workload.pid));
    const seen = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 200)); // how long it waits is what is told
    least_ms = performance.now() - seen;
  }, { filters: { pid: workload.pid } });
  const most_ms = performance.now() - start;
  await going.done;
  const [row] = rowsOf(result.reading, "locks");
  assert.deepEqual([row!.waits, row!.still_waiting], [0, 1]);
  assert.ok(Number(row!.total) >= Math.floor(least_ms) && Number(row!.total) <= most_ms, `${row!.total} ms`);
  assert.match(result.summary, /1 still when the window ended/);
});

/** Whether a thread of the process is in futex(2) for a lock. */
function waits(pid: number): boolean {
  const futex = syscallNumber("futex", Deno.build.arch)!;
  return [...Deno.readDirSync(`/proc/${pid}/task`)].some(({ name }) =>
    waitedFor(Deno.readTextFileSync(`/proc/${pid}/task/${name}/syscall`), futex) !== undefined
  );
}

Deno.test("lock-contention without BPF finds threads that wait", async () => {
  await using workload = await Workload.start(["lock", "1", "1200"], { source: "stalls", name: "stall_lock" });
  const result = await runTool("lock-contention", () => workload.go(), { way: 1 });
  const row = rowsOf(result.reading, "locks").find(({ process_id }) => process_id === workload.pid)!;
  assert.ok(Number(row.found_waiting) >= 1);
});

Deno.test("waitedFor() knows a lock from other waits, and from other calls", () => {
  assert.equal(waitedFor("202 0x55d0 0x80 0x2 0x0 0x0 0x0 0x7ffd 0x7f\n", 202), "0x55d0");
  assert.equal(waitedFor("202 0x55d0 0x189 0x0 0x0 0x0 0xffffffff 0x7ffd 0x7f\n", 202), undefined);
  assert.equal(waitedFor("202 0x55d0 0x86 0x0 0x0 0x0 0x0 0x7ffd 0x7f\n", 202), "0x55d0");
  assert.equal(waitedFor("0 0x3 0x80 0x2\n", 202), undefined);
  assert.equal(waitedFor("running\n", 202), undefined);
});
