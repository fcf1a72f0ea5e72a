/** The tool `cpu-profile` against a program that computes in a known function for a known time. */
import assert from "node:assert/strict";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const BURN_MS = 1000, SAMPLES_PER_S = 99;

Deno.test("cpu-profile names the function and its callers, and counts its CPU time", async () => {
  await using busy = await Workload.start(["burn", `${BURN_MS}`], { source: "stalls", name: "stall_burn" });
  await using idle = await Workload.start(["burn", "1"], { source: "stalls", name: "stall_idle" });
  const result = await runTool("cpu-profile", () => busy.go());
  const row = rowsOf(result.reading, "by_process").find(({ process_id }) => process_id === busy.pid)!;
  const expected = BURN_MS / 1000 * SAMPLES_PER_S;
  assert.equal(row.process_name, "stall_burn");
  assert.ok(Math.abs(Number(row.samples) - expected) <= 0.25 * expected, `${row.samples} samples, not ${expected}`);
  const [stack] = rowsOf(result.reading, "by_stack").filter(({ process_id }) => process_id === busy.pid);
  assert.match(`${stack!.stack}`, /burn_here \(stall_burn\)|clock_gettime|\[vdso\]/);
  const hot = rowsOf(result.reading, "by_function").find(({ function: name }) => name === "burn_here (stall_burn)")!;
  assert.ok(Number(hot.samples) > 0.7 * expected, `${hot.samples} samples in burn_here`);
  assert.equal(hot.most_in, "stall_burn");
  assert.equal(result.lost_events, 0);
  // who does not run is not shown, nor is ktriage itself
  const shown = rowsOf(result.reading, "by_process").map(({ process_id }) => process_id);
  assert.ok(!shown.includes(idle.pid) && !shown.includes(Deno.pid));
});

Deno.test("cpu-profile tells the functions of the kernel, and what is asked for only", async () => {
  await using workload = await Workload.start(["storm", "1"], { name: "stall_calls" });
  const result = await runTool("cpu-profile", () => workload.go(), { filters: { comm: "stall_calls" } });
  const rows = rowsOf(result.reading, "by_process");
  assert.deepEqual(rows.map(({ process_id }) => process_id), [workload.pid]);
  assert.ok(rowsOf(result.reading, "by_stack").some(({ stack }) => /\[kernel\]/.test(`${stack}`)));
});

Deno.test("cpu-profile says plainly that a program which has ended has no names", async () => {
  await using workload = await Workload.start(["execs", "100"], { name: "stall_ends" });
  const result = await runTool("cpu-profile", () => workload.go());
  const stacks = rowsOf(result.reading, "by_stack").map(({ stack }) => `${stack}`);
  assert.ok(stacks.every((stack) => stack.length > 0 && !/0x[0-9a-f]/.test(stack)));
});

Deno.test("cpu-profile without BPF tells the CPU time of processes", async () => {
  await using workload = await Workload.start(["burn", "500"], { source: "stalls", name: "stall_burn" });
  const result = await runTool("cpu-profile", () => workload.go(), { way: 1 });
  const row = rowsOf(result.reading, "by_process").find(({ process_id }) => process_id === workload.pid)!;
  assert.ok(Math.abs(Number(row.cpu_time) - 500) <= 50, `${row.cpu_time} ms`);
  assert.match(result.reading.notes.join(), /neither functions nor stacks/);
});
