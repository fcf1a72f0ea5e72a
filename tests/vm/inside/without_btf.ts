/** Runs on a kernel whose BTF is hidden. */
import assert from "node:assert/strict";
import { rowsOf, runTool } from "../../support/tools.ts";
import { traceDuring } from "../../support/tracing.ts";
import { Workload } from "../../support/workload.ts";

const N = 20;
const SAYS_SO = /arguments are plain numbers: this kernel has no BTF/;

Deno.test("without BTF functions are answered by kprobes, with plain numbers, and the result says so", async () => {
  await using reads = await Workload.start(["reads", String(N)], { name: "reads" });
  const filters = { comm: "reader" };
  const [entry, exit, fentry, named] = await traceDuring([
    { type: "kprobe", target: "vfs_read", filters },
    { type: "kretprobe", target: "vfs_read", filters },
    { type: "fentry", target: "vfs_read", filters },
    { type: "kprobe", target: "vfs_read", filters, capture: ["count"] },
  ], () => reads.go());
  for (const result of [entry!, exit!, fentry!]) {
    assert.equal(result.error, undefined);
    assert.equal(result.event_count, N);
    assert.match(result.attached_as!, SAYS_SO);
    assert.equal(result.events[0]!.event_type, result === exit ? "kretprobe:vfs_read" : "kprobe:vfs_read");
  }
  for (const { data } of entry!.events) assert.equal(data["arg2"], 1); // bytes to read
  for (const { data } of exit!.events) assert.equal(data["ret"], 1); // bytes that were read
  assert.match(fentry!.attached_as!, /kprobe:vfs_read: this kernel has no BTF/);
  assert.match(named!.error!, /Cannot capture "count": the names of arguments are not known/);
  assert.match(named!.hint!, /arg0 to arg5.*--btf FILE/);
});

Deno.test("without BTF a tracepoint is the same as with it", async () => {
  await using opens = await Workload.start(["opens", String(N), "/nowhere"]);
  const [result] = await traceDuring([{ target: "openat", filters: { pid: opens.pid } }], () => opens.go());
  assert.deepEqual(
    result!.events.map(({ data }) => data["filename"]),
    Array.from({ length: N }, (_, i) => `/nowhere/${i}`),
  );
});

Deno.test("without BTF the tool processes counts and times, and says that exit codes are not known", async () => {
  await using workload = await Workload.start(["exits", String(N), "7"], { source: "stalls", name: "stall_exits" });
  const result = await runTool("processes", () => workload.go());
  const [row, ...others] = rowsOf(result.reading, "ended").filter(({ parent_name }) => parent_name === "stall_exits");
  assert.deepEqual(others, []);
  assert.deepEqual([row!.count, row!.ended_with, row!.last_command], [N, "unknown", null]);
  assert.ok(Number(row!.mean_life) > 0);
  assert.match(result.reading.notes.join(), /no BTF: exit codes and command lines are not known/);
});

Deno.test("without BTF the tool irq-time takes tracepoints, and says so", async () => {
  const result = await runTool("irq-time", () => new Promise((resolve) => setTimeout(resolve, 500)));
  assert.equal(result.reading.source, "tracepoints of irq and irq_vectors");
  assert.ok(result.event_count > 0);
});
