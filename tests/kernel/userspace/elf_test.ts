import assert from "node:assert/strict";
import { type ByteSource, memorySource, openFile } from "../../../src/kernel/userspace/byte_source.ts";
import { openDebugFile } from "../../../src/kernel/userspace/debug_info.ts";
import { ElfError } from "../../../src/kernel/userspace/elf_error.ts";
import { ElfFile } from "../../../src/kernel/userspace/elf.ts";
import { findLibraries } from "../../../src/kernel/userspace/libraries.ts";
import { Program } from "../../../src/kernel/userspace/program.ts";
import { allSymbols, type ElfSymbol, findSymbols, type TableKind } from "../../../src/kernel/userspace/symbols.ts";
import { INSTRUCTION_BYTES, MARKED_TEXT, run, Samples } from "./sample.ts";

const MINI = new URL("../../data/elf/mini_debug_info", import.meta.url).pathname;

/** What readelf says of a table: name, version, address, size. */
function readelf(path: string, table: TableKind): string[] {
  const text = run("readelf", ["--wide", table === "dynsym" ? "--dyn-syms" : "--syms", path]);
  const section = text.split(/^Symbol table /m).find((part) => part.startsWith(`'.${table}'`)) ?? "";
  return [...section.matchAll(/^ *\d+: ([0-9a-f]+) +(\S+) (\S+) +(\S+) +\S+ +(?:\[[^\]]*\] +)?(\S+) (\S+)/gm)].map(
    ([, address = "", size = "", type = "", binding = "", section = "", name = ""]) => {
      const [bare, version = ""] = name.split(/@+/);
      const is_old = section !== "UND" && /[^@]@[^@]/.test(name);
      const kind = section === "UND" ? "imported" : type === "FUNC" ? "function" : type === "IFUNC" ? "ifunc" : "other";
      // the versions of imports stand in a table that nobody here needs
      const shown = section === "UND" ? "" : version;
      return [bare, shown, is_old, kind, binding.toLowerCase(), Number.parseInt(address, 16), Number(size)].join(" ");
    },
  );
}

function line({ name, version = "", is_old, kind, binding, address, size }: ElfSymbol): string {
  return [name, version, is_old, kind, binding, address, size].join(" ");
}

/** Data has versions for reasons of its own (copy relocations, versions as symbols). */
function withoutData(lines: readonly string[]): readonly string[] {
  return lines.filter((text) => !text.includes(" other "));
}

Deno.test("allSymbols() reads what readelf reads: the C library, the dynamic linker, bash, Deno", () => {
  const linker = run("readelf", ["-l", "/bin/bash"]).match(/interpreter: (\S+)\]/)![1]!;
  for (const path of [findLibraries("libc")[0]!, linker, "/bin/bash", Deno.execPath()]) {
    using elf = ElfFile.open(path);
    const expected = readelf(path, "dynsym");
    assert.ok(expected.length > 20, path);
    assert.deepEqual(withoutData([...allSymbols(elf, "dynsym")].map(line)), withoutData(expected), path);
  }
});

Deno.test("allSymbols() and findSymbols() read all symbols of a program that is not stripped", () => {
  using samples = new Samples();
  for (const path of [samples.program(), samples.program("-static")]) {
    using elf = ElfFile.open(path);
    const without = (lines: readonly string[]): readonly string[] =>
      withoutData(lines).filter((text) => !text.includes(" imported "));
    const expected = without(readelf(path, "symtab"));
    const all = [...allSymbols(elf, "symtab")];
    assert.ok(expected.length > 10);
    assert.deepEqual(without(all.map(line)), expected);
    for (const { name } of all.filter(({ kind }) => kind === "function").slice(0, 200)) {
      assert.deepEqual(findSymbols(elf, "symtab", name), all.filter((symbol) => symbol.name === name), name);
    }
  }
});

Deno.test("findSymbols() tells versions apart and takes one that is named", () => {
  using samples = new Samples();
  using elf = ElfFile.open(samples.library());
  for (const table of ["dynsym", "symtab"] as const) {
    const versions = (name: string): unknown =>
      findSymbols(elf, table, name).map(({ version, is_old }) => `${version} ${is_old}`).sort();
    assert.deepEqual(versions("answer"), ["SAMPLE_1 true", "SAMPLE_2 false"]);
    assert.deepEqual(versions("answer@SAMPLE_1"), ["SAMPLE_1 true"]);
    assert.deepEqual(versions("answer@@SAMPLE_2"), ["SAMPLE_2 false"]);
    assert.deepEqual(versions("answer@SAMPLE_3"), []);
    assert.deepEqual(versions("nswer"), []);
    assert.deepEqual(versions("answe"), []);
  }
});

