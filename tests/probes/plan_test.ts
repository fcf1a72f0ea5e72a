import assert from "node:assert/strict";
import { MAX_DIRECTIVES, MAX_RECORD_BYTES } from "../../src/probes/layout.ts";
import { type Plan, planProgram, type Refusal } from "../../src/probes/plan.ts";
import type { ProbeType } from "../../src/protocol/mod.ts";
import { KERNELS, recordedFormat, type RecordedKernel, recordedTexts } from "../kernel/recorded_formats.ts";
import { RecordedTracefs, recordedTracefs } from "../support/recorded_tracefs.ts";

function answer(kernel: RecordedKernel, target: string, type: ProbeType = "tracepoint"): Plan | Refusal {
  const tracefs = recordedTracefs(kernel);
  return planProgram({ type, target }, tracefs);
}

function planned(kernel: RecordedKernel, target: string, type?: ProbeType): Plan {
  const plan = answer(kernel, target, type);
  if ("error" in plan) throw new Error(`${plan.error} ${plan.hint}`);
  return plan;
}

function refused(kernel: RecordedKernel, target: string, type?: ProbeType): Refusal {
  const plan = answer(kernel, target, type);
  assert.ok("error" in plan, `${target} was planned`);
  return plan;
}

function shownNames({ shown }: Plan): string[] {
  return shown.map(({ field }) => field.name);
}

Deno.test("planProgram() takes an event by any way of writing its name", () => {
  const format = recordedFormat("6.12", "sched:sched_switch");
  for (
    const target of [
      "sched/sched_switch",
      "sched:sched_switch",
      "tracepoint:sched:sched_switch",
      "tracepoint/sched/sched_switch",
      " sched/sched_switch ",
      "sched_switch",
    ]
  ) {
    const plan = planned("6.12", target);
    assert.equal(plan.event, "sched:sched_switch");
    assert.equal(plan.event_id, BigInt(format.id));
    assert.equal(plan.attached_as, undefined);
    assert.equal(plan.return_id, undefined);
    assert.equal(plan.key, undefined);
    assert.deepEqual(plan.directives, []);
    assert.equal(plan.record_bytes, format.record_bytes);
  }
});

Deno.test("planProgram() says what an event is called on this kernel", () => {
  const old = planned("5.10", "writeback/writeback_dirty_folio");
  assert.equal(old.event, "writeback:writeback_dirty_page");
  assert.match(old.attached_as ?? "", /writeback_dirty_folio is writeback:writeback_dirty_page/);
  const young = planned("7.3", "timer/hrtimer_init");
  assert.equal(young.event, "timer:hrtimer_setup");
  assert.match(young.attached_as ?? "", /timer\/hrtimer_init is timer:hrtimer_setup/);
  assert.equal(planned("5.10", "timer/hrtimer_init").attached_as, undefined);
});

Deno.test("planProgram() refuses an unknown event with the nearest names, and does not leave tracefs", () => {
  const { error, hint } = refused("6.12", "sched/sched_swich");
  assert.equal(error, "Cannot trace tracepoint sched/sched_swich: this kernel has no such event.");
  assert.match(hint, /sched:sched_switch/);
  for (const target of ["", "no/such", "../../etc/passwd", "sched/../sched_switch", "sched/sched_switch/id"]) {
    refused("6.12", target);
  }
});

for (const kernel of KERNELS) {
  Deno.test(`planProgram() pairs a system call of Linux ${kernel} with its return, and reads only what is in the record`, () => {
    const plan = planned(kernel, "openat");
    assert.equal(plan.event, "syscalls:sys_enter_openat");
    assert.equal(plan.return_id, BigInt(recordedFormat(kernel, "syscalls:sys_exit_openat").id));
    assert.equal(plan.ret_offset, 16);
    assert.deepEqual(shownNames(plan), ["dfd", "filename", "flags", "mode"]);
    assert.deepEqual(plan.directives, [{ kind: "user_string", offset: 24 }]);
    assert.equal(plan.record_bytes, 48);
    const exec = planned(kernel, "syscalls/sys_enter_execve");
    assert.deepEqual(shownNames(exec), ["filename", "argv", "envp"]);
    assert.deepEqual(exec.directives, [{ kind: "user_string", offset: 16 }, { kind: "argv", offset: 24 }]);
    assert.deepEqual(planned(kernel, "connect").directives, [{ kind: "sockaddr", offset: 24, length_offset: 32 }]);
    assert.deepEqual(planned(kernel, "recvfrom").directives, [], "the address is only room for one");
  });

  Deno.test(`planProgram() of every recorded event of Linux ${kernel} fits the program's limits`, () => {
    const tracefs = recordedTracefs(kernel);
    for (const event of recordedTexts(kernel).keys()) {
      const plan = planProgram({ type: "tracepoint", target: event }, tracefs);
      assert.ok(!("error" in plan), event);
      assert.ok(
        plan.record_bytes >= 8 && plan.record_bytes <= MAX_RECORD_BYTES,
        `${event}: ${plan.record_bytes} bytes`,
      );
      assert.ok(plan.directives.length <= MAX_DIRECTIVES, event);
      for (const { field, directive } of plan.shown) {
        assert.ok(field.offset + field.size <= plan.record_bytes, `${event}.${field.name}`);
        if (directive !== undefined) assert.equal(plan.directives[directive.index]?.offset, field.offset);
      }
    }
  });

  Deno.test(`planProgram() counts all system calls of Linux ${kernel} by name`, () => {
    for (const target of ["syscalls/sys_enter_*", "raw_syscalls:sys_enter", "syscalls", "sys_enter"]) {
      const plan = planned(kernel, target);
      assert.equal(plan.event, "raw_syscalls:sys_enter");
      assert.equal(plan.key?.label, "syscall");
      assert.equal(plan.key?.offset, 8);
      assert.equal(plan.return_id, undefined);
    }
    const exit = planned(kernel, "syscalls/sys_exit_*");
    assert.equal(exit.event, "raw_syscalls:sys_exit");
    assert.equal(exit.key?.name(9999), "syscall_9999");
    assert.equal(exit.key?.name(Deno.build.arch === "x86_64" ? 59 : 221), "execve");
  });
}

