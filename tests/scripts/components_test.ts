/** `scripts/components.ts`: nothing gets into a build without a name and the text of its licence. */
import assert from "node:assert/strict";
import { embeddedLicenses } from "../../src/cli/licenses.ts";
import { type Licenses, licenses } from "../../src/protocol/licenses.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const BUILD = `${ROOT}build`;

/** Gathers what is inside of a build to which some parts were added: a folder's name, and its files. */
async function gathered(
  parts: Readonly<Record<string, Readonly<Record<string, string>>>>,
  options: readonly string[] = [],
): Promise<{ readonly list?: Licenses; readonly stderr: string }> {
  const folder = Deno.makeTempDirSync({ prefix: "ktriage-components-" });
  try {
    for (const name of ["bpf", "libbpf.so"]) Deno.symlinkSync(`${BUILD}/${name}`, `${folder}/${name}`);
    new Deno.Command("cp", { args: ["-R", `${BUILD}/parts`, folder] }).outputSync();
    for (const [name, files] of Object.entries(parts)) {
      Deno.mkdirSync(`${folder}/parts/${name}`);
      for (const [file, text] of Object.entries(files)) Deno.writeTextFileSync(`${folder}/parts/${name}/${file}`, text);
    }
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-check", "-A", "scripts/components.ts", `${folder}/list.json`, "--build", folder, ...options],
      cwd: ROOT,
    }).output();
    const list = success ? licenses.parse(JSON.parse(Deno.readTextFileSync(`${folder}/list.json`))) : undefined;
    return { stderr: new TextDecoder().decode(stderr), ...(list === undefined ? {} : { list }) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

const PART = `{"version": "1.2", "sha256": "${"0".repeat(64)}"}`;

Deno.test("a part that was recorded with its notice is listed, and twins without one end the build", async () => {
  const { list, stderr } = await gathered({ zstd: { "part.json": PART, "copyright": "as it is" } });
  const zstd = list?.components.find(({ name }) => name === "zstd");
  assert.deepEqual([zstd?.version, zstd?.texts], ["1.2", ["zstd: copyright"]], stderr);
  for (const files of [{ "part.json": PART }, { "part.json": PART, "copyright": "" }]) {
    const without = await gathered({ zstd: files });
    assert.equal(without.list, undefined);
    assert.match(without.stderr, /texts|Too small|>=1/);
  }
});

Deno.test("a part that nobody named ends the build", async () => {
  const { list, stderr } = await gathered({ mystery: { "part.json": PART, "copyright": "as it is" } });
  assert.equal(list, undefined);
  assert.match(stderr, /Cannot tell about .*mystery: name it in scripts\/components\.ts/);
});

Deno.test("the version of V8 is that of the executable which is carried", async () => {
  const own = (await embeddedLicenses()).components.find(({ name }) => name === "v8");
  assert.equal(`${own?.version}-rusty`, Deno.version.v8);
  const { stderr } = await gathered({}, ["--deno", "/bin/true"]);
  assert.match(stderr, /Cannot tell the version of V8: \/bin\/true does not hold it/);
});

Deno.test("GCC's start files, which are in whatever is linked, are listed with GCC's exception", async () => {
  const { components, texts } = await embeddedLicenses();
  const gcc = components.find(({ name }) => name === "libgcc");
  assert.equal(gcc?.license, "GPL-3.0-or-later WITH GCC-exception-3.1");
  const text = gcc.texts.map((name) => texts[name]).join("\n");
  assert.match(text, /GCC Runtime Library Exception/i);
  assert.match(text, /GNU GENERAL PUBLIC LICENSE\s+Version 3/);
});

Deno.test("every file of bpf/ has the licence that is told of the eBPF programs", () => {
  const sources = ["", "include/", "tools/"].flatMap((folder) =>
    [...Deno.readDirSync(`${ROOT}bpf/${folder}`)].filter(({ isFile }) => isFile).map(({ name }) =>
      `bpf/${folder}${name}`
    )
  ).filter((path) => /\.[ch]$/.test(path));
  assert.ok(sources.length > 30);
  for (const path of sources) {
    const text = Deno.readTextFileSync(ROOT + path);
    assert.match(text, /^(\/\/|\/\*) SPDX-License-Identifier: GPL-2\.0 OR BSD-2-Clause\b/, path);
    for (const [, license] of text.matchAll(/SEC\("license"\) = "(.*)"/g)) assert.equal(license, "Dual BSD/GPL", path);
  }
});
