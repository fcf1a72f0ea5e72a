/** The tool `cgroup-throttling` against a group that may use a fifth of a CPU. */
import assert from "node:assert/strict";
import { ControlGroup } from "../support/control_group.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

const QUOTA_US = 20_000, PERIOD_US = 100_000, BURN_MS = 200;

Deno.test("cgroup-throttling tells the group, its quota, its throttled time and who is in it", async () => {
  await using group = await ControlGroup.make("cpu", QUOTA_US / PERIOD_US);
  await using workload = await Workload.start(["burn", `${BURN_MS}`], { source: "stalls", name: "stall_throttled" });
  await group.add(workload.pid);
  let took_ms = 0;
  const result = await runTool("cgroup-throttling", async () => {
    const start = performance.now();
    await workload.go();
    took_ms = performance.now() - start;
  });
  const row = rowsOf(result.reading, "groups").find(({ cgroup }) => cgroup === group.name)!;
  assert.equal(row.quota_of_one_cpu, 20);
  assert.ok(Number(row.throttled_periods) > 0 && Number(row.periods) >= Number(row.throttled_periods));
  // 200 ms of CPU time at 20 ms in each period: ten pieces at most, between which it is throttled
  const pieces = BURN_MS * 1000 / QUOTA_US;
  assert.ok(Number(row.throttled_periods) <= pieces + 1, `${row.throttled_periods} periods`);
  assert.ok(Number(row.throttled) <= took_ms - BURN_MS + PERIOD_US / 1000, `${row.throttled} ms of ${took_ms} ms`);
  // the kernel's own figures, since the group is new
  const stat = await Deno.readTextFile(`${group.path}/cpu.stat`);
  assert.equal(row.throttled_periods, Number(/^nr_throttled (\d+)$/m.exec(stat)![1]));
  const [, unit, time] = /^throttled_(time|usec) (\d+)$/m.exec(stat)!;
  assert.equal(row.throttled, Math.round(Number(time) / (unit === "time" ? 1e6 : 1e3)));
  const [who] = rowsOf(result.reading, "processes").filter(({ cgroup }) => cgroup === group.name);
  assert.deepEqual([who!.process_id, who!.process_name], [workload.pid, "stall_throttled"]);
});

Deno.test("cgroup-throttling does not tell a group that stays within its quota", async () => {
  await using group = await ControlGroup.make("cpu", 2);
  await using workload = await Workload.start(["burn", "100"], { source: "stalls", name: "stall_free" });
  await group.add(workload.pid);
  const result = await runTool("cgroup-throttling", () => workload.go());
  assert.ok(rowsOf(result.reading, "groups").every(({ cgroup }) => cgroup !== group.name));
  assert.ok(result.reading.figures.groups_with_quota! >= 1);
});
