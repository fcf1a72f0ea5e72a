import assert from "node:assert/strict";
import type { KernelFacts } from "../../src/probes/plan/kernel_facts.ts";
import { foresee } from "../../src/probes/rehearse.ts";
import { recordedFunctions } from "../kernel/functions/recorded_functions.ts";

const facts: KernelFacts = {
  btf: { ok: false, error: "this kernel has no BTF", hint: "" },
  functions: recordedFunctions("linux-6.12"),
};

Deno.test("foresee() names the ways to a function without trying them", () => {
  const { asked, resolution, steps, error } = foresee({ type: "kprobe", target: "do_fork" }, facts);
  assert.equal(asked, "kprobe:do_fork");
  assert.ok(resolution?.kind === "function" && resolution.name === "kernel_clone");
  assert.deepEqual(steps, [
    { kind: "fentry", outcome: "untried", event: "fentry:kernel_clone" },
    { kind: "kprobe", outcome: "untried", event: "kprobe:kernel_clone" },
    { kind: "tracepoint", outcome: "untried", event: "sched:sched_process_fork", why: "without calls that fail" },
  ]);
  assert.equal(error, undefined);
});

Deno.test("foresee() knows what the kernel will refuse", () => {
  const { steps } = foresee({ type: "kprobe", target: "blk_account_io_start" }, facts);
  assert.deepEqual(steps.map(({ kind, outcome }) => [kind, outcome]), [
    ["fentry", "refused"],
    ["kprobe", "refused"],
    ["tracepoint", "untried"],
    ["tracepoint", "untried"],
  ]);
});

Deno.test("foresee() answers system calls by their tracepoint, and refuses what does not exist", () => {
  assert.deepEqual(foresee({ type: "kprobe", target: "__x64_sys_connect" }, facts).steps, [
    { kind: "tracepoint", outcome: "untried", event: "syscalls:sys_enter_connect" },
  ]);
  const nothing = foresee({ type: "kprobe", target: "tcp_conect" }, facts);
  assert.deepEqual(nothing.steps, []);
  assert.match(nothing.error ?? "", /^Cannot probe tcp_conect: /);
  assert.match(nothing.hint ?? "", /^Nearest: tcp_connect/);
});
