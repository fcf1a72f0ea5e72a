import assert from "node:assert/strict";
import type { KernelFacts } from "../../src/probes/plan/kernel_facts.ts";
import { listProbes } from "../../src/probes/list_probes.ts";
import type { ListedProbe } from "../../src/protocol/mod.ts";
import { recordedFunctions } from "../kernel/functions/recorded_functions.ts";
import { recordedTracefs } from "../support/recorded_tracefs.ts";

const tracefs = recordedTracefs("7.3");
const facts: KernelFacts = {
  btf: { ok: false, error: "this kernel has no BTF", hint: "" },
  functions: recordedFunctions("linux-7.3"),
};

function targets(listed: readonly ListedProbe[]): string[] {
  return listed.map(({ type, target }) => `${type}:${target}`);
}

Deno.test("listProbes() matches names, and names with their category or module", () => {
  assert.deepEqual(targets(listProbes("sched_process_e*", { facts, tracefs })), [
    "tracepoint:sched:sched_process_exec",
    "tracepoint:sched:sched_process_exit",
  ]);
  assert.deepEqual(
    targets(listProbes("sched/sched_process_exit", { facts, tracefs })),
    ["tracepoint:sched:sched_process_exit"],
  );
  assert.deepEqual(targets(listProbes("nf_conntrack:*_in", { facts, tracefs })), [
    "kprobe:nf_conntrack:nf_conntrack_in",
  ]);
  assert.deepEqual(targets(listProbes("nothing*", { facts, tracefs })), []);
});

Deno.test("listProbes() shows fields with their types, and of system calls the arguments only", () => {
  const [open] = listProbes("sys_enter_openat", { facts, tracefs });
  assert.deepEqual(open?.arguments, [
    { name: "dfd", type: "int" },
    { name: "filename", type: "const char *" },
    { name: "flags", type: "int" },
    { name: "mode", type: "umode_t" },
  ]);
});

Deno.test("listProbes() lists functions that can be traced, once, without arguments where there is no BTF", () => {
  const functions = listProbes("*", { facts, tracefs, types: ["fentry"] });
  const names = functions.map(({ target }) => target);
  assert.ok(names.includes("tcp_connect") && names.includes("kernel_clone"));
  assert.ok(!names.includes("blk_account_io_start"), "which is not traceable");
  assert.ok(!names.some((name) => name.includes(".cold") || name.startsWith("__pfx_")));
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(names, [...names].sort());
  assert.deepEqual(functions.find(({ target }) => target === "tcp_connect"), { type: "fentry", target: "tcp_connect" });
});

Deno.test("listProbes() without tracefs lists the rest", () => {
  assert.deepEqual(targets(listProbes("tcp_connect", { facts, tracefs: undefined })), ["kprobe:tcp_connect"]);
  assert.deepEqual(listProbes("sched_process_exit", { facts, tracefs: undefined }), []);
});
