/** Tracepoints of which only records with certain values are hits; system calls paired by their number. */
import assert from "node:assert/strict";
import { syscallNumber } from "../../src/kernel/tracing/syscalls.ts";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import { type EventRequest, type Plan, planEvent } from "../../src/probes/plan/tracepoint.ts";
import { traceWork } from "../support/functions.ts";
import { Workload } from "../support/workload.ts";

const GETPPID = syscallNumber("getppid") ?? -1,
  PRCTL = syscallNumber("prctl") ?? -1,
  OPENAT = syscallNumber("openat") ?? -1;

function plan(request: EventRequest): Plan {
  using tracefs = openTracefs();
  const planned = planEvent(request, tracefs);
  assert.ok("event_id" in planned, "error" in planned ? planned.error : "");
  return planned;
}

function syscalls(values: readonly number[], name = "sys_enter"): Plan {
  return plan({ category: "raw_syscalls", name, match: { field: "id", values } });
}

Deno.test("only records whose field has one of the values are hits", async () => {
  await using workload = await Workload.start(["names", "50"]); // 50 getppid, 50 prctl, and what printing takes
  const filters = { pid: workload.pid };
  const one = await traceWork(syscalls([GETPPID]), () => workload.go(), { filters });
  assert.equal(one.counts.hits, 50);
  assert.equal(one.events.length, 50);
  assert.deepEqual(one.counts.rows.map(({ key }) => key), Array(one.counts.rows.length).fill(GETPPID));
});

Deno.test("a record may match any of eight values, and one that is not there matches none", async () => {
  await using first = await Workload.start(["names", "50"]);
  const eight = [-1, 9991, 9992, 9993, 9994, 9995, GETPPID, PRCTL];
  assert.equal((await traceWork(syscalls(eight), () => first.go(), { filters: { pid: first.pid } })).counts.hits, 100);
  await using second = await Workload.start(["names", "50"]);
  const other = await traceWork(syscalls([9999]), () => second.go(), { filters: { pid: second.pid } });
  assert.deepEqual([other.counts.hits, other.events.length], [0, 0]);
});

Deno.test("system calls that match by number are paired with their return", async () => {
  await using workload = await Workload.start(["opens", "80", "/nowhere"]);
  const { counts, events } = await traceWork(syscalls([OPENAT]), () => workload.go(), {
    filters: { pid: workload.pid },
  });
  assert.equal(counts.hits, 80);
  assert.equal(events.length, 80);
  for (const { data } of events) {
    assert.deepEqual([data["ret"], data["error"]], [-2, "ENOENT"]);
    assert.ok(Number(data["latency_ns"]) > 0);
  }
});

Deno.test("a call that never returns is not paired with another one's return", async () => {
  const exit_group = syscallNumber("exit_group") ?? -1, wait4 = syscallNumber("wait4") ?? -1;
  await using workload = await Workload.start(["forks", "20"]);
  const { events } = await traceWork(syscalls([exit_group, wait4]), () => workload.go());
  const exits = events.filter(({ data }) => data["id"] === exit_group || data["id"] === "exit_group");
  assert.ok(exits.length >= 20, `${exits.length} exits`);
  for (const { data } of exits) assert.ok(!("ret" in data), Deno.inspect(data));
});

Deno.test("a histogram of paired system calls has all that returned, whatever the governor lets through", async () => {
  for (const rate_per_s of [0, 1]) {
    await using workload = await Workload.start(["opens", "700", "/nowhere"]);
    const openat = plan({ category: "syscalls", name: "sys_enter_openat" });
    const options = { filters: { pid: workload.pid }, rate_per_s, aggregate: "latency" } as const;
    const { counts, events } = await traceWork(openat, () => workload.go(), options);
    assert.deepEqual(events, []);
    assert.equal(counts.hits, 700);
    assert.equal(counts.histogram!.reduce((sum, { count }) => sum + count, 0), 700);
  }
});

Deno.test("counting alone emits nothing and keeps no time", async () => {
  await using workload = await Workload.start(["opens", "100", "/nowhere"]);
  const openat = plan({ category: "syscalls", name: "sys_enter_openat" });
  const options = { filters: { pid: workload.pid }, aggregate: "count" } as const;
  const { counts, events } = await traceWork(openat, () => workload.go(), options);
  assert.deepEqual([counts.hits, counts.emitted, events.length, counts.histogram], [100, 0, 0, undefined]);
});
