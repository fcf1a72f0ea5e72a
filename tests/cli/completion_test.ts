import assert from "node:assert/strict";
import type { OptionSpec } from "../../src/cli/arguments.ts";
import { completionScripts } from "../../src/cli/completion/mod.ts";
import { targetsFrom } from "../../src/cli/completion/targets.ts";
import { GLOBAL_OPTIONS } from "../../src/cli/options.ts";
import { SUBCOMMANDS } from "../../src/cli/table.ts";
import { SHELLS } from "../../src/cli/words.ts";
import { assertGolden } from "../support/golden.ts";

Deno.test("completion scripts read as recorded, and name every subcommand and option", () => {
  for (const shell of SHELLS) {
    const script = completionScripts()[shell];
    assertGolden(`completion_${shell}`, script);
    for (const { name, options } of SUBCOMMANDS) {
      assert.ok(script.includes(name), `${shell}: ${name}`);
      for (const option of options) assert.match(script, new RegExp(`-l ${option.name}\\b|--${option.name}\\b`), shell);
    }
  }
});

Deno.test("an option of several subcommands takes the same in each, as the completion of bash relies on", () => {
  const known = new Map<string, OptionSpec>();
  for (const option of [...SUBCOMMANDS.flatMap(({ options }) => options), ...GLOBAL_OPTIONS]) {
    const { value, takes } = known.get(option.name) ?? option;
    // what the value is called in the help is no shell's business: --window is a time here, and tokens there
    assert.deepEqual([option.value === undefined, option.takes], [value === undefined, takes], option.name);
    known.set(option.name, option);
  }
});

Deno.test("an option whose value is a file or a folder says so to the shells", () => {
  for (const { name, value, takes } of SUBCOMMANDS.flatMap(({ options }) => options)) {
    const kind = value === "FILE" ? "file" : value === "DIR" ? "folder" : undefined;
    if (kind !== undefined) assert.equal(takes?.kind, kind, name);
  }
});

Deno.test("targetsFrom() begins with what was typed, and is no error where nothing does", async () => {
  const functions = await targetsFrom("kprobe:vfs_rea");
  assert.ok(functions.includes("kprobe:vfs_read"), functions.join(" "));
  assert.ok(functions.every((target) => target.startsWith("kprobe:vfs_rea")));
  assert.ok((await targetsFrom("")).includes("kprobe:"));
  assert.ok((await targetsFrom("kprobe:")).length > 100);
  for (const nothing of ["kprobe:no_such_function", "kprobe:vfs_*", "uprobe:libc", "uprobe:/no/file:a", "zz/", "("]) {
    assert.deepEqual(await targetsFrom(nothing), [], nothing);
  }
});
