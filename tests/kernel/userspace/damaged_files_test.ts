import assert from "node:assert/strict";
import { memorySource } from "../../../src/kernel/userspace/byte_source.ts";
import { openDebugFile } from "../../../src/kernel/userspace/debug_info.ts";
import { ElfError } from "../../../src/kernel/userspace/elf_error.ts";
import { ElfFile } from "../../../src/kernel/userspace/elf.ts";
import { instructionAt } from "../../../src/kernel/userspace/instructions.ts";
import { parseLibraryCache } from "../../../src/kernel/userspace/library_cache.ts";
import { allSymbols, findSymbols } from "../../../src/kernel/userspace/symbols.ts";
import { Samples } from "./sample.ts";

/** Numbers below a limit, the same on every run (xorshift32). */
function randomFrom(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/** The same bytes, with up to 8 changed, mostly where the headers and tables are, and perhaps cut off. */
function damage(bytes: Uint8Array<ArrayBuffer>, random: (limit: number) => number): Uint8Array<ArrayBuffer> {
  const damaged = random(4) === 0 ? bytes.slice(0, random(bytes.length)) : bytes.slice();
  for (let i = random(8); i >= 0 && damaged.length > 0; i--) {
    const at = random(3) === 0
      ? random(damaged.length)
      : random(2) === 0
      ? random(512)
      : damaged.length - 1 - random(2200);
    damaged[Math.min(damaged.length - 1, Math.max(0, at))] = [0, 1, 0x7f, 0x80, 0xff, random(256)][random(6)]!;
  }
  return damaged;
}

function readAll(bytes: Uint8Array<ArrayBuffer>): void {
  using elf = new ElfFile(memorySource(bytes));
  elf.buildId();
  for (const table of ["dynsym", "symtab"] as const) {
    for (const { address } of allSymbols(elf, table)) elf.fileOffset(address);
    findSymbols(elf, table, "answer");
  }
}

Deno.test("a damaged ELF file gives an ElfError or what is left of it, and nothing else", () => {
  using samples = new Samples();
  const random = randomFrom(0x4b74_7269);
  const bytes = Deno.readFileSync(samples.library());
  let refused = 0;
  for (let i = 0; i < 3000; i++) {
    try {
      readAll(damage(bytes, random));
    } catch (error) {
      assert.ok(error instanceof ElfError, `round ${i}: ${error instanceof Error ? error.stack : error}`);
      refused++;
    }
  }
  assert.ok(refused > 300 && refused < 2900, `${refused}`);
});

Deno.test("damaged mini debug info gives an ElfError or what is left of it", async () => {
  const random = randomFrom(0x6465_6275);
  const bytes = Deno.readFileSync(new URL("../../data/elf/mini_debug_info", import.meta.url));
  for (let i = 0; i < 300; i++) {
    const damaged = bytes.slice();
    damaged[0xd6 + random(0xf4)] = random(256);
    using elf = new ElfFile(memorySource(damaged));
    try {
      using debug = await openDebugFile(elf);
      if (debug !== undefined) [...allSymbols(debug, "symtab")];
    } catch (error) {
      assert.ok(error instanceof ElfError, `round ${i}: ${error instanceof Error ? error.stack : error}`);
    }
  }
});

Deno.test("sizes that no file has are refused before memory is taken for them", () => {
  using samples = new Samples();
  const bytes = Deno.readFileSync(samples.library());
  const view = new DataView(bytes.buffer);
  const sections = Number(view.getBigUint64(40, true));
  const claimed = (set: (view: DataView<ArrayBuffer>) => void): Uint8Array<ArrayBuffer> => {
    const copy = bytes.slice();
    set(new DataView(copy.buffer));
    return copy;
  };
  const claims = [
    claimed((copy) => copy.setBigUint64(40, 2n ** 63n, true)), // sections far behind the end
    claimed((copy) => (copy.setUint16(60, 0, true), copy.setBigUint64(sections + 32, 2n ** 40n, true))), // very many of them
    claimed((copy) => { // each of them very large
      for (let i = 1; i < copy.getUint16(60, true); i++) copy.setBigUint64(sections + i * 64 + 32, 2n ** 41n, true);
    }),
  ];
  for (const claim of claims) assert.throws(() => readAll(claim), ElfError);
});

Deno.test("a library cache full of noise ends, with a SyntaxError or entries", () => {
  const random = randomFrom(7);
  const start = new TextEncoder().encode("glibc-ld.so.cache1.1");
  for (let i = 0; i < 500; i++) {
    const bytes = Uint8Array.from({ length: 20 + random(400) }, () => random(256));
    bytes.set(start);
    try {
      parseLibraryCache(bytes);
    } catch (error) {
      assert.ok(error instanceof SyntaxError);
    }
  }
});

Deno.test("instructionAt() ends on any bytes", () => {
  const random = randomFrom(11);
  for (let i = 0; i < 2000; i++) {
    const code = Uint8Array.from({ length: 64 }, () => random(256));
    const found = instructionAt(code, 40, "x86_64");
    assert.ok(found === undefined || found.start <= 40 && found.end > 40 && found.end <= found.start + 15);
  }
});
