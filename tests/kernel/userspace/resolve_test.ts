import assert from "node:assert/strict";
import {
  listUserSymbols,
  type NoUserFunction,
  type ResolveOptions,
  resolveUserFunction,
  type UserFunction,
} from "../../../src/kernel/userspace/mod.ts";
import { INSTRUCTION_BYTES, MARKED_TEXT, run, Samples } from "./sample.ts";

const MINI = new URL("../../data/elf/mini_debug_info", import.meta.url).pathname;

async function found(target: string, options?: ResolveOptions): Promise<UserFunction> {
  const result = await resolveUserFunction(target, options);
  assert.ok(result.ok, `${target}: ${"error" in result ? result.error : ""}`);
  return result;
}

async function refused(target: string, options?: ResolveOptions): Promise<NoUserFunction> {
  const result = await resolveUserFunction(target, options);
  assert.ok(!result.ok, target);
  return result;
}

/** Offsets in the file by nm: the addresses of a sample are the offsets in its file, but for 0x400000 where it has a fixed place. */
function nm(path: string, name: string): bigint[] {
  const addresses = [...run("nm", [path]).matchAll(/^([0-9a-f]+) [tTi] (\S+)$/gm)].filter(([, , other]) =>
    other === name
  );
  return addresses.map(([, address]) => BigInt(`0x${address}`) & ~0x400000n);
}

Deno.test("resolveUserFunction() finds what nm finds, in dynamic and static programs", async () => {
  using samples = new Samples();
  for (const args of [[], ["-static"], ["-static-pie"], ["-Wl,-z,noseparate-code", "-no-pie"]]) {
    const path = samples.program(...args);
    for (const name of ["main", "sample_add", "_start", "use_hidden"]) {
      const { offset, symbol, note, ...rest } = await found(`uprobe:${path}:${name}`);
      assert.deepEqual([offset, symbol, note], [nm(path, name)[0], name, undefined], `${args} ${name}`);
      assert.equal(rest.path, path);
      assert.equal("pid" in rest, false);
    }
  }
});

Deno.test("resolveUserFunction() takes the function that others see, and names the rest", async () => {
  using samples = new Samples();
  const path = samples.program();
  const [local, global] = nm(path, "twice");
  const { offset, note } = await found(`${path}:twice`);
  assert.equal(offset, global);
  assert.equal(note, `other functions of this name: 0x${local!.toString(16)}`);

  const [first, second] = nm(path, "hidden");
  assert.deepEqual(await refused(`${path}:hidden`), {
    ok: false,
    error: `Cannot trace hidden of ${path}: 2 functions of this file have this name.`,
    hint: `Name one by its version or its offset in the file: 0x${first!.toString(16)}, 0x${second!.toString(16)}`,
  });
});

Deno.test("resolveUserFunction() takes the current version, or the one that is named", async () => {
  using samples = new Samples();
  const path = samples.library();
  const [current] = nm(path, "new_answer"), [old] = nm(path, "old_answer");
  const answer = await found(`${path}:answer`);
  assert.equal(answer.offset, current);
  assert.equal(answer.note, "other functions of this name: answer@SAMPLE_1");
  assert.equal((await found(`${path}:answer@SAMPLE_1`)).offset, old);
  assert.equal((await found(`${path}:answer@@SAMPLE_2`)).offset, current);
  assert.equal((await refused(`${path}:answer@SAMPLE_3`)).hint, "Nearest: answer");
});

