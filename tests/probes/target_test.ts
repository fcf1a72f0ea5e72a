import assert from "node:assert/strict";
import { parseTarget } from "../../src/probes/target.ts";

Deno.test("parseTarget() takes the kind off a target that names it, by the names of several tools", () => {
  for (
    const [text, type, target] of [
      ["kprobe:tcp_connect", "kprobe", "tcp_connect"],
      [" kretprobe:vfs_read ", "kretprobe", "vfs_read"],
      ["fentry/tcp_connect", "fentry", "tcp_connect"],
      ["kfunc:tcp_connect", "fentry", "tcp_connect"],
      ["kretfunc:vmlinux:vfs_read", "fexit", "vmlinux:vfs_read"],
      ["rawtracepoint:sched_switch", "raw_tracepoint", "sched_switch"],
      ["uprobe:/usr/lib/libc.so.6:malloc", "uprobe", "/usr/lib/libc.so.6:malloc"],
      ["uretprobe:libc:malloc", "uretprobe", "libc:malloc"],
      ["tracepoint:sched:sched_switch", "tracepoint", "sched:sched_switch"],
      ["tracepoint/syscalls/sys_enter_openat", "tracepoint", "syscalls/sys_enter_openat"],
    ] as const
  ) assert.deepEqual(parseTarget(text), { type, target }, text);
});

Deno.test("parseTarget() leaves a target alone that names no kind", () => {
  for (
    const target of ["openat", "sched/sched_switch", "sched:sched_switch", "/usr/bin/bash:readline", "812:main", ""]
  ) {
    assert.deepEqual(parseTarget(target), { type: "tracepoint", target });
    assert.deepEqual(parseTarget(target, "uprobe"), { type: "uprobe", target });
  }
  assert.deepEqual(parseTarget("constructor:x"), { type: "tracepoint", target: "constructor:x" });
});

Deno.test("parseTarget() keeps a type that is as good, and follows the target where it is another thing", () => {
  assert.equal(parseTarget("kprobe:vfs_read", "kretprobe").type, "kretprobe");
  assert.equal(parseTarget("uprobe:libc:malloc", "uretprobe").type, "uretprobe");
  assert.equal(parseTarget("kprobe:vfs_read", "tracepoint").type, "kprobe");
  assert.equal(parseTarget("uprobe:libc:malloc", "kprobe").type, "uprobe");
});
