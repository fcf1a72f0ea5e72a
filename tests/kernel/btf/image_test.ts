import assert from "node:assert/strict";
import { KIND, parseBtf } from "../../../src/kernel/btf/image.ts";
import { follow } from "../../../src/kernel/btf/place.ts";
import { structPlace } from "../../../src/kernel/btf/layouts.ts";
import { functionSignature, signatureOf } from "../../../src/kernel/btf/signature.ts";
import { argumentCaptures, openKernelBtf, returnCapture } from "../../../src/kernel/btf/mod.ts";
import { bareType, declaration, members, sizeOf } from "../../../src/kernel/btf/types.ts";
import { writeBtf, type WrittenType } from "../../support/btf_writer.ts";
import { RECORDED, recordedBtf, recordedBytes, recordedOffsets } from "./recorded.ts";

const INT: WrittenType = { name: "int", kind: KIND.int, size_or_type: 4, extra: [1 << 24 | 32] };

for (const kernel of RECORDED) {
  Deno.test(`follow() finds members where bpftool says they are: Linux ${kernel}`, () => {
    const btf = recordedBtf(kernel);
    for (const [struct, offsets] of Object.entries(recordedOffsets(kernel))) {
      for (const [member, [bit_offset = 0, bits]] of Object.entries(offsets)) {
        const at = structPlace(btf, struct);
        const place = at && follow(at, member);
        assert.ok(place?.where.kind === "memory", `${struct}.${member}`);
        const bit = (place.where.path[0] ?? 0) * 8 + (place.bits?.first ?? 0);
        assert.deepEqual([bit, place.bits?.size], [bit_offset, bits], `${struct}.${member}`);
      }
    }
  });

  Deno.test(`a struct's members lie within it: Linux ${kernel}`, () => {
    const btf = recordedBtf(kernel);
    for (const struct of btf.ids(KIND.struct)) {
      for (const { name, type, bit_offset, bit_size } of members(btf, struct)) {
        const end = bit_offset + (bit_size || sizeOf(btf, type) * 8);
        assert.ok(end <= btf.sizeOrType(struct) * 8, `${btf.name(struct)}.${name}`);
      }
    }
  });
}

/** One type of each kind that has something behind its first words, then a function. */
const EVERY_KIND: readonly WrittenType[] = [
  INT, // 1
  { kind: KIND.pointer, size_or_type: 8 }, // 2: const struct box *
  { kind: KIND.array, extra: [1, 1, 4] },
  {
    name: "box",
    kind: KIND.struct,
    vlen: 3,
    kind_flag: true,
    size_or_type: 24,
    extra: ["first", 1, 0, "low", 1, 3 << 24 | 32, "", 5, 64],
  },
  { kind: KIND.union, vlen: 2, size_or_type: 16, extra: ["numbers", 3, 0, "kind", 6, 0] },
  { name: "kind", kind: KIND.enum, vlen: 2, kind_flag: true, size_or_type: 4, extra: ["NONE", -1, "ONE", 1] },
  { name: "elsewhere", kind: KIND.forward },
  { kind: KIND.const, size_or_type: 4 },
  { name: "box_t", kind: KIND.typedef, size_or_type: 4 },
  { kind: KIND.volatile, size_or_type: 1 }, // 10
  { kind: KIND.restrict, size_or_type: 2 },
  { kind: KIND.prototype, vlen: 3, size_or_type: 1, extra: ["box", 2, "by_value", 9, "", 0] },
  { name: "variable", kind: KIND.variable, size_or_type: 1, extra: [0] },
  { name: ".data", kind: KIND.section, vlen: 1, size_or_type: 4, extra: [13, 0, 4] },
  { name: "double", kind: KIND.float, size_or_type: 8 },
  { name: "tag", kind: KIND.declaration_tag, size_or_type: 1, extra: [-1] },
  { name: "user", kind: KIND.type_tag, size_or_type: 1 },
  { name: "wide", kind: KIND.enum64, vlen: 1, size_or_type: 8, extra: ["LARGE", 0, 1] },
  { name: "not_read_it", kind: KIND.function, size_or_type: 12 },
  { name: "read_it", kind: KIND.function, size_or_type: 12 }, // 20
];

