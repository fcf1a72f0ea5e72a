/** Programs on raw tracepoints: the arguments as the kernel passes them, on every kernel. */
import assert from "node:assert/strict";
import { SystemError } from "../../src/ffi/libc.ts";
import type { Capture } from "../../src/kernel/capture.ts";
import { syscallNumber } from "../../src/kernel/tracing/syscalls.ts";
import { refusedKind } from "../../src/probes/engine/refused_kind.ts";
import { functionPlan, numberOf, refusalOf, traceWork } from "../support/functions.ts";
import { Workload } from "../support/workload.ts";

const GETPPID = syscallNumber("getppid") ?? 0;

/** (struct pt_regs *regs, long id) */
const sysEnter = (captures: readonly Capture[]): ReturnType<typeof functionPlan> =>
  functionPlan({ kind: "raw_tracepoint", event: "sys_enter" }, { argument_count: 2, has_return: false, captures });

Deno.test("a raw tracepoint counts every hit and shows its arguments", async () => {
  await using workload = await Workload.start(["getppid", "500"]);
  const { counts, events } = await traceWork(sysEnter([numberOf(1)]), () => workload.go(), {
    filters: { pid: workload.pid },
  });
  assert.equal(events.length, counts.hits);
  assert.equal(events.filter(({ data }) => data["arg1"] === GETPPID).length, 500);
  for (const { process_id, data } of events) {
    assert.equal(process_id, workload.pid);
    assert.deepEqual(Object.keys(data), ["arg1"]); // an entry has neither result nor latency
  }
});

Deno.test("a raw tracepoint's filters keep others out", async () => {
  await using workload = await Workload.start(["getppid", "100"]);
  const options = { filters: { pid: workload.pid, comm: "another" } };
  const { counts, events } = await traceWork(sysEnter([]), () => workload.go(), options);
  assert.deepEqual([counts.hits, events.length], [0, 0]);
});

Deno.test("memory that cannot be read is null, and the other reads of the hit hold", async () => {
  await using workload = await Workload.start(["getppid", "10"]);
  const nowhere: Capture = {
    name: "nowhere",
    type: "long",
    // the number of the system call, taken for an address
    reads: [{ source: 1, path: [0, 8], kind: "memory", bytes: 8, space: "kernel" }],
    decode: ([slot]) => slot === undefined ? null : "something",
  };
  const plan = sysEnter([nowhere, numberOf(1)]);
  const { events } = await traceWork(plan, () => workload.go(), { filters: { pid: workload.pid } });
  const seen = events.filter(({ data }) => data["arg1"] === GETPPID);
  assert.equal(seen.length, 10);
  for (const { data } of seen) assert.equal(data["nowhere"], null);
});

Deno.test("a raw tracepoint that is not in this kernel is refused as a target", async () => {
  const refusal = await refusalOf(functionPlan({ kind: "raw_tracepoint", event: "no_such_event" }));
  assert.ok(refusal instanceof SystemError, String(refusal));
  assert.equal(refusedKind("raw_tracepoint", refusal), undefined);
});