Deno.test("fileOffset() and address() lead to a function's bytes and back", () => {
  using samples = new Samples();
  for (const path of [samples.program(), samples.program("-static"), samples.program("-static-pie")]) {
    using elf = ElfFile.open(path);
    const [symbol] = findSymbols(elf, "symtab", "marked");
    const offset = elf.fileOffset(symbol!.address)!;
    const text = elf.bytes(offset + 2 * INSTRUCTION_BYTES, MARKED_TEXT.length);
    assert.equal(new TextDecoder().decode(text), MARKED_TEXT);
    assert.equal(elf.address(offset), symbol!.address);
    assert.equal(elf.fileOffset(findSymbols(elf, "symtab", "sample_data")[0]!.address), undefined);
    assert.equal(elf.address(0), undefined);
  }
});

Deno.test("ElfFile has the entry and the build id that readelf shows", () => {
  using samples = new Samples();
  const path = samples.program("-static");
  using elf = ElfFile.open(path);
  const entry = Number(run("readelf", ["-h", path]).match(/Entry point address: +(\S+)/)![1]);
  assert.equal(elf.address(elf.entry), entry);
  assert.equal(elf.buildId(), run("readelf", ["-n", path]).match(/Build ID: (\S+)/)![1]);
  using library = ElfFile.open(samples.library());
  assert.throws(() => library.entry, /entry lies in none of its segments/);
});

Deno.test("findSymbols() reads a fraction of a large program", () => {
  const file = openFile(Deno.execPath());
  let bytes = 0;
  const counted: ByteSource = {
    size: file.size,
    read: (offset, length) => (bytes += length, file.read(offset, length)),
    [Symbol.dispose]: () => file[Symbol.dispose](),
  };
  using elf = new ElfFile(counted);
  const [symbol] = findSymbols(elf, "dynsym", "napi_create_object");
  assert.equal(symbol?.kind, "function");
  assert.ok(file.size > 50e6 && bytes < 1e6, `${bytes} of ${file.size}`);
});

Deno.test("openDebugFile() unpacks the mini debug info", async () => {
  using elf = ElfFile.open(MINI);
  using debug = await openDebugFile(elf);
  const functions = [...allSymbols(debug!, "symtab")].filter(({ kind }) => kind === "function");
  assert.deepEqual(functions.map(({ name, size }) => [name, size]), [
    ["hidden_helper", 5],
    ["hidden_other", 6],
    ["_start", 27],
  ]);
  assert.equal(elf.fileOffset(functions[0]!.address), 0xb0);
});

Deno.test("openDebugFile() says that the mini debug info is damaged", async () => {
  const bytes = Deno.readFileSync(MINI);
  bytes[0xd6 + 100]! ^= 0xff;
  using elf = new ElfFile(memorySource(bytes));
  await assert.rejects(openDebugFile(elf), { name: "ElfError", message: /^its \.gnu_debugdata cannot be unpacked: / });
});

Deno.test("ElfFile.open() says what a file is that is no 64-bit ELF file", () => {
  using samples = new Samples();
  const sample = Deno.readFileSync(MINI);
  const changed = (at: number, value: number): Uint8Array => sample.with(at, value);
  const cases: readonly (readonly [string, RegExp])[] = [
    [
      samples.write("script", "#!/usr/bin/env python3\nprint()\n"),
      /^it is a script that \/usr\/bin\/env python3 runs$/,
    ],
    [samples.write("text", "x".repeat(300)), /^it is no ELF file$/],
    [samples.write("empty", ""), /^it is no ELF file$/],
    [samples.write("short", sample.slice(0, 40)), /^the file ends within its ELF header$/],
    [samples.write("headers", sample.slice(0, 70)), /^the file is damaged or cut off/],
    [samples.write("narrow", changed(4, 1)), /^it is a 32-bit ELF file/],
    [samples.write("big_endian", changed(5, 2)), /^it is no 64-bit little-endian ELF file$/],
    [samples.write("sparc", changed(18, 43)), /^it is for another kind of machine \(ELF machine 43\)/],
    [samples.directory, /^it is no regular file$/],
    ["/dev/zero", /^it is no regular file$/],
    [samples.path("absent"), /^there is no such file$/],
  ];
  for (const [path, message] of cases) {
    assert.throws(() => ElfFile.open(path), (error) => error instanceof ElfError && message.test(error.message), path);
  }
});

Deno.test("Program refuses what this host does not run, and files with debug symbols alone", () => {
  using samples = new Samples();
  const other = Deno.build.arch === "x86_64" ? 183 : 62;
  const foreign = samples.write("foreign", Deno.readFileSync(MINI).with(18, other));
  ElfFile.open(foreign)[Symbol.dispose](); // it can be read
  assert.throws(() => new Program(foreign), { message: "it is for another kind of machine" });
  const debug = samples.path("debug");
  run("objcopy", ["--only-keep-debug", samples.program(), debug]);
  assert.throws(() => new Program(debug), { message: "it holds only debug symbols" });
  assert.throws(() => new Program(samples.path("second.o")), { message: /^nothing in it is ever run/ });
});
