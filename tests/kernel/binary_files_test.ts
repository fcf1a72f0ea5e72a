import assert from "node:assert/strict";
import { findBtfFunction, parseBtfHeader } from "../../src/kernel/btf_functions.ts";
import { entryOffset } from "../../src/kernel/elf_entry.ts";

/** BTF with one type of each kind that has something behind its 12 bytes, then the function `read_it`. */
function btf(): Uint8Array<ArrayBuffer> {
  const strings = new TextEncoder().encode("\0int\0not_read_it\0read_it\0");
  const type = (name: number, kind: number, vlen: number, ...rest: number[]): number[] => [
    name,
    (kind << 24 | vlen) >>> 0,
    0,
    ...rest,
  ];
  const types = [
    ...type(1, 1, 0, 32), // int
    ...type(0, 3, 0, 1, 1, 4), // array
    ...type(0, 4, 2, 0, 1, 0, 0, 1, 32), // struct of two
    ...type(0, 6, 1, 0, 7), // enum of one
    ...type(0, 13, 1, 1, 1), // function prototype with one parameter
    ...type(5, 12, 1), // function not_read_it
    ...type(0, 19, 1, 0, 1, 2), // enum64 of one
    ...type(17, 12, 1), // function read_it: type 8
  ];
  const header = [0xeb9f | 1 << 16, 24, 0, types.length * 4, types.length * 4, strings.length];
  const bytes = new Uint8Array(4 * (header.length + types.length) + strings.length);
  bytes.set(new Uint8Array(new Uint32Array([...header, ...types]).buffer));
  bytes.set(strings, 4 * (header.length + types.length));
  return bytes;
}

Deno.test("findBtfFunction() counts types of every shape and takes whole names only", () => {
  assert.equal(findBtfFunction(btf(), "not_read_it"), 6);
  assert.equal(findBtfFunction(btf(), "read_it"), 8);
  assert.equal(findBtfFunction(btf(), "it"), undefined);
  assert.equal(findBtfFunction(btf(), "int"), undefined); // a name, but not a function's
});

Deno.test("findBtfFunction() refuses a kind of type that it does not know", () => {
  const bytes = btf();
  bytes[24 + 7] = 30;
  assert.throws(() => findBtfFunction(bytes, "read_it"), /type 1 is of unknown kind 30/);
});

Deno.test("parseBtfHeader() refuses what is no BTF, and what is cut off", () => {
  assert.throws(() => parseBtfHeader(new Uint8Array(64)), /wrong magic number/);
  assert.throws(() => parseBtfHeader(btf().slice(0, -3)), /cut off/);
});

Deno.test("entryOffset() finds the segment that holds the entry", () => {
  const bytes = new Uint8Array(64 + 2 * 56);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2]);
  view.setBigUint64(24, 0x401_040n, true); // entry
  view.setBigUint64(32, 64n, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 2, true);
  for (const [at, offset, address] of [[64, 0n, 0x400_000n], [120, 0x2000n, 0x401_000n]] as const) {
    view.setUint32(at, 1, true);
    view.setBigUint64(at + 8, offset, true);
    view.setBigUint64(at + 16, address, true);
    view.setBigUint64(at + 32, 0x1000n, true);
  }
  assert.equal(entryOffset(bytes), 0x2040n);
  view.setBigUint64(24, 0x500_000n, true);
  assert.throws(() => entryOffset(bytes), /none of its segments/);
});

Deno.test("entryOffset() refuses a script and a 32-bit program", () => {
  assert.throws(() => entryOffset(new TextEncoder().encode("#!/bin/sh\n".padEnd(100))), SyntaxError);
  const small = new Uint8Array(100);
  small.set([0x7f, 0x45, 0x4c, 0x46, 1]);
  assert.throws(() => entryOffset(small), SyntaxError);
});
