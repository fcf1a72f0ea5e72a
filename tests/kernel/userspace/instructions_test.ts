import assert from "node:assert/strict";
import { instructionAt, instructionLength } from "../../../src/kernel/userspace/instructions.ts";

/** Compiler output, hand-written assembly and every kind of encoding; checked with objdump -d. */
const INSTRUCTIONS = `
  55 | 48 89 e5 | 90 | c3 | f3 0f 1e fa | 0f 1f 84 00 00 00 00 00 | 66 2e 0f 1f 84 00 00 00 00 00 | e8 12 34 56 78 | 74 05
  0f 84 00 01 00 00 | ff 25 c2 2f 00 00 | ff 24 c5 00 10 40 00 | 48 8d 3d 00 00 00 00 | 48 8b 44 24 08 | 48 8b 84 24 00 01 00 00
  48 b8 01 02 03 04 05 06 07 08 | b8 01 00 00 00 | 66 b8 01 00 | 66 c7 00 01 00 | c7 00 01 00 00 00 | c7 44 24 08 01 00 00 00
  48 c7 c0 01 00 00 00 | 83 c4 08 | 66 81 c0 34 12 | 81 c0 01 02 03 04 | f6 c0 01 | f6 d0 | f7 c0 01 00 00 00 | 66 f7 c0 01 00
  f7 d0 | 48 a1 01 02 03 04 05 06 07 08 | 67 a1 01 02 03 04 | c8 10 00 00 | 6a 01 | 68 01 02 03 04 | 69 c0 01 02 03 04
  6b c0 01 | cd 80 | 0f 05 | 0f 0b | 0f ba e0 01 | 0f a4 c2 01 | 66 0f 70 c0 01 | 66 0f 38 00 c1 | 66 0f 3a 0f c1 08
  c5 f8 77 | c5 fb 10 05 00 00 00 00 | c4 e2 79 18 05 00 00 00 00 | c4 e3 7d 06 c1 20 | c5 f9 70 c0 01 | 8f 00 | 8f e8 78 c2 ec 0e
  62 f1 fd 48 6f 05 00 00 00 00 | 62 f3 7d 48 25 c0 ff | 62 f1 7e 48 6f 44 24 01 | f0 0f b1 0f | f3 48 ab | 64 48 8b 04 25 28 00 00 00
`.trim().split(/[|\n]/).map((text) => Uint8Array.from(text.trim().split(" "), (byte) => Number.parseInt(byte, 16)));

Deno.test("instructionLength() knows every kind of x86-64 instruction", () => {
  for (const bytes of INSTRUCTIONS) {
    // what follows must not matter, nor be needed
    for (const filler of [0x00, 0xff]) {
      const code = new Uint8Array(bytes.length + 15).fill(filler);
      code.set(bytes);
      assert.equal(instructionLength(code, 0), bytes.length, bytes.toHex());
    }
    assert.equal(instructionLength(bytes, 0), bytes.length, bytes.toHex());
    assert.equal(instructionLength(bytes.slice(0, -1), 0) === bytes.length, false, `${bytes.toHex()} cut off`);
  }
});

Deno.test("instructionLength() refuses what is no instruction in 64-bit mode", () => {
  for (
    const bytes of [[0x06], [0x60], [0x9a, 0, 0, 0, 0, 0, 0], [0xea, 0, 0, 0, 0, 0, 0], [0x0f, 0x04], [0xd4, 0x0a]]
  ) {
    assert.equal(instructionLength(new Uint8Array([...bytes, ...new Array(15).fill(0)]), 0), undefined);
  }
  assert.equal(instructionLength(new Uint8Array(32).fill(0x66), 0), undefined);
});

Deno.test("instructionAt() finds the instruction around an offset", () => {
  const code = new Uint8Array([0x55, 0x48, 0x89, 0xe5, 0xe8, 1, 2, 3, 4, 0xc3, ...new Array(15).fill(0x90)]);
  assert.deepEqual(instructionAt(code, 0, "x86_64"), { start: 0, end: 1 });
  assert.deepEqual(instructionAt(code, 1, "x86_64"), { start: 1, end: 4 });
  assert.deepEqual(instructionAt(code, 7, "x86_64"), { start: 4, end: 9 });
  assert.deepEqual(instructionAt(code, 9, "x86_64"), { start: 9, end: 10 });
  assert.equal(instructionAt(new Uint8Array([0x06, ...code]), 5, "x86_64"), undefined);
});

Deno.test("instructionAt() knows that arm64 instructions have four bytes", () => {
  assert.deepEqual(instructionAt(new Uint8Array(32), 8, "aarch64"), { start: 8, end: 12 });
  assert.deepEqual(instructionAt(new Uint8Array(32), 10, "aarch64"), { start: 8, end: 12 });
});