/** A tracefs with one more event, made of the fields in `lines`. */
function withEvent(event: string, lines: readonly string[]): Plan {
  using tracefs = new RecordedTracefs("6.12");
  const name = event.slice(event.indexOf(":") + 1);
  tracefs.add(event, `name: ${name}\nID: 77\nformat:\n${lines.join("\n")}\n\nprint fmt: ""\n`);
  const plan = planProgram({ type: "tracepoint", target: event }, tracefs);
  assert.ok(!("error" in plan));
  return plan;
}

Deno.test("planProgram() gives the first twelve fields a directive; the others are shown without", () => {
  const lines = Array.from(
    { length: 15 },
    (_, i) => `\tfield:__data_loc char[] text${i};\toffset:${8 + 4 * i};\tsize:4;\tsigned:0;`,
  );
  const plan = withEvent("made:many", lines);
  assert.equal(plan.directives.length, MAX_DIRECTIVES);
  assert.deepEqual(plan.shown.map(({ directive }) => directive?.index), [
    ...Array(MAX_DIRECTIVES).keys(),
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("planProgram() copies at least the head of a record that has no fields", () => {
  const plan = withEvent("made:empty", []);
  assert.equal(plan.record_bytes, 8);
  assert.deepEqual(plan.shown, []);
});

Deno.test("planProgram() follows __data_loc of other events, whatever the fields of system calls may do", () => {
  const field = "\tfield:__data_loc char[] __filename_val;\toffset:8;\tsize:4;\tsigned:0;";
  assert.deepEqual(withEvent("made:event", [field]).directives, [{ kind: "data_loc", offset: 8 }]);
  const rel = field.replace("data_loc", "rel_loc");
  assert.deepEqual(withEvent("made:event", [rel]).directives, [{ kind: "rel_loc", offset: 8 }]);
});

Deno.test("planProgram() waits for no return of calls that never do", () => {
  for (const call of ["exit", "exit_group", "rt_sigreturn"]) {
    using tracefs = new RecordedTracefs("6.12");
    const text = (phase: string): string =>
      `name: sys_${phase}_${call}\nID: 5\nformat:\n\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n\nprint fmt: ""\n`;
    tracefs.add(`syscalls:sys_enter_${call}`, text("enter"));
    tracefs.add(`syscalls:sys_exit_${call}`, text("exit"));
    const plan = planProgram({ type: "tracepoint", target: call }, tracefs);
    assert.ok(!("error" in plan));
    assert.equal(plan.event, `syscalls:sys_enter_${call}`);
    assert.equal(plan.return_id, undefined);
  }
});

Deno.test("planProgram() tells who traces a call that hardly anybody makes which one to trace", () => {
  assert.match(planned("6.12", "syscalls/sys_enter_open").attached_as ?? "", /most programs call .*sys_enter_openat/);
  assert.match(planned("6.12", "open").attached_as ?? "", /most programs call .*sys_enter_openat/);
  assert.equal(planned("6.12", "syscalls/sys_enter_openat").attached_as, undefined);
});

Deno.test("planProgram() answers a function by the nearest tracepoint, and says that it is not the same", () => {
  for (
    const [type, target] of [
      ["kprobe", "tcp_connect"],
      ["kprobe", "kprobe:tcp_connect"],
      ["kretprobe", "kretprobe:tcp_connect"],
      ["fentry", " tcp_connect "],
    ] as const
  ) {
    const plan = planned("5.10", target, type);
    assert.equal(plan.event, "sock:inet_sock_set_state");
    assert.match(
      plan.attached_as ?? "",
      new RegExp(`instead of ${type}:tcp_connect: .*its count is not the number of calls`),
    );
  }
  assert.equal(planned("6.1", "vfs_read", "kprobe").event, "syscalls:sys_enter_read");
});

Deno.test("planProgram() refuses functions without such a tracepoint, and types that it cannot trace", () => {
  for (
    const [type, target] of [
      ["kprobe", "no_such_function"],
      ["uprobe", "/bin/bash:readline"],
      ["uretprobe", "tcp_connect"],
      ["profile", "99"],
      ["tool", "biolatency"],
      ["kprobe", ""],
    ] as const
  ) {
    const { error, hint } = refused("7.3", target, type);
    assert.equal(
      error,
      `Cannot attach ${type}:${target}: this version of ktriage traces tracepoints only, and knows none that tells the same.`,
    );
    assert.match(hint, /sched\/sched_switch/);
  }
});

Deno.test("planProgram() traces a raw tracepoint as the tracepoint of the same event, and says so", () => {
  const plan = planProgram({ type: "raw_tracepoint", target: "sched_process_exit" }, recordedTracefs("6.12"));
  assert.ok(!("error" in plan));
  assert.equal(plan.event, "sched:sched_process_exit");
  assert.equal(plan.attached_as, "tracepoint sched:sched_process_exit: the same event, its fields decoded");
});
