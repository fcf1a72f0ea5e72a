/** This kernel's whole BTF, read by us and by bpftool. */
import assert from "node:assert/strict";
import { type Btf, KIND } from "../../src/kernel/btf/image.ts";
import { argumentCaptures, openKernelBtf, packetLayout, pathLayout } from "../../src/kernel/btf/mod.ts";
import { members } from "../../src/kernel/btf/types.ts";

const FOLDER = "/sys/kernel/btf";

function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    assert.ok(error instanceof Deno.errors.NotFound);
    return false;
  }
}

/** One type in so many is compared: all of them take a minute and a half on an emulated machine. */
const STEP = 16;

/** What `bpftool btf dump … format raw` says about structs, unions and functions. */
async function bpftoolLines(file: string, base = ""): Promise<string[]> {
  const chosen =
    `/^\\[/ { wanted = /^\\[[0-9]+\\] (STRUCT|UNION|FUNC) / && substr($1, 2) % ${STEP} == 0 } wanted && NF`;
  const script = `set -o pipefail; bpftool ${base} btf dump file ${file} format raw | awk '${chosen}'`;
  const { code, stdout, stderr } = await new Deno.Command("bash", { args: ["-c", script] }).output();
  assert.equal(code, 0, new TextDecoder().decode(stderr));
  return new TextDecoder().decode(stdout).split("\n").filter((line) => line !== "");
}

/** The same lines, out of our reader. */
function ownLines(btf: Btf): string[] {
  const kinds = [[KIND.struct, "STRUCT"], [KIND.union, "UNION"], [KIND.function, "FUNC"]] as const;
  const types = kinds.flatMap(([kind, text]) => Array.from(btf.ids(kind), (id) => ({ id, text })));
  const chosen = types.filter(({ id }) => id % STEP === 0).sort((a, b) => a.id - b.id);
  return chosen.flatMap(({ id, text }) => {
    const head = `[${id}] ${text} '${btf.name(id) || "(anon)"}'`;
    if (text === "FUNC") return [`${head} type_id=${btf.sizeOrType(id)} linkage=static`];
    const inside = members(btf, id).map(({ name, type, bit_offset, bit_size }) => {
      const bits = bit_size === 0 ? "" : ` bitfield_size=${bit_size}`;
      return `\t'${name || "(anon)"}' type_id=${type} bits_offset=${bit_offset}${bits}`;
    });
    return [`${head} size=${btf.sizeOrType(id)} vlen=${btf.memberCount(id)}`, ...inside];
  });
}

function assertSame(own: readonly string[], theirs: readonly string[]): void {
  // deepEqual of 100,000 lines would write them all
  const first = own.findIndex((line, i) => line !== theirs[i]);
  assert.equal(own[first], theirs[first]);
  assert.equal(own.length, theirs.length);
}

Deno.test("openKernelBtf() finds the structs, members and functions that bpftool finds, or says that there is no BTF", async () => {
  const found = openKernelBtf();
  assert.equal(found.ok, exists(`${FOLDER}/vmlinux`));
  if (!found.ok) {
    assert.match(found.error, /this kernel has no BTF/);
    assert.match(found.hint, /--btf FILE/);
    return;
  }
  assertSame(ownLines(found.btf.types), await bpftoolLines(`${FOLDER}/vmlinux`));
  assert.ok(pathLayout(found.btf.types));
  assert.ok(packetLayout(found.btf.types));
});

Deno.test("module() adds a module's types to the kernel's, as bpftool does", async () => {
  const found = openKernelBtf();
  if (!found.ok) return assert.equal(exists(FOLDER), false);
  const names = found.btf.moduleNames();
  const files = [...Deno.readDirSync(FOLDER)].map(({ name }) => name).filter((name) => name !== "vmlinux");
  assert.deepEqual(names, files.sort());
  for (const name of names) {
    const btf = found.btf.module(name);
    assert.ok(btf, name);
    assertSame(ownLines(btf), await bpftoolLines(`${FOLDER}/${name}`, `-B ${FOLDER}/vmlinux`));
  }
  assert.equal(found.btf.module("no_such_module"), undefined);
});

Deno.test("functions of this kernel and its modules can be listed and captured", () => {
  const found = openKernelBtf();
  if (!found.ok) return assert.equal(exists(`${FOLDER}/vmlinux`), false);
  let count = 0;
  for (const module of [undefined, ...found.btf.moduleNames()]) {
    for (const { name, signature } of found.btf.functions(module === undefined ? {} : { module })) {
      if (count++ % (16 * STEP) !== 0) continue;
      const { text, parameters } = signature();
      assert.ok(text.includes(`${name}(`), text);
      const captures = argumentCaptures(signature());
      assert.ok(captures.length <= parameters.length, text);
    }
  }
  assert.ok(count > 20_000, `${count} functions`);
});