Deno.test("parseBtf() counts types of every kind and takes whole names only", () => {
  const btf = parseBtf(writeBtf(EVERY_KIND));
  assert.equal(btf.end_id, EVERY_KIND.length + 1);
  assert.equal(btf.find("not_read_it", [KIND.function]), 19);
  assert.equal(btf.find("read_it", [KIND.function]), 20);
  assert.equal(btf.find("it", [KIND.function]), undefined);
  assert.equal(btf.find("int", [KIND.function]), undefined); // a name, but no function's
  assert.deepEqual([...btf.ids(KIND.function)], [19, 20]);
});

Deno.test("declaration() writes types as C does", () => {
  const btf = parseBtf(writeBtf([
    ...EVERY_KIND,
    { kind: KIND.pointer, size_or_type: 12 }, // 21: a pointer to a function
    { kind: KIND.pointer, size_or_type: 3 }, // 22: a pointer to an array
    { kind: KIND.const, size_or_type: 2 }, // 23
    { kind: KIND.pointer, size_or_type: 17 }, // 24: int of the process
    { kind: KIND.pointer }, // 25
    { kind: KIND.array, extra: [3, 1, 2] }, // 26
  ]));
  const text = (id: number): string => declaration(btf, id, "x");
  assert.equal(text(2), "const struct box *x");
  assert.equal(text(3), "int x[4]");
  assert.equal(text(7), "struct elsewhere x");
  assert.equal(text(9), "box_t x");
  assert.equal(text(21), "int (*x)(const struct box *box, box_t by_value, ...)");
  assert.equal(text(22), "int (*x)[4]");
  assert.equal(text(23), "const struct box *const x");
  assert.equal(text(24), "int __user *x");
  assert.equal(text(25), "void *x");
  assert.equal(text(26), "int x[2][4]");
});

Deno.test("functionSignature() knows structs by value and functions of variable length", () => {
  const signature = functionSignature(parseBtf(writeBtf(EVERY_KIND)), "read_it");
  assert.equal(signature?.text, "int read_it(const struct box *box, box_t by_value, ...)");
  assert.equal(signature.is_variadic, true);
  // 24 bytes are handed over on the stack
  assert.deepEqual(signature.parameters.map(({ name, slot, slots }) => [name, slot, slots]), [["box", 0, 1], [
    "by_value",
    1,
    0,
  ]]);
  assert.deepEqual([signature.slots, signature.returns?.type], [1, "int"]);
});

Deno.test("parseBtf() reads a module's types on top of its kernel's", () => {
  const base = parseBtf(writeBtf(EVERY_KIND));
  const bytes = writeBtf([
    { kind: KIND.pointer, size_or_type: 4 }, // 21: into the base
    { name: "of_module", kind: KIND.struct, vlen: 1, size_or_type: 8, extra: ["box_pointer", 21, 0] },
    { kind: KIND.pointer, size_or_type: 22 },
    { kind: KIND.prototype, vlen: 1, size_or_type: 1, extra: ["argument", 23] },
    { name: "module_function", kind: KIND.function, size_or_type: 24 },
  ], { first_string: base.end_string });
  const btf = parseBtf(bytes, { base });
  assert.equal(functionSignature(btf, "module_function")?.text, "int module_function(struct of_module *argument)");
  assert.equal(functionSignature(btf, "read_it")?.text, functionSignature(base, "read_it")?.text);
  assert.equal(functionSignature(base, "module_function"), undefined);
  assert.deepEqual([...btf.ids(KIND.function)], [25]);
  const at = structPlace(btf, "of_module");
  const inner = at && follow(at, "box_pointer.first");
  assert.deepEqual(inner?.where, { kind: "memory", path: [0, 0] });
  assert.throws(() => parseBtf(bytes).name(2), SyntaxError); // without its base
});

