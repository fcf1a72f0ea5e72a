import assert from "node:assert/strict";
import {
  functionReading,
  rawTracepointReading,
  type Reading,
  userFunctionReading,
} from "../../../src/probes/plan/captures.ts";
import type { BtfFinding } from "../../../src/kernel/btf/mod.ts";
import type { Refusal } from "../../../src/probes/plan/tracepoint.ts";
import { type ProgramRequest, understand, type Wish } from "../../../src/probes/request.ts";
import { RECORDED, recordedKernelBtf, recordedSignature } from "../../kernel/btf/recorded.ts";
import { NO_BTF } from "../../support/recorded_kernel.ts";

const BTF: BtfFinding = { ok: true, btf: recordedKernelBtf("6.12") };

function wish(request: Partial<ProgramRequest> = {}): Wish {
  const understood = understand({ type: "kprobe", target: "vfs_read", ...request });
  if ("error" in understood) throw new Error(understood.error);
  return understood;
}

function of(
  base_name: string,
  request: Partial<ProgramRequest> = {},
  { btf = BTF, on_return = false }: { readonly btf?: BtfFinding; readonly on_return?: boolean } = {},
): Reading | Refusal {
  return functionReading(wish(request), { base_name }, { btf, on_return });
}

function read(...args: Parameters<typeof of>): Reading {
  const reading = of(...args);
  if ("error" in reading) throw new Error(`${reading.error} ${reading.hint}`);
  return reading;
}

function refused(reading: Reading | Refusal): Refusal {
  assert.ok("error" in reading);
  return reading;
}

const names = ({ captures }: Reading): string[] => captures.map(({ name }) => name);

for (const kernel of RECORDED) {
  Deno.test(`functionReading() reads all arguments of a function of ${kernel}, and its result when it returns`, () => {
    const btf: BtfFinding = { ok: true, btf: recordedKernelBtf(kernel) };
    const entry = read("vfs_read", {}, { btf });
    assert.deepEqual(names(entry), ["file", "buf", "count", "pos"]);
    assert.equal(entry.argument_count, 4);
    assert.notEqual(entry.path_layout, undefined, "a file is shown as its path");
    assert.equal(entry.packet_layout, undefined, "and no packet is read");
    assert.deepEqual(entry.notes, []);
    const exit = read("vfs_read", {}, { btf, on_return: true });
    assert.deepEqual(names(exit), ["file", "buf", "count", "pos", "ret"]);
    assert.equal(exit.has_return, true);
  });
}

Deno.test("functionReading() adds what is asked for, once, in the asker's way", () => {
  const capture = ["file.f_inode.i_ino", "count:hex", "file.f_inode.i_ino"];
  assert.deepEqual(names(read("vfs_read", { capture })), ["file", "buf", "pos", "file.f_inode.i_ino", "count"]);
  assert.deepEqual(names(read("vfs_read", { capture: ["ret"] }, { on_return: true })), [
    "file",
    "buf",
    "count",
    "pos",
    "ret",
  ]);
});

Deno.test("functionReading() reads nothing where only numbers are wanted, and refuses a wrong capture all the same", () => {
  for (const aggregate of ["count", "latency"]) {
    const reading = read("vfs_read", { aggregate, capture: ["count"] });
    assert.deepEqual([reading.captures, reading.path_layout], [[], undefined]);
    refused(of("vfs_read", { aggregate, capture: ["nothing"] }));
  }
});

Deno.test("functionReading() refuses a capture with the arguments and fields that exist", () => {
  const argument = refused(of("vfs_read", { capture: ["filp"] }));
  assert.equal(argument.error, 'Cannot capture "filp": vfs_read has no such argument.');
  assert.match(argument.hint, /file.*\.$/);
  const field = refused(of("tcp_connect", { capture: ["sk.__sk_common.skc_port"] }));
  assert.match(field.hint, /skc_dport/);
});

Deno.test("functionReading() lets arguments go where what is asked for leaves no room for them, and names those", () => {
  const capture = [0, 1, 2, 3, 4, 5].map((n) => `(struct sock *)arg${n}`);
  const reading = read("vfs_copy_file_range", { capture }, { on_return: true });
  assert.deepEqual(names(reading), ["file_in", "pos_in", "ret", ...capture]);
  const at_return = "arguments' memory as it was at the return";
  assert.deepEqual(reading.notes, [at_return, "not read, to leave room for capture: file_out, pos_out, len, flags"]);
  const total = reading.captures.reduce((sum, { reads }) => sum + reads.length, 0);
  assert.ok(total <= 24, `${total}`);
  const more = ["(struct sock_common *)arg0", "(struct sock *)arg0+8"];
  const full = read("vfs_copy_file_range", { capture: [...capture, ...more] }, { on_return: true });
  assert.deepEqual(names(full).slice(-8), [...capture, ...more]);
  assert.ok(full.notes.every((note) => !/\bret\b/.test(note)), "the result needs no read");
});