Deno.test("resolveUserFunction() takes offsets at which instructions begin, and no others", async () => {
  using samples = new Samples();
  const path = samples.program();
  const marked = (await found(`${path}:marked`)).offset;
  const second = marked + BigInt(INSTRUCTION_BYTES);
  const behind = await found(`${path}:marked+${INSTRUCTION_BYTES}`);
  assert.deepEqual([behind.offset, behind.symbol], [second, `marked+0x${INSTRUCTION_BYTES}`]);
  const bare = await found(`${path}:0x${second.toString(16)}`);
  assert.equal(bare.offset, second);
  assert.equal(bare.note, `0x${second.toString(16)} is marked+0x${INSTRUCTION_BYTES}`);

  const bytes = 2 * INSTRUCTION_BYTES + MARKED_TEXT.length;
  const place = `marked+0x${bytes.toString(16)}`;
  const end = await refused(`${path}:${place}`);
  assert.equal(end.error, `Cannot trace ${place} of ${path}: it is ${bytes} bytes long.`);
  const header = await refused(`${path}:0x10`);
  assert.equal(header.error, `Cannot trace offset 0x10 of ${path}: there is no code.`);
  assert.match(header.hint, /^Its code is at the offsets 0x[0-9a-f]+ to 0x[0-9a-f]+\. /);
});

Deno.test("resolveUserFunction() refuses a place inside of an instruction", async () => {
  using samples = new Samples();
  const path = samples.program();
  const lines = run("objdump", ["-d", "--disassemble=main", "--no-show-raw-insn", path]);
  const starts = [...lines.matchAll(/^ +([0-9a-f]+):\t/gm)].map(([, at]) => Number.parseInt(at!, 16));
  const main = starts[0]!;
  for (let at = main; at < starts.at(-1)!; at++) {
    const result = await resolveUserFunction(`${path}:main+${at - main}`);
    assert.equal(result.ok, starts.includes(at), `main+${at - main}`);
  }
  const inside = starts.slice(1).find((at) => !starts.includes(at + 1))! + 1;
  const { error, hint } = await refused(`${path}:0x${inside.toString(16)}`);
  assert.match(error, /no instruction begins there, and a breakpoint inside of one would break the program\.$/);
  assert.match(hint, /^Instructions begin 1 bytes before and \d+ after\.$/);
});

Deno.test("resolveUserFunction() traces the return of whole functions only", async () => {
  using samples = new Samples();
  const path = samples.program();
  const { offset } = await found(`${path}:main`, { at: "return" });
  assert.equal((await found(`${path}:0x${offset.toString(16)}`, { at: "return" })).offset, offset);
  for (const place of ["marked+0x1", `0x${((await found(`${path}:marked`)).offset + 1n).toString(16)}`]) {
    const { error } = await refused(`${path}:${place}`, { at: "return" });
    assert.match(error, /no function is known to begin there, so nobody knows where it returns to\.$/);
  }
});

Deno.test("resolveUserFunction() warns of Go programs, and refuses what would crash them", async () => {
  using samples = new Samples();
  const path = samples.path("go");
  const mark = samples.write("mark", "what the Go linker writes");
  run("objcopy", ["--add-section", `.gopclntab=${mark}`, samples.program(), path]);
  const { note } = await found(`${path}:main`);
  assert.equal(note, "in a Go program arguments are not where capture looks for them");
  const { error } = await refused(`${path}:main`, { at: "return" });
  assert.equal(error, `Cannot trace main of ${path}: it is a Go program, which a probe on a return would crash.`);
});

Deno.test("resolveUserFunction() names the implementations of an IFUNC", async () => {
  using samples = new Samples();
  const path = samples.program();
  assert.deepEqual(await refused(`${path}:pick`), {
    ok: false,
    error: `Cannot trace pick of ${path}: it is chosen for the CPU when a program starts (an IFUNC), ` +
      "and a probe would see only the choice.",
    hint: "Trace the one that this CPU gets, it is among: __pick_fast, __pick_slow",
  });
  assert.equal((await found(`${path}:__pick_slow`)).offset, nm(path, "__pick_slow")[0]);
});

Deno.test("resolveUserFunction() tells where an imported function is, and refuses data", async () => {
  using samples = new Samples();
  const path = samples.program();
  const imported = await refused(`${path}:printf`);
  assert.equal(imported.error, `Cannot trace printf of ${path}: it comes from a library.`);
  assert.match(imported.hint, /\/libc\.so\.6 has it: name that file, or a process that has it mapped\.$/);
  assert.match((await refused(`${path}:sample_data`)).error, /: the file does not say that it is a function\.$/);
});

