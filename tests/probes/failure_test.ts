import assert from "node:assert/strict";
import { BpfError } from "../../src/ffi/libbpf.ts";
import { SystemError } from "../../src/ffi/libc.ts";
import { TracefsError } from "../../src/kernel/tracefs.ts";
import { explainFailure } from "../../src/probes/failure.ts";

const EINVAL = 22, ENOMEM = 12;

Deno.test("explainFailure() says that a kernel has no ring buffer, since when there is one, and what still works", () => {
  assert.deepEqual(explainFailure("start eBPF programs", new BpfError("create map events", EINVAL, "")), {
    error: "Cannot start eBPF programs: this kernel has no BPF ring buffer.",
    hint: "It came with Linux 5.8, and every eBPF program of ktriage needs it; commands and /proc still work.",
  });
});

Deno.test("explainFailure() keeps the end of the verifier's log, where the reason stands", () => {
  const log = [...Array(50).keys()].map((n) => `${n}: (85) call something`).concat("R1 type=scalar expected=ctx").join(
    "\n",
  );
  const { error, hint } = explainFailure("attach tracepoint a/b", new BpfError("load tracepoint", EINVAL, log));
  assert.equal(error, "Cannot attach tracepoint a/b: load tracepoint failed with EINVAL (Invalid argument).");
  assert.equal(hint.split("\n").length, 12);
  assert.ok(hint.endsWith("R1 type=scalar expected=ctx"));
});

Deno.test("explainFailure() names the failed system call", () => {
  const { error } = explainFailure("attach tracepoint a/b", new SystemError("perf_event_open", ENOMEM));
  assert.equal(error, "Cannot attach tracepoint a/b: perf_event_open failed with ENOMEM (Cannot allocate memory).");
});

Deno.test("explainFailure() passes on what to do about tracefs", () => {
  const failure = new TracefsError("tracefs is not mounted.", "As root: mount -t tracefs nodev /sys/kernel/tracing");
  assert.deepEqual(explainFailure("start eBPF programs", failure), {
    error: "Cannot start eBPF programs: tracefs is not mounted.",
    hint: "As root: mount -t tracefs nodev /sys/kernel/tracing",
  });
});