Deno.test("bareType() finds the struct that is only declared where it is used", () => {
  const btf = parseBtf(writeBtf([...EVERY_KIND, { name: "box", kind: KIND.forward }]));
  assert.equal(bareType(btf, 21), 4);
  assert.equal(bareType(btf, 7), 7); // struct elsewhere is nowhere
});

Deno.test("parseBtf() refuses what is no BTF, of another machine, cut off, or newer", () => {
  const whole = writeBtf(EVERY_KIND);
  assert.throws(() => parseBtf(new Uint8Array(64)), /wrong magic number/);
  assert.throws(() => parseBtf(new Uint8Array(0)), /wrong magic number/);
  assert.throws(() => parseBtf(new Uint8Array([0xeb, 0x9f, ...new Array(30).fill(0)])), /big-endian/);
  assert.throws(() => parseBtf(whole.slice(0, -3)), /cut off: \d+ of \d+ bytes/);
  const newer = whole.slice();
  newer[24 + 7] = 30;
  assert.throws(() => parseBtf(newer), /type 1 is of unknown kind 30/);
});

Deno.test("types that refer to themselves are refused, not followed for ever", () => {
  const loops: readonly WrittenType[] = [
    { name: "t", kind: KIND.typedef, size_or_type: 1 },
    { kind: KIND.array, extra: [2, 1, 4] },
    { kind: KIND.struct, vlen: 1, size_or_type: 8, extra: ["", 3, 0] },
    { kind: KIND.pointer, size_or_type: 4 },
  ];
  const btf = parseBtf(writeBtf(loops));
  assert.throws(() => bareType(btf, 1), SyntaxError);
  assert.throws(() => sizeOf(btf, 2), SyntaxError);
  assert.throws(() => declaration(btf, 4, "x"), SyntaxError);
  const inside = { btf, source: 0, type: 3, name: "", where: { kind: "memory", path: [0] }, space: "kernel" } as const;
  assert.throws(() => follow(inside, "x"), SyntaxError);
});

/** All that is done with BTF; broken parts throw SyntaxError. */
function useAll(bytes: Uint8Array<ArrayBuffer>): void {
  const guarded = <T>(use: () => T): T | undefined => {
    try {
      return use();
    } catch (error) {
      assert.ok(error instanceof SyntaxError, `${error}`);
      return undefined;
    }
  };
  const btf = guarded(() => parseBtf(bytes));
  if (btf === undefined) return;
  for (const id of btf.ids(KIND.function)) {
    const signature = guarded(() => signatureOf(btf, id));
    if (signature === undefined) continue;
    guarded(() => argumentCaptures(signature));
    guarded(() => returnCapture(signature));
  }
  guarded(() => btf.find("sock", [KIND.struct]));
}

/** The same numbers at every run (Numerical Recipes' generator). */
function* numbers(seed: number): Generator<number, never> {
  for (let state = seed;;) yield state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
}

Deno.test("damaged BTF throws nothing but SyntaxError, wherever it is damaged", () => {
  const bytes = recordedBytes("6.12");
  const random = numbers(1);
  for (let round = 0; round < 12; round++) {
    const damaged = bytes.slice();
    for (let i = 0; i < 1 + 50 * round; i++) {
      damaged[24 + random.next().value % (damaged.length - 24)] = random.next().value & 0xff;
    }
    useAll(damaged);
    useAll(bytes.slice(0, random.next().value % bytes.length));
  }
  for (let round = 0; round < 100; round++) {
    const noise = Uint8Array.from({ length: 64 + round * 8 }, () => random.next().value & 0xff);
    noise.set(bytes.subarray(0, round % 2 === 0 ? 2 : 8));
    useAll(noise);
  }
});

