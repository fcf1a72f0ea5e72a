import assert from "node:assert/strict";
import { manPage } from "../../src/cli/man.ts";
import { page, paragraph } from "../../src/cli/roff.ts";
import { SUBCOMMANDS } from "../../src/cli/table.ts";
import { assertGolden } from "../support/golden.ts";

/** What groff makes of a page on a terminal, with every warning. */
async function rendered(text: string): Promise<{ text: string; warnings: string }> {
  const child = new Deno.Command("groff", {
    args: ["-man", "-Tutf8", "-ww", "-P-cbou", "-rLL=78n"],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  await new Response(text).body!.pipeTo(child.stdin);
  const { stdout, stderr } = await child.output();
  return { text: new TextDecoder().decode(stdout), warnings: new TextDecoder().decode(stderr) };
}

Deno.test("the manual page reads as recorded, and groff has no warning about it", async () => {
  const { text, warnings } = await rendered(manPage());
  assert.equal(warnings, "");
  assertGolden("man", text);
});

Deno.test("the manual page tells of every subcommand, option and example, letter by letter", async () => {
  const { text } = await rendered(manPage());
  const words = text.replace(/\s+/g, " ");
  for (const { name, options, examples } of SUBCOMMANDS) {
    assert.ok(words.includes(` ktriage ${name} `), name);
    for (const option of options) assert.ok(words.includes(`--${option.name}`), option.name);
    for (const { command } of examples) assert.ok(words.includes(command.replace(/\s+/g, " ")), command);
  }
});

Deno.test("paragraph() keeps characters that roff would act on or change", async () => {
  const line = `.SH 'quoted' "twice" a\\b -- ~/x ^y \`z\` … → %d`;
  const { text, warnings } = await rendered(page("x", "x", [paragraph(line), paragraph("'tis")]));
  assert.equal(warnings, "");
  assert.ok(text.includes(line), text);
  assert.ok(text.includes("'tis"), text);
});
