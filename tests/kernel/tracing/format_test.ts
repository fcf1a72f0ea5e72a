import assert from "node:assert/strict";
import { type Field, parseField, parseFormat } from "../../../src/kernel/tracing/format.ts";
import { fieldOf, KERNELS, recordedFormat, recordedTexts } from "../recorded_formats.ts";

/** What a decoder looks at. */
function shape({ kind, offset, size, signed, array, element_bytes }: Field): Partial<Field> {
  return { kind, offset, size, signed, array, element_bytes };
}

for (const kernel of KERNELS) {
  Deno.test(`parseFormat() reads every format recorded on Linux ${kernel}`, () => {
    const texts = recordedTexts(kernel);
    assert.ok(texts.size > 50, `${texts.size} formats`);
    for (const [event, text] of texts) {
      const format = parseFormat(text);
      assert.equal(format.name, event.split(":")[1]);
      assert.deepEqual(format.common.map((field) => field.name), [
        "common_type",
        "common_flags",
        "common_preempt_count",
        "common_pid",
      ]);
      assert.ok(format.id > 0, event);
      assert.ok(format.print_fmt.startsWith('"'), `${event}: ${format.print_fmt}`);
      for (const field of format.fields) {
        assert.ok(field.offset + field.size <= format.record_bytes, `${event}.${field.name}`);
        assert.ok([1, 2, 4, 8].includes(field.element_bytes), `${event}.${field.name}`);
      }
    }
  });
}

Deno.test("parseFormat() reads integers, char arrays and the record's length", () => {
  const format = recordedFormat("6.12", "sched:sched_switch");
  assert.deepEqual(shape(fieldOf(format, "prev_comm")), {
    kind: "string",
    offset: 8,
    size: 16,
    signed: false,
    array: 16,
    element_bytes: 1,
  });
  assert.deepEqual(shape(fieldOf(format, "prev_state")), {
    kind: "integer",
    offset: 32,
    size: 8,
    signed: true,
    array: undefined,
    element_bytes: 8,
  });
  assert.equal(fieldOf(format, "next_pid").signed, true);
  assert.equal(format.record_bytes, 64);
});

Deno.test("parseFormat() reads __data_loc texts, arrays and bit masks", () => {
  const exec = fieldOf(recordedFormat("6.12", "sched:sched_process_exec"), "filename");
  assert.deepEqual(shape(exec), {
    kind: "data_loc_string",
    offset: 8,
    size: 4,
    signed: false,
    array: undefined,
    element_bytes: 1,
  });
  const mask = fieldOf(recordedFormat("7.3", "ipi:ipi_send_cpumask"), "cpumask");
  assert.equal(mask.kind, "data_loc_array");
  assert.equal(mask.element_bytes, 8);
});

Deno.test("parseField() reads __rel_loc texts and arrays, whose offset counts from elsewhere", () => {
  assert.equal(parseField("\tfield:__rel_loc char[] name;\toffset:8;\tsize:4;\tsigned:0;").kind, "rel_loc_string");
  const array = parseField("\tfield:__rel_loc u32[] ids;\toffset:8;\tsize:4;\tsigned:0;");
  assert.equal(array.kind, "rel_loc_array");
  assert.equal(array.element_bytes, 4);
});

Deno.test("parseField() tells texts, addresses and numbers among arrays apart", () => {
  const read = (declaration: string, size: number): Field =>
    parseField(`\tfield:${declaration};\toffset:16;\tsize:${size};\tsigned:0;`);
  assert.equal(read("char comm[16]", 16).kind, "string");
  assert.equal(read("__u8 saddr[4]", 4).kind, "bytes");
  assert.deepEqual(shape(read("unsigned long args[6]", 48)), {
    kind: "integer_array",
    offset: 16,
    size: 48,
    signed: false,
    array: 6,
    element_bytes: 8,
  });
  assert.equal(read("long values[3]", 24).signed, true);
  assert.equal(read("u32 buf[]", 0).kind, "trailing");
  assert.equal(read("u32 buf[]", 0).element_bytes, 4);
  assert.equal(read("const char *names[2]", 16).kind, "pointer_array");
});

Deno.test("parseField() reads pointers, booleans, enums, structures by value and bit fields", () => {
  const read = (declaration: string, size: number, signed = 0): Field =>
    parseField(`\tfield:${declaration};\toffset:8;\tsize:${size};\tsigned:${signed};`);
  assert.equal(read("const char *const * argv", 8).kind, "pointer");
  assert.equal(read("struct napi_struct * napi", 8).type, "struct napi_struct *");
  assert.equal(read("bool accounted", 1).kind, "bool");
  assert.equal(read("enum skb_drop_reason reason", 4).kind, "integer");
  assert.deepEqual(shape(read("struct timespec64 when", 16)), {
    kind: "bytes",
    offset: 8,
    size: 16,
    signed: false,
    array: 16,
    element_bytes: 1,
  });
  assert.equal(read("unsigned int flag : 1", 4).name, "flag");
  assert.equal(read("const void* object", 8).kind, "pointer");
});

Deno.test("parseFormat() reads system call arguments by their C type, not by their slot of 8 bytes", () => {
  const openat = recordedFormat("6.12", "syscalls:sys_enter_openat");
  const dfd = fieldOf(openat, "dfd");
  assert.deepEqual([dfd.size, dfd.element_bytes, dfd.signed], [8, 4, true], "AT_FDCWD is -100, upper bytes undefined");
  const mode = fieldOf(openat, "mode");
  assert.deepEqual([mode.element_bytes, mode.signed], [2, false]);
  const rule = fieldOf(recordedFormat("7.3", "syscalls:sys_enter_landlock_add_rule"), "rule_type");
  assert.deepEqual([rule.kind, rule.element_bytes], ["integer", 4]);
  const count = fieldOf(recordedFormat("6.12", "syscalls:sys_enter_write"), "count");
  assert.deepEqual([count.element_bytes, count.signed], [8, false]);
});

Deno.test("parseFormat() leaves out the string copies that only ftrace makes (Linux 6.19)", () => {
  assert.ok(recordedTexts("7.3").get("syscalls:sys_enter_openat")?.includes("__filename_val"));
  const format = recordedFormat("7.3", "syscalls:sys_enter_openat");
  assert.deepEqual(format.fields.map((field) => field.name), ["__syscall_nr", "dfd", "filename", "flags", "mode"]);
  assert.equal(format.record_bytes, 48);
});

Deno.test("parseFormat() names the line that it cannot read", () => {
  const text = 'name: x\nID: 7\nformat:\n\tfield:int pid;\toffset:here;\tsize:4;\tsigned:1;\n\nprint fmt: ""\n';
  assert.throws(() => parseFormat(text), {
    name: "SyntaxError",
    message: "Cannot read field of event format: field:int pid;\toffset:here;\tsize:4;\tsigned:1;",
  });
  assert.throws(() => parseFormat(""), { name: "SyntaxError", message: /no name or ID/ });
});
