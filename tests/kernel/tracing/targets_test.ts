import assert from "node:assert/strict";
import { syscallOfFunction } from "../../../src/kernel/tracing/renamed.ts";
import { syscallTable } from "../../../src/kernel/tracing/syscalls.ts";
import { type Resolution, resolveTarget } from "../../../src/kernel/tracing/targets.ts";

function eventsOf(kernel: "5.10" | "7.3" | "6.12-arm64"): string[] {
  return Deno.readTextFileSync(new URL(`../../data/formats/events-${kernel}.txt`, import.meta.url)).trim().split("\n");
}

const OLD = eventsOf("5.10");
const NEW = eventsOf("7.3");
const ARM64 = eventsOf("6.12-arm64");

function found(target: string, events: readonly string[] = NEW): string {
  const resolution = resolveTarget(target, events);
  assert.equal(resolution.kind, "tracepoint", `${target}: ${JSON.stringify(resolution)}`);
  return resolution.kind === "tracepoint" ? `${resolution.category}:${resolution.name}` : "";
}

function noteOf(target: string, events: readonly string[] = NEW): string | undefined {
  const resolution = resolveTarget(target, events);
  return "note" in resolution ? resolution.note : undefined;
}

function failure(target: string, events: readonly string[] = NEW): Resolution & { error: string; hint: string } {
  const resolution = resolveTarget(target, events);
  assert.ok("error" in resolution, `${target}: ${JSON.stringify(resolution)}`);
  return resolution;
}

Deno.test("resolveTarget() takes a name in every notation, without a note when nothing was changed", () => {
  for (
    const target of [
      "syscalls/sys_enter_connect",
      "syscalls:sys_enter_connect",
      "tracepoint:syscalls:sys_enter_connect",
      "tracepoint/syscalls/sys_enter_connect",
      "/sys/kernel/debug/tracing/events/syscalls/sys_enter_connect",
      "  syscalls/sys_enter_connect\n",
      "sys_enter_connect",
      "connect",
      "sys_connect",
      "__x64_sys_connect",
      "__arm64_sys_connect",
      "syscalls/connect",
    ]
  ) {
    assert.equal(found(target), "syscalls:sys_enter_connect", target);
    assert.equal(noteOf(target), undefined, target);
  }
  assert.equal(found("sched_process_exit"), "sched:sched_process_exit");
  assert.equal(found("irq/irq_handler_entry"), "irq:irq_handler_entry");
  assert.equal(found("sys_exit_connect"), "syscalls:sys_exit_connect");
});

Deno.test("resolveTarget() knows system calls by their common names", () => {
  for (
    const [call, event] of [
      ["stat", "newstat"],
      ["lstat", "newlstat"],
      ["fstat", "newfstat"],
      ["fstatat", "newfstatat"],
      ["uname", "newuname"],
      ["sendfile", "sendfile64"],
      ["umount2", "umount"],
      ["pread", "pread64"],
      ["pselect", "pselect6"],
      ["send", "sendto"],
      ["waitpid", "wait4"],
    ] as const
  ) {
    assert.equal(found(call), `syscalls:sys_enter_${event}`);
    assert.equal(found(`syscalls/sys_exit_${call}`), `syscalls:sys_exit_${event}`);
  }
  assert.equal(
    noteOf("stat"),
    "stat is syscalls:sys_enter_newstat in this kernel; see also syscalls:sys_enter_newfstatat",
  );
});

Deno.test("resolveTarget() keeps a call of its own and says which one programs make today", () => {
  assert.equal(found("syscalls/sys_enter_open"), "syscalls:sys_enter_open");
  assert.match(noteOf("syscalls/sys_enter_open") ?? "", /most programs call syscalls:sys_enter_openat/);
  assert.equal(found("fork"), "syscalls:sys_enter_fork");
  assert.match(noteOf("fork") ?? "", /syscalls:sys_enter_clone or syscalls:sys_enter_clone3/);
});

Deno.test("resolveTarget() takes the call behind one that the architecture never had", () => {
  assert.equal(found("open", ARM64), "syscalls:sys_enter_openat");
  assert.equal(found("fork", ARM64), "syscalls:sys_enter_clone");
  assert.equal(found("syscalls/sys_enter_unlink", ARM64), "syscalls:sys_enter_unlinkat");
  assert.equal(noteOf("open", ARM64), "open is syscalls:sys_enter_openat in this kernel");
});