Deno.test("resolveUserFunction() finds mangled names, and suggests them for what they mean", async () => {
  using samples = new Samples();
  const path = samples.program();
  assert.equal((await found(`${path}:_ZN6sample6engine3runEi`)).offset, nm(path, "_ZN6sample6engine3runEi")[0]);
  assert.equal((await refused(`${path}:_ZN6sample6engine3runEv`)).hint, "Nearest: _ZN6sample6engine3runEi");
  assert.equal((await refused(`${path}:engine::run`)).hint, "Nearest: _ZN6sample6engine3runEi");
  assert.equal((await refused(`${path}:sample_ad`)).hint, "Nearest: sample_add");
});

Deno.test("resolveUserFunction() says that a stripped file has no names", async () => {
  using samples = new Samples();
  const path = samples.program("-Wl,--strip-all");
  assert.deepEqual(await refused(`${path}:frobnicate_all`), {
    ok: false,
    error: `Cannot trace frobnicate_all of ${path}: there is no function of this name.`,
    hint: `${path} is stripped: only the functions that it exports have names. Install its debug symbols.`,
  });
});

Deno.test("resolveUserFunction() reads the mini debug info of a stripped file", async () => {
  const { offset, size, note } = await found(`${MINI}:hidden_helper`);
  assert.deepEqual([offset, size, note], [0xb0n, 5, undefined]);
  assert.equal((await refused(`${MINI}:hidden_helpr`)).hint, "Nearest: hidden_helper");
});

Deno.test("resolveUserFunction() finds libraries and programs by their names, and says where", async () => {
  for (const target of ["libc:getaddrinfo", "c:getaddrinfo", "libc.so.6:getaddrinfo", "libpthread:pthread_create"]) {
    const { path, note, symbol } = await found(target);
    assert.match(path, /\/lib(c|pthread)\.so\.\d$/);
    assert.equal(note?.split("; ")[0], `${symbol} in ${path}`);
  }
  const { path, note } = await found("bash:main");
  assert.match(path, /\/bash$/);
  assert.equal(note?.split("; ")[0], `main in ${path}`);
  const nobody = await refused("no_such_program:main");
  assert.equal(
    nobody.error,
    "Cannot find no_such_program: no program in PATH, no library and no running process has this name.",
  );
});

Deno.test("resolveUserFunction() says what is wrong with a file", async () => {
  using samples = new Samples();
  const script = samples.write("script", "#!/bin/sh -e\n");
  assert.equal(
    (await refused(`${script}:main`)).error,
    `Cannot trace main of ${script}: it is a script that /bin/sh -e runs.`,
  );
  assert.equal((await refused("/no/such:main")).error, "Cannot trace main of /no/such: there is no such file.");
  assert.match((await refused("malloc")).error, /^Cannot trace the user function malloc: it names no file/);
});

Deno.test("listUserSymbols() lists the functions that match and can be probed, by name", async () => {
  using samples = new Samples();
  const path = samples.program();
  const list = await listUserSymbols(path, "*pick*");
  assert.ok(list.ok);
  // not pick itself, an ifunc
  assert.deepEqual(list.symbols.map(({ name }) => name), ["__pick_fast", "__pick_slow"]);
  const exact = await listUserSymbols(path, "sample_ad?");
  assert.deepEqual(exact.ok && exact.symbols.map(({ name }) => name), ["sample_add"]);
  const libc = await listUserSymbols("libc", "mal*");
  assert.ok(libc.ok && libc.path.endsWith("/libc.so.6"));
  assert.ok(libc.symbols.some(({ name, size }) => name === "malloc" && size > 0));
  assert.equal(libc.symbols.some(({ name }) => !name.startsWith("mal")), false);
  const absent = await listUserSymbols("/no/such", "*");
  assert.deepEqual(absent.ok || absent.error, "Cannot list functions of /no/such: there is no such file.");
});