Deno.test("functionReading() without types has plain numbers, and says so where they are seen", () => {
  const reading = read("vfs_read", {}, { btf: NO_BTF, on_return: true });
  assert.deepEqual(names(reading), ["arg0", "arg1", "arg2", "arg3", "arg4", "arg5", "ret"]);
  assert.deepEqual(reading.notes, ["arguments are plain numbers: this kernel has no BTF"]);
  assert.deepEqual(read("vfs_read", { aggregate: "count" }, { btf: NO_BTF }).notes, []);
  const unknown = read("no_such_function_in_btf");
  assert.deepEqual(unknown.notes, [
    "arguments are plain numbers: no_such_function_in_btf is not in this kernel's BTF",
  ]);
  assert.match(
    refused(of("vfs_read", { capture: ["file.f_inode"] }, { btf: NO_BTF })).hint,
    /arg0 to arg5.*--btf FILE/,
  );
});

Deno.test("functionReading() of a function without a result has none", () => {
  const reading = read("do_exit", {}, { on_return: true });
  assert.equal(reading.has_return, false);
  assert.ok(!names(reading).includes("ret"));
});

Deno.test("rawTracepointReading() has the arguments of the tracepoint, and no result", () => {
  const signature = recordedKernelBtf("6.12").rawTracepoint("sched_switch");
  assert.ok(signature !== undefined);
  const reading = rawTracepointReading(wish({ capture: ["next.tgid"] }), signature);
  assert.ok(!("error" in reading));
  assert.deepEqual(names(reading), ["preempt", "prev", "next", "prev_state", "next.tgid"]);
  assert.match(refused(rawTracepointReading(wish({ capture: ["ret"] }), signature)).error, /returns nothing/);
});

Deno.test("userFunctionReading() reads what is asked for, and the result when it returns", () => {
  const reading = userFunctionReading(wish({ capture: ["arg0:str", "arg1:u32"] }), { on_return: true });
  assert.ok(!("error" in reading));
  assert.deepEqual(names(reading), ["ret", "arg0", "arg1"]);
  assert.deepEqual(reading.captures[1]?.reads.map(({ kind, space }) => [kind, space]), [
    ["string", "user"],
    ["value", "kernel"],
  ]);
  assert.match(refused(userFunctionReading(wish({ capture: ["name"] }), { on_return: false })).error, /not known here/);
});

Deno.test("a field in several formats is there in each, called as it was written", () => {
  const user = (...capture: string[]): string[] => {
    const reading = userFunctionReading(wish({ capture }), { on_return: true });
    assert.ok(!("error" in reading));
    return names(reading);
  };
  assert.deepEqual(user("arg0:str", "arg0:u8", "arg1:s32"), ["ret", "arg0:str", "arg0:u8", "arg1"]);
  assert.deepEqual(user("ret:hex", " ret", "ret "), ["ret:hex", "ret"]);
  const signature = recordedKernelBtf("6.12").rawTracepoint("sched_switch");
  assert.ok(signature !== undefined);
  for (const capture of [["prev.comm:hex", "prev.comm"], ["prev.comm", "prev.comm:hex"]]) {
    const reading = rawTracepointReading(wish({ capture }), signature);
    assert.ok(!("error" in reading));
    assert.deepEqual(names(reading).slice(-2), capture);
  }
});

Deno.test("a program on a return says that captures read memory then, and nothing where they do not", () => {
  const said = ["arguments' memory as it was at the return"];
  const notes = (capture: string[], on_return = true): readonly string[] => {
    const reading = userFunctionReading(wish({ capture }), { on_return });
    assert.ok(!("error" in reading));
    return reading.notes;
  };
  assert.deepEqual([notes(["arg0:str"]), notes(["arg0+8:u32", "ret"])], [said, said]);
  assert.deepEqual([notes([]), notes(["arg0", "arg1:u32"]), notes(["ret", "ret:str"])], [[], [], []]);
  assert.deepEqual(notes(["arg0:str"], false), []);
  assert.deepEqual(read("vfs_read", { capture: ["file.f_inode.i_ino"] }, { on_return: true }).notes, said);
  const counted = read("vfs_read", { capture: ["file.f_inode.i_ino"], aggregate: "count" }, { on_return: true });
  assert.deepEqual(counted.notes, []);
});

Deno.test("every reading of a recorded function fits one program", () => {
  for (const name of ["tcp_connect", "tcp_sendmsg", "vfs_read", "vfs_write", "kernel_clone"]) {
    const signature = recordedSignature("6.12", name);
    const reading = read(name, {}, { on_return: true });
    assert.equal(reading.argument_count, signature.slots, name);
    assert.ok(
      reading.captures.every(({ reads }) => reads.every(({ source }) => source === "ret" || source < signature.slots)),
    );
  }
});
