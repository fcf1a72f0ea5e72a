import assert from "node:assert/strict";
import { main } from "../../src/cli/app.ts";
import { systemPrompt } from "../../src/models/prompts.ts";
import { tensorzeroFiles } from "../../src/models/setup/tensorzero.ts";
import { keptWriter } from "../support/writer.ts";

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { writer, stdout, stderr } = keptWriter();
  return { code: await main(args, writer), stdout: stdout.text(), stderr: stderr.text() };
}

/** A folder that is not there yet. */
function newFolder(): { readonly path: string } & Disposable {
  const parent = Deno.makeTempDirSync({ prefix: "ktriage-gateway-" });
  return { path: `${parent}/gw`, [Symbol.dispose]: () => Deno.removeSync(parent, { recursive: true }) };
}

Deno.test("gateway init writes the configuration, names the files and says the next step", async () => {
  using folder = newFolder();
  const { code, stdout, stderr } = await run(
    ...["gateway", "init", folder.path, "--provider-base", "https://models.example/v1"],
    ...["--provider-model", 'a "quoted" name', "--provider-key-env", "MODEL_KEY"],
  );
  assert.equal(code, 0, stderr);
  const paths = stdout.trim().split("\n");
  assert.equal(paths[0], `${folder.path}/tensorzero.toml`);
  assert.equal(paths.length, 3);
  const configuration = Deno.readTextFileSync(paths[0]!);
  assert.match(configuration, /^api_base = "https:\/\/models\.example\/v1"$/m);
  assert.match(configuration, /^model_name = "a \\"quoted\\" name"$/m);
  assert.match(configuration, /^api_key_location = "env::MODEL_KEY"/m);
  assert.match(stderr, /docker run .* -e MODEL_KEY -v .*\/gw:\/app\/config:ro .*--config-file/);
  assert.match(stderr, /NANNYAPI_MODEL=tensorzero::function_name::diagnose_and_heal/);
});

Deno.test("gateway init overwrites nothing, and then writes nothing", async () => {
  using folder = newFolder();
  const own = `${folder.path}/functions/diagnose_and_heal/system.minijinja`;
  Deno.mkdirSync(own.replace(/\/[^/]*$/, ""), { recursive: true });
  Deno.writeTextFileSync(own, "mine");
  const { code, stdout, stderr } = await run("gateway", "init", folder.path);
  assert.deepEqual([code, stdout], [1, ""]);
  assert.match(stderr, /system\.minijinja is there already/);
  assert.equal(Deno.readTextFileSync(own), "mine");
  assert.throws(() => Deno.statSync(`${folder.path}/tensorzero.toml`), Deno.errors.NotFound);
});

Deno.test("gateway init refuses what it cannot write into a configuration", async () => {
  using folder = newFolder();
  const wrong: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /init takes one folder/],
    [[folder.path, "--provider-base", "localhost:8000"], /not an http or https URL/],
    [[folder.path, "--provider-base", "http://me:secret@host/v1"], /user or password/],
    [[folder.path, "--provider-key-env", "sk-12345"], /name of a variable, never the key itself/],
    [[folder.path, "--provider-model", ""], /empty --provider-model/],
  ];
  for (const [args, told] of wrong) {
    const { code, stderr } = await run("gateway", "init", ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, told);
    assert.doesNotMatch(stderr, /secret@|sk-12345/);
  }
  const { code, stderr } = await run("gateway", "start", folder.path);
  assert.equal(code, 2, stderr);
});

Deno.test("the template holds the whole system prompt, and nothing in it is taken for a template's own syntax", () => {
  const [, , template] = tensorzeroFiles({ provider_base: new URL("http://127.0.0.1:1/v1"), provider_model: "m" });
  assert.ok(template!.text.includes(`{% raw %}${systemPrompt()}{% endraw %}`));
  assert.ok(!systemPrompt().includes("endraw"));
});

Deno.test("feedback wants a run, and yes or no", async () => {
  for (
    const [args, told] of [
      [["--solved", "yes"], /it is about one run/],
      [["run.json"], /without --solved: it takes yes or no/],
      [["run.json", "--solved", "maybe"], /Cannot use "maybe" for --solved\. There are yes, no\./],
    ] as const
  ) {
    const { code, stderr } = await run("feedback", ...args);
    assert.equal(code, 2, stderr);
    assert.match(stderr, told);
  }
  const missing = await run("feedback", "/nowhere/run.json", "--solved", "no");
  assert.equal(missing.code, 1);
  assert.match(missing.stderr, /Cannot read the run from \/nowhere\/run\.json: there is no such file/);
});
