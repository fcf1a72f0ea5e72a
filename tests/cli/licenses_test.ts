import assert from "node:assert/strict";
import { main } from "../../src/cli/app.ts";
import { embeddedLicenses } from "../../src/cli/licenses.ts";
import { licenses } from "../../src/protocol/licenses.ts";
import { keptWriter } from "../support/writer.ts";

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { writer, stdout, stderr } = keptWriter();
  return { code: await main(["licenses", ...args], writer), stdout: stdout.text(), stderr: stderr.text() };
}

const BUILD = new URL("../../build/", import.meta.url);

Deno.test("every npm package in the bundle has its licence listed, with its text", async () => {
  const { components, texts } = await embeddedLicenses();
  // Deno's bundler names each file that it took.
  const bundled = new Set(
    [...Deno.readDirSync(new URL("js/", BUILD))].flatMap(({ name }) =>
      Deno.readTextFileSync(new URL(`js/${name}`, BUILD)).matchAll(
        /^\/\/ .*\/registry\.npmjs\.org\/(.+?)\/(\d[^/]*)\//gm,
      )
        .map(([, name, version]) => `pkg:npm/${name}@${version}`).toArray()
    ),
  );
  assert.ok(bundled.size >= 3, [...bundled].join(" "));
  for (const purl of bundled) {
    const listed = components.find((component) => component.purl === purl);
    assert.ok(listed, `${purl} is in the bundle and not listed`);
    assert.ok(listed.texts.every((name) => texts[name]!.length > 300), purl);
    assert.equal(listed.hashes[0]?.algorithm, "SHA-512");
  }
  assert.deepEqual(components.filter(({ purl }) => purl.startsWith("pkg:npm/") && !bundled.has(purl)), []);
});

Deno.test("all that is linked or carried is listed, with every text that is named and none besides", async () => {
  const document = licenses.strict().parse(await embeddedLicenses());
  const names = document.components.map(({ name }) => name);
  for (const name of ["ktriage", "ktriage-bpf", "libbpf", "libelf", "zlib", "deno", "v8"]) {
    assert.ok(names.includes(name));
  }
  const used = new Set(document.components.flatMap(({ texts }) => texts));
  assert.deepEqual([...used].sort(), Object.keys(document.texts).sort());
  assert.match(document.texts["libelf: COPYING-LGPLV3"]!, /GNU LESSER GENERAL PUBLIC LICENSE/);
  assert.match(document.texts["npm:zod@4.6.7"] ?? Object.values(document.texts).join(), /Colin McDonnell/);
  for (const { name, part_of } of document.components) {
    assert.ok(part_of === undefined || names.includes(part_of), `${name} is part of ${part_of}`);
  }
});

Deno.test("the list is of the files that were built", async () => {
  const { components } = await embeddedLicenses();
  const files = components.flatMap(({ hashes }) => hashes).filter(({ what }) => what === "file");
  assert.ok(files.length >= 4);
  for (const { of, content } of files) {
    const bytes = Deno.readFileSync(new URL(of.endsWith(".o") ? `bpf/${of}` : of, BUILD));
    assert.equal(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(), content, of);
  }
});

Deno.test("ktriage licenses prints a line each, --full the texts, --json the document", async () => {
  const { components, texts } = await embeddedLicenses();
  const summary = await run();
  assert.deepEqual([summary.code, summary.stderr], [0, ""]);
  for (const { name, version } of components) assert.ok(summary.stdout.includes(`  ${name} ${version} `), name);
  assert.ok(summary.stdout.length < 5000, "a summary");
  const full = await run("--full");
  for (const text of Object.values(texts)) assert.ok(full.stdout.includes(text.trim().split("\n").at(-1)!.trim()));
  assert.deepEqual(JSON.parse((await run("--json")).stdout), await embeddedLicenses());
  assert.equal((await run("zod")).code, 2);
});