Deno.test("openKernelBtf() reads raw BTF and ELF files, and says what is wrong with others", () => {
  const folder = Deno.makeTempDirSync();
  try {
    const write = (name: string, bytes: Uint8Array): string => {
      Deno.writeFileSync(`${folder}/${name}`, bytes);
      return `${folder}/${name}`;
    };
    const raw = openKernelBtf({ file: write("raw", writeBtf(EVERY_KIND)) });
    assert.ok(raw.ok);
    assert.equal(raw.btf.hasFunction("read_it"), true);
    assert.deepEqual(raw.btf.moduleNames(), []);
    assert.equal(raw.btf.module("kvm"), undefined);
    const elf = openKernelBtf({ file: write("vmlinux", elfWith(".BTF", writeBtf(EVERY_KIND))) });
    assert.ok(elf.ok);
    assert.equal(elf.btf.signature("read_it")?.name, "read_it");

    const refusal = (file: string): string => {
      const found = openKernelBtf({ file });
      assert.ok(!found.ok);
      assert.match(found.hint, /--btf FILE/);
      return found.error;
    };
    assert.match(
      refusal(write("text", new TextEncoder().encode("no BTF at all, but long enough"))),
      /text: .*wrong magic number/,
    );
    assert.match(refusal(write("stripped", elfWith(".text", new Uint8Array(8)))), /without a section \.BTF/);
    assert.match(refusal(write("cut", elfWith(".BTF", writeBtf(EVERY_KIND)).slice(0, 80))), /cut: /);
    assert.match(refusal(`${folder}/absent`), /Cannot read .*absent/);
    for (const file of [folder, "/dev/zero"]) assert.match(refusal(file), /Cannot use .*: it is no regular file/);
    const sparse = write("sparse", writeBtf(EVERY_KIND));
    Deno.truncateSync(sparse, 2 ** 40);
    assert.match(refusal(sparse), /sparse: 1048576 MiB are no kernel's BTF, 256 are the most/);
    const with_debug_info = write("with_debug_info", elfWith(".BTF", writeBtf(EVERY_KIND)));
    Deno.truncateSync(with_debug_info, 2 ** 40);
    assert.ok(openKernelBtf({ file: with_debug_info }).ok, "only the section is read");
    const large = elfWith(".BTF", writeBtf(EVERY_KIND));
    const view = new DataView(large.buffer);
    view.setBigUint64(Number(view.getBigUint64(40, true)) + 64 + 32, 2n ** 29n, true); // sh_size of the first one
    const large_section = write("large_section", large);
    Deno.truncateSync(large_section, 2 ** 30);
    assert.match(refusal(large_section), /512 MiB are no kernel's BTF/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

/** An ELF file for x86-64 with one named section (elf(5)). */
function elfWith(name: string, content: Uint8Array): Uint8Array<ArrayBuffer> {
  const names = new TextEncoder().encode(`\0${name}\0.shstrtab\0`);
  const sections_at = 64 + content.length + names.length;
  const bytes = new Uint8Array(sections_at + 3 * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(18, 62, true);
  view.setBigUint64(40, BigInt(sections_at), true);
  for (const [at, value] of [[54, 56], [58, 64], [60, 3], [62, 2]] as const) view.setUint16(at, value, true);
  const section = (index: number, name_at: number, at: number, size: number): void => {
    const start = sections_at + index * 64;
    view.setUint32(start, name_at, true);
    view.setUint32(start + 4, 1, true);
    view.setBigUint64(start + 24, BigInt(at), true);
    view.setBigUint64(start + 32, BigInt(size), true);
  };
  bytes.set(content, 64);
  bytes.set(names, 64 + content.length);
  section(1, 1, 64, content.length);
  section(2, name.length + 2, 64 + content.length, names.length);
  return bytes;
}
