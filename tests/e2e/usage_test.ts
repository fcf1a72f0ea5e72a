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
  const { trace_imports, schema_imports } = await importsOf();
  assert.ok(schema_imports.some((url) => url.includes("/zod")), "the test would see zod");
  assert.deepEqual(trace_imports.filter((url) => url.includes("zod")), []);
});

/** Modules that two subcommands import without being asked twice: dynamic imports do not count. */
async function importsOf(): Promise<{ trace_imports: string[]; schema_imports: string[] }> {
  const [main, trace, schema] = await Promise.all(
    ["../../main.ts", "../../src/cli/trace.ts", "../../src/cli/schema.ts"].map((path) =>
      staticImports(new URL(path, import.meta.url).href)
    ),
  );
  return { trace_imports: [...main!, ...trace!], schema_imports: schema! };
}

interface ModuleGraph {
  readonly modules: readonly {
    readonly specifier: string;
    readonly dependencies?: readonly {
      readonly code?: { readonly specifier: string };
      readonly isDynamic?: boolean;
    }[];
  }[];
}

async function staticImports(root: string): Promise<string[]> {
  const { stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json", root] }).output();
  const { modules } = JSON.parse(new TextDecoder().decode(stdout)) as ModuleGraph;
  const seen = new Set<string>();
  const visit = (specifier: string): void => {
    if (seen.has(specifier)) return;
    seen.add(specifier);
    const found = modules.find((candidate) => candidate.specifier === specifier);
    for (const { code, isDynamic } of found?.dependencies ?? []) if (code && !isDynamic) visit(code.specifier);
  };
  visit(root);
  return [...seen];
}
