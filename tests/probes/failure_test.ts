import assert from "node:assert/strict";
import { BpfError } from "../../src/ffi/libbpf.ts";
import { SystemError } from "../../src/ffi/libc.ts";
import { TracefsError } from "../../src/kernel/tracing/tracefs.ts";
import type { Restrictions } from "../../src/kernel/host/restrictions.ts";
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

const EPERM = 1, EACCES = 13;

/** A user of a plain kernel; `names` are capabilities without CAP_. */
function user(...names: readonly string[]): Restrictions {
  return {
    privileges: {
      user_id: 1000,
      capabilities: new Set(names.map((name) => `CAP_${name}`)),
      is_initial_user_namespace: true,
      has_seccomp_filter: false,
    },
    release: "6.12.0",
    lockdown: "none",
    perf_event_paranoid: 2,
    locked_memory_bytes: Infinity,
  };
}

Deno.test("explainFailure() says which privileges are missing, how to give them, and what still works", () => {
  const denials = [
    new BpfError("create map events", EPERM, ""),
    new Deno.errors.PermissionDenied("readfile '/sys/kernel/tracing/events/sched/sched_switch/format'"),
    new TracefsError("tracefs cannot be read", "", { cause: new Deno.errors.PermissionDenied("stat") }),
  ];
  for (const error of denials) {
    const { hint } = explainFailure("start eBPF programs", error, { restrictions: () => user("BPF") });
    assert.match(hint, /^This process lacks CAP_PERFMON, CAP_DAC_READ_SEARCH: run ktriage as root /);
    assert.match(hint, /\. Commands and \/proc still work\.$/);
  }
});

Deno.test("explainFailure() tells who may not mount tracefs what is missing, and to mount it where that is all", () => {
  const mount = "As root: mount -t tracefs nodev /sys/kernel/tracing";
  const refused = new TracefsError("tracefs is not mounted", mount, { cause: new SystemError("fsopen", EPERM) });
  const hintFor = (...names: readonly string[]): string =>
    explainFailure("start eBPF programs", refused, { restrictions: () => user(...names) }).hint;
  assert.match(hintFor(), /^This process lacks CAP_BPF, CAP_PERFMON, CAP_DAC_READ_SEARCH: run ktriage as root /);
  assert.equal(hintFor("BPF", "PERFMON", "DAC_READ_SEARCH"), mount);
});

Deno.test("explainFailure() knows what a probe of a program's function needs in addition", () => {
  const restrictions = (): Restrictions => user("BPF", "PERFMON", "DAC_READ_SEARCH");
  const refused = new SystemError("perf_event_open", EACCES);
  assert.match(
    explainFailure("x", refused, { probe: "uretprobe", restrictions }).hint,
    /^Functions of programs need CAP_SYS_ADMIN/,
  );
  assert.match(explainFailure("x", refused, { probe: "kprobe", restrictions }).hint, /^A hardened kernel/);
});

Deno.test("explainFailure() leaves a program that the verifier refuses to the verifier's log", () => {
  const restrictions = (): Restrictions => user("SYS_ADMIN", "DAC_READ_SEARCH");
  const { hint } = explainFailure("x", new BpfError("load function", EACCES, "R1 invalid mem access"), {
    restrictions,
  });
  assert.equal(hint, "R1 invalid mem access");
});
