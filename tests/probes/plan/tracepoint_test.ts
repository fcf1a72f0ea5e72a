import assert from "node:assert/strict";
import { MAX_DIRECTIVES, MAX_RECORD_BYTES } from "../../../src/probes/engine/layout.ts";
import { type Plan, planEvent, planTracepoint, type Refusal } from "../../../src/probes/plan/tracepoint.ts";
import { fieldOf, KERNELS, recordedFormat, type RecordedKernel, recordedTexts } from "../../kernel/recorded_formats.ts";
import { RecordedTracefs, recordedTracefs } from "../../support/recorded_tracefs.ts";

function answer(kernel: RecordedKernel, target: string): Plan | Refusal {
  return planTracepoint(target, recordedTracefs(kernel));
}

function planned(kernel: RecordedKernel, target: string): Plan {
  const plan = answer(kernel, target);
  if ("error" in plan) throw new Error(`${plan.error} ${plan.hint}`);
  return plan;
}

function refused(kernel: RecordedKernel, target: string): Refusal {
  const plan = answer(kernel, target);
  assert.ok("error" in plan, `${target} was planned`);
  return plan;
}

function shownNames({ shown }: Plan): string[] {
  return shown.map(({ field }) => field.name);
}

Deno.test("planTracepoint() takes an event by any way of writing its name", () => {
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

Deno.test("planTracepoint() says what an event is called on this kernel", () => {
  const old = planned("5.10", "writeback/writeback_dirty_folio");
  assert.equal(old.event, "writeback:writeback_dirty_page");
  assert.match(old.attached_as ?? "", /writeback_dirty_folio is writeback:writeback_dirty_page/);
  const young = planned("7.3", "timer/hrtimer_init");
  assert.equal(young.event, "timer:hrtimer_setup");
  assert.match(young.attached_as ?? "", /timer\/hrtimer_init is timer:hrtimer_setup/);
  assert.equal(planned("5.10", "timer/hrtimer_init").attached_as, undefined);
});

Deno.test("planTracepoint() refuses an unknown event with the nearest names, and does not leave tracefs", () => {
  const { error, hint } = refused("6.12", "sched/sched_swich");
  assert.equal(error, "Cannot trace tracepoint sched/sched_swich: this kernel has no such event.");
  assert.match(hint, /sched:sched_switch/);
  for (const target of ["", "no/such", "../../etc/passwd", "sched/../sched_switch", "sched/sched_switch/id"]) {
    refused("6.12", target);
  }
});

for (const kernel of KERNELS) {
  Deno.test(`planTracepoint() pairs a system call of Linux ${kernel} with its return, and reads only what is in the record`, () => {
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

  Deno.test(`planTracepoint() of every recorded event of Linux ${kernel} fits the program's limits`, () => {
    const tracefs = recordedTracefs(kernel);
    for (const event of recordedTexts(kernel).keys()) {
      const plan = planTracepoint(event, tracefs);
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

  Deno.test(`planTracepoint() counts all system calls of Linux ${kernel} by name`, () => {
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
  const plan = planTracepoint(event, tracefs);
  assert.ok(!("error" in plan));
  return plan;
}

Deno.test("planTracepoint() gives the first twelve fields a directive; the others are shown without", () => {
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

Deno.test("planTracepoint() copies at least the head of a record that has no fields", () => {
  const plan = withEvent("made:empty", []);
  assert.equal(plan.record_bytes, 8);
  assert.deepEqual(plan.shown, []);
});

Deno.test("planTracepoint() follows __data_loc of other events, whatever the fields of system calls may do", () => {
  const field = "\tfield:__data_loc char[] __filename_val;\toffset:8;\tsize:4;\tsigned:0;";
  assert.deepEqual(withEvent("made:event", [field]).directives, [{ kind: "data_loc", offset: 8 }]);
  const rel = field.replace("data_loc", "rel_loc");
  assert.deepEqual(withEvent("made:event", [rel]).directives, [{ kind: "rel_loc", offset: 8 }]);
});

Deno.test("planTracepoint() waits for no return of calls that never do", () => {
  for (const call of ["exit", "exit_group", "rt_sigreturn"]) {
    using tracefs = new RecordedTracefs("6.12");
    const text = (phase: string): string =>
      `name: sys_${phase}_${call}\nID: 5\nformat:\n\tfield:long ret;\toffset:16;\tsize:8;\tsigned:1;\n\nprint fmt: ""\n`;
    tracefs.add(`syscalls:sys_enter_${call}`, text("enter"));
    tracefs.add(`syscalls:sys_exit_${call}`, text("exit"));
    const plan = planTracepoint(call, tracefs);
    assert.ok(!("error" in plan));
    assert.equal(plan.event, `syscalls:sys_enter_${call}`);
    assert.equal(plan.return_id, undefined);
  }
});

Deno.test("planTracepoint() tells who traces a call that hardly anybody makes which one to trace", () => {
  assert.match(planned("6.12", "syscalls/sys_enter_open").attached_as ?? "", /most programs call .*sys_enter_openat/);
  assert.match(planned("6.12", "open").attached_as ?? "", /most programs call .*sys_enter_openat/);
  assert.equal(planned("6.12", "syscalls/sys_enter_openat").attached_as, undefined);
});

Deno.test("planTracepoint() shows the fields that are asked for, in the record's order", () => {
  const tracefs = recordedTracefs("6.12");
  const plan = planTracepoint("openat", tracefs, { capture: ["flags", " args->filename ", "ret"] });
  assert.ok(!("error" in plan));
  assert.deepEqual(shownNames(plan), ["filename", "flags"]);
  assert.deepEqual(plan.directives, [{ kind: "user_string", offset: 24 }]);
  assert.deepEqual(shownNames(planTracepoint("openat", tracefs, { capture: ["error"] }) as Plan), []);
});

Deno.test("planTracepoint() refuses a field that the record does not have, with those it has", () => {
  const tracefs = recordedTracefs("6.12");
  assert.deepEqual(planTracepoint("openat", tracefs, { capture: ["filename", "path", "mod"] }), {
    error: "Cannot capture path, mod of tracepoint syscalls:sys_enter_openat: its record has no such field.",
    hint: "Its fields: dfd, filename, flags, mode, ret, error, latency_ns.",
  });
  const unpaired = planTracepoint("sched_process_exit", tracefs, { capture: ["ret"] });
  assert.ok("error" in unpaired);
  assert.match(unpaired.hint, /^Its fields: comm, pid, /);
  assert.doesNotMatch(unpaired.hint, /latency_ns/);
});

Deno.test("planEvent() matches a field's values, whatever its size", () => {
  const tracefs = recordedTracefs("6.12");
  const event = { category: "sock", name: "inet_sock_set_state" };
  const plan = planEvent({ ...event, match: { field: "newstate", values: [2, 12] } }, tracefs);
  assert.ok(!("error" in plan));
  const field = fieldOf(recordedFormat("6.12", "sock:inet_sock_set_state"), "newstate");
  assert.deepEqual(plan.match, { offset: field.offset, bytes: 4, values: [2, 12] });
  for (const field of ["state", "daddr_v6"]) {
    const refusal = planEvent({ ...event, match: { field, values: [2] } }, tracefs);
    assert.ok("error" in refusal, field);
    assert.match(refusal.hint, /newstate/);
  }
});
