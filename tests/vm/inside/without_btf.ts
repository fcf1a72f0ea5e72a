/** Runs on a kernel whose BTF is hidden. */
import assert from "node:assert/strict";
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