Deno.test("resolveTarget() finds the event of every system call of arm64, however its function is called there", () => {
  assert.equal(found("personality", ARM64), "syscalls:sys_enter_arm64_personality");
  assert.equal(found("sys_exit_fadvise64", ARM64), "syscalls:sys_exit_fadvise64_64");
  const reached = new Set([...syscallTable("aarch64").values()].flatMap((call) => {
    const resolution = resolveTarget(`sys_enter_${call}`, ARM64);
    return resolution.kind === "tracepoint" ? [`${resolution.category}:${resolution.name}`] : [];
  }));
  const events = ARM64.filter((event) => event.startsWith("syscalls:sys_enter_"));
  assert.deepEqual(events.filter((event) => !reached.has(event)), []);
});

Deno.test("resolveTarget() understands the wish for all system calls", () => {
  for (
    const target of [
      "syscalls/sys_enter_*",
      "sys_enter_*",
      "syscalls:*",
      "syscalls",
      "raw_syscalls/sys_enter",
      "tracepoint:raw_syscalls:sys_enter",
      "sys_enter",
    ]
  ) {
    const resolution = resolveTarget(target, NEW);
    assert.deepEqual([resolution.kind, "phase" in resolution && resolution.phase], ["all_syscalls", "enter"], target);
  }
  assert.equal((resolveTarget("syscalls/sys_exit_*", NEW) as { phase?: string }).phase, "exit");
  assert.match(failure("syscalls/sys_enter_*", ["sched:sched_switch"]).error, /has no event raw_syscalls:sys_enter/);
});

Deno.test("resolveTarget() follows events that were renamed, in both directions", () => {
  assert.equal(found("kmem:kmalloc_node", OLD), "kmem:kmalloc_node");
  assert.equal(found("kmem/kmalloc_node"), "kmem:kmalloc");
  assert.equal(noteOf("kmem/kmalloc_node"), "kmem/kmalloc_node is kmem:kmalloc since Linux 6.1");
  assert.equal(found("writeback:writeback_dirty_page"), "writeback:writeback_dirty_folio");
  assert.equal(found("writeback:writeback_dirty_folio", OLD), "writeback:writeback_dirty_page");
  assert.equal(found("block:block_io_start", OLD), "block:block_rq_issue");
  assert.equal(noteOf("block:block_io_start", OLD), "block:block_io_start is block:block_rq_issue before Linux 6.5");
  assert.equal(
    noteOf("vmscan:mm_vmscan_writepage"),
    "vmscan:mm_vmscan_writepage is vmscan:mm_vmscan_write_folio in this kernel",
  );
  assert.equal(found("tcp:tcp_set_state"), "sock:inet_sock_set_state");
  assert.equal(found("net/tcp_retransmit_skb"), "tcp:tcp_retransmit_skb", "right name, wrong category");
});

Deno.test("resolveTarget() names the nearest events for a typing error", () => {
  assert.deepEqual(failure("syscalls/sys_enter_conect"), {
    kind: "unknown",
    error: "Cannot trace tracepoint syscalls/sys_enter_conect: this kernel has no such event.",
    hint: "Nearest: syscalls:sys_enter_connect",
  });
  assert.equal(failure("sched/sched_swich").hint, "Nearest: sched:sched_switch");
  assert.equal(failure("conect").hint, "Nearest: syscalls:sys_enter_connect");
  assert.match(failure("sched:zzzzzz").hint, /^Events of sched: sched:/);
  assert.match(failure("zzzzzz").hint, /shows the events of this kernel/);
  assert.equal(failure("  ").error, "Cannot trace a tracepoint: no target is named.");
});

Deno.test("resolveTarget() refuses patterns of many events, takes those of one, and names ambiguous ones", () => {
  const many = failure("sched/*");
  assert.equal(many.kind, "pattern");
  assert.match(many.error, /it matches \d+ events, and one program traces one event\.$/);
  assert.match(many.hint, /^Name one of: sched:/);
  assert.equal(found("sched/sched_process_exi?"), "sched:sched_process_exit");
  assert.equal(failure("sched/nothing_*").kind, "unknown");
  const both = failure("x", ["a:x", "b:x"]);
  assert.deepEqual([both.kind, both.hint], ["ambiguous", "Name one of: a:x, b:x"]);
});

Deno.test("syscallOfFunction() strips what architectures put before a system call's name", () => {
  for (const name of ["sys_read", "ksys_read", "__x64_sys_read", "__arm64_sys_read", "__se_sys_read", "SyS_read"]) {
    assert.equal(syscallOfFunction(name), "read", name);
  }
  assert.equal(syscallOfFunction("sys_enter_read"), undefined);
  assert.equal(syscallOfFunction("vfs_read"), undefined);
});
