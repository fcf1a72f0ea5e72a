import assert from "node:assert/strict";

const ROOT = new URL("../../", import.meta.url);

Deno.test("deno.json freezes the lock file: a dependency that it lacks is refused, not fetched", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "ktriage-frozen-" });
  try {
    const lock = JSON.parse(Deno.readTextFileSync(new URL("deno.lock", ROOT)));
    const config = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
    Deno.writeTextFileSync(`${folder}/deno.json`, JSON.stringify({ imports: config.imports, lock: config.lock }));
    Deno.writeTextFileSync(`${folder}/main.ts`, `import "unbash";`);
    const run = async (): Promise<{ success: boolean; stderr: string }> => {
      const { success, stderr } = await new Deno.Command(Deno.execPath(), {
        args: ["run", "-A", "--no-check", "main.ts"],
        cwd: folder,
      }).output();
      return { success, stderr: new TextDecoder().decode(stderr) };
    };
    Deno.writeTextFileSync(`${folder}/deno.lock`, JSON.stringify(lock));
    assert.deepEqual(await run(), { success: true, stderr: "" });
    for (const part of [lock.specifiers, lock.npm]) {
      for (const id of Object.keys(part)) if (/unbash/.test(id)) delete part[id];
    }
    Deno.writeTextFileSync(`${folder}/deno.lock`, JSON.stringify(lock));
    const { success, stderr } = await run();
    assert.ok(!success);
    assert.match(stderr, /lockfile is out of date/);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("every call of Deno in scripts/ is frozen, or reads no lock file", () => {
  const calls = [...Deno.readDirSync(new URL("scripts/", ROOT))].filter(({ isFile }) => isFile).flatMap(({ name }) => {
    const text = Deno.readTextFileSync(new URL(`scripts/${name}`, ROOT)).replaceAll("\\\n", " ");
    return text.split("\n").filter((line) => /"\$deno" (run|test|check|bundle|compile)\b/.test(line))
      .map((line) => `${name}: ${line.trim()}`);
  });
  assert.ok(calls.length >= 8, calls.join("\n"));
  // scripts/compile hands its options on to one call: each of those that use it says so itself.
  const loose = calls.filter((line) => !/--frozen|--no-lock/.test(line) && !/^compile: .* "\$@"$/.test(line));
  assert.deepEqual(loose, []);
});
