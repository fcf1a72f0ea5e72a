import assert from "node:assert/strict";
import { VERSION } from "../../src/cli/version.ts";
import { ktriage } from "../support/cli.ts";

Deno.test("ktriage --version and help answer on standard output", async () => {
  assert.deepEqual(await ktriage(["--version"]), { code: 0, stdout: `ktriage ${VERSION}\n`, stderr: "" });
  const help = await ktriage(["help", "run"]);
  assert.deepEqual([help.code, help.stderr], [0, ""]);
  assert.match(help.stdout, /^ktriage run: .*\n\nExamples\n/);
});

Deno.test("ktriage tells wrong usage on standard error and exits with 2", async () => {
  const { code, stdout, stderr } = await ktriage(["diagnos", "x"]);
  assert.deepEqual([code, stdout], [2, ""]);
  assert.equal(stderr, 'ktriage: "diagnos" is not a subcommand. Did you mean "diagnose"?\n  → See: ktriage --help\n');
});

Deno.test("ktriage loads no schema library for version, help and trace", async () => {
  const modules = await Promise.all(["main.ts", "src/cli/trace.ts", "src/cli/help.ts"].map(staticImports));
  assert.deepEqual(modules.flat().filter((specifier) => specifier.includes("zod")), []);
  const schema = await staticImports("src/cli/schema.ts");
  assert.ok(schema.some((specifier) => specifier.includes("zod")), "the test would see it");
});

Deno.test("ktriage trace of a tracepoint loads nothing that only functions need", async () => {
  const of_functions =
    /\/kernel\/(btf|functions|userspace)\/|\/probes\/\w+\/(\w*function\w*|captures|kernel_facts)\.ts$/;
  assert.deepEqual((await staticImports("src/cli/trace.ts")).filter((specifier) => of_functions.test(specifier)), []);
  const planned = await staticImports("src/probes/plan/kernel_function.ts");
  assert.ok(planned.some((specifier) => of_functions.test(specifier)), "the test would see it");
});

interface ModuleGraph {
  readonly roots: readonly string[];
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: { readonly specifier?: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

/** Modules that are loaded with a module of the tree: dynamic imports and mere types do not count. */
async function staticImports(path: string): Promise<string[]> {
  const root = new URL(`../../${path}`, import.meta.url).href;
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", root] }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
  const seen = new Set<string>();
  const visit = (specifier: string): void => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    const found = modules.find((candidate) => candidate.specifier === specifier);
    for (const { specifier: name, code, isDynamic } of found?.dependencies ?? []) {
      if (code && !isDynamic) visit(code.specifier ?? name);
    }
  };
  visit(root);
  assert.ok(seen.size > 1, `${path} imports nothing`);
  return [...seen];
}
