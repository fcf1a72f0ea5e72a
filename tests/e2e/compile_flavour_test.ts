/**
 * `scripts/compile --flavour compile`. Where no denort can be had, another program takes its place, and what was written
 * behind that is looked at: the script, which the stock Deno can run, and what it would be run with. Where one can be had,
 * the whole file runs, too.
 */
import assert from "node:assert/strict";
import { assertNothingAdded, OwnPlaces, snapshot } from "../support/host_snapshot.ts";
import { type CliResult, startKtriage } from "../support/cli.ts";

const CHECKOUT = new URL("../../", import.meta.url).pathname;
const STAND_IN = "/bin/true";
const MAX_BYTES = 5_000_000;

const folder = Deno.makeTempDirSync({ prefix: "ktriage-compile-" });
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));

interface Made {
  readonly path: string;
  readonly bytes: Uint8Array;
  readonly success: boolean;
  readonly stderr: string;
}

async function compile(name: string, env: Readonly<Record<string, string>>): Promise<Made> {
  const path = `${folder}/${name}/ktriage`;
  const { success, stderr } = await new Deno.Command(`${CHECKOUT}scripts/compile`, {
    args: ["--flavour", "compile", "--output", path],
    env: { ...env },
  }).output();
  return {
    path,
    success,
    stderr: new TextDecoder().decode(stderr),
    bytes: success ? Deno.readFileSync(path) : Uint8Array.of(),
  };
}

/** What `deno compile` wrote behind the runtime: how to run it, and the one file that it holds. */
function contentOf(bytes: Uint8Array): { readonly metadata: Record<string, unknown>; readonly script: string } {
  const text = new TextDecoder("latin1").decode(bytes); // a character a byte
  const start = text.lastIndexOf('{"argv"'), end = text.indexOf("\0", start);
  const files = /\[\{"File":\{"n":"ktriage\.js","o":\[0,(\d+)\],"u":true,"t":0\}\}\]/.exec(text.slice(end));
  assert.ok(files, "there is one file, without a time of its own");
  const at = end + files.index + files[0].length + 8; // its length goes before it, as a u64
  return {
    metadata: JSON.parse(text.slice(start, end)),
    script: new TextDecoder().decode(bytes.subarray(at, at + Number(files[1]))),
  };
}

const made = await compile("stand-in", { DENORT_BIN: STAND_IN });
assert.ok(made.success, made.stderr);
const { metadata, script } = contentOf(made.bytes);

Deno.test("the compiled file holds ktriage's script and nothing else, and is small beside its runtime", () => {
  assert.ok(made.bytes.length - Deno.statSync(STAND_IN).size < MAX_BYTES, String(made.bytes.length));
  assert.equal(metadata.node_modules, null);
  assert.deepEqual(
    [metadata.entrypoint_key, metadata.preload_modules, metadata.require_modules, metadata.app_name],
    ["ktriage.js", [], [], "ktriage"],
  );
});

Deno.test("what the compiled file may do is baked in: no prompt, no code cache, nothing from outside, V8's bounds", () => {
  // each list is empty: any of it; one denial would take away what Deno opens to "all access" alone, see below
  const { prompt, ...permissions } = metadata.permissions as Record<string, unknown>;
  assert.equal(prompt, false);
  for (const [name, value] of Object.entries(permissions)) {
    assert.deepEqual(value, name.startsWith("allow_") ? [] : null, name);
  }
  const unset = ["code_cache_key", "ca_data", "location", "unsafely_ignore_certificate_errors"];
  for (const name of unset) assert.equal(metadata[name], null, name);
  assert.deepEqual(metadata.env_vars_from_env_file, {});
  const flags = metadata.v8_flags as string[];
  for (const flag of ["--single-threaded", "--no-incremental-marking", "--max-old-space-size=256"]) {
    assert.ok(flags.includes(flag), flags.join(" "));
  }
});

Deno.test("no narrower permissions would do: with any of them denied, Deno keeps ktriage from files of /proc", async () => {
  const reads = async (...options: string[]): Promise<boolean> => {
    const code = 'Deno.readTextFileSync("/proc/self/environ")';
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-config", "--no-prompt", ...options, `data:text/javascript,${code}`],
    }).output();
    return success;
  };
  assert.equal(await reads("-A"), true);
  assert.equal(await reads("--allow-read", "--allow-env", "--allow-sys", "--allow-ffi", "--allow-run"), false);
  assert.equal(await reads("-A", "--deny-import"), false);
});

Deno.test("the compiled script has all that it needs in it: it runs where there is nothing but a runtime", async () => {
  const path = `${folder}/alone/ktriage.js`;
  Deno.mkdirSync(`${folder}/alone`);
  Deno.writeTextFileSync(path, script);
  const bare = ["--quiet", "-A", "--no-config", "--no-lock", "--no-remote", "--no-npm", "--cached-only"];
  const run = (args: readonly string[], places: OwnPlaces): Promise<CliResult> =>
    startKtriage(args, {
      program: Deno.execPath(),
      behind: ["env", "-C", places.cwd],
      env: { ...places.env, DENO_DIR: "/dev/null" },
    }).finished;
  await works((args, places) => run(["run", ...bare, path, ...args], places));
});

Deno.test("two compilations of the same tree are the same, and their sums and bills say so", async () => {
  const again = await compile("again", { DENORT_BIN: STAND_IN });
  assert.ok(again.success, again.stderr);
  assert.deepEqual(again.bytes, made.bytes);
  const sum = new Uint8Array(await crypto.subtle.digest("SHA-256", Uint8Array.from(made.bytes))).toHex();
  for (const { path } of [made, again]) {
    assert.equal(Deno.readTextFileSync(`${path}.sha256`), `${sum}  ktriage\n`);
    const { metadata: { component }, components } = JSON.parse(Deno.readTextFileSync(`${path}.cdx.json`));
    assert.deepEqual(component.hashes, [{ alg: "SHA-256", content: sum }]);
    const names = components.map(({ name }: { name: string }) => name);
    for (const name of ["libbpf", "libelf", "zlib", "libgcc", "deno", "v8"]) assert.ok(names.includes(name), name);
    assert.ok(!names.includes("launcher"), "what only the other flavour has is not listed");
  }
});

Deno.test("with a denort the file runs as such; without, nothing is written and the reason is said", async () => {
  const { DENORT_BIN } = Deno.env.toObject();
  const whole = await compile("whole", DENORT_BIN === undefined ? {} : { DENORT_BIN });
  if (!whole.success) {
    assert.match(whole.stderr, /denort-[a-z0-9_]+-unknown-linux-gnu\.zip/);
    assert.deepEqual([...Deno.readDirSync(`${folder}/whole`)].map(({ name }) => name), []);
    return;
  }
  const run = (args: readonly string[], { cwd, env }: OwnPlaces): Promise<CliResult> =>
    startKtriage(args, { program: whole.path, cwd, env }).finished;
  await works(run);
  using places = new OwnPlaces();
  assert.equal(JSON.parse((await run(["--version", "--json"], places)).stdout).flavour, "compile");
});

/** The subcommands that need every asset and every kind of module, with nothing left behind. */
async function works(run: (args: readonly string[], places: OwnPlaces) => Promise<CliResult>): Promise<void> {
  using places = new OwnPlaces();
  const before = snapshot();
  const json = async (...args: string[]): Promise<Record<string, unknown>> => {
    const { code, stdout, stderr } = await run(args, places);
    assert.equal(code, 0, `${args.join(" ")}: ${stderr}`);
    return JSON.parse(stdout.trimEnd().split("\n{").at(-1)!.replace(/^(?!\{)/, "{"));
  };
  const { bpf_objects } = await json("--version", "--json") as { bpf_objects: Record<string, string> };
  for (const [name, hash] of Object.entries(bpf_objects)) {
    const bytes = Deno.readFileSync(`${CHECKOUT}build/bpf/${name}`);
    assert.equal(hash, new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(), name);
  }
  assert.equal((await json("licenses", "--json")).schema, "ktriage.licenses/1");
  assert.equal((await json("check", "--json")).schema, "ktriage.check/1");
  assert.equal((await json("trace", "openat", "--duration", "0.3", "--json")).schema, "ktriage.trace/1");
  const run_document = await json("diagnose", "--json", "the disk is full") as { resolution?: unknown };
  assert.ok(run_document.resolution, "the expert answered");
  await assertNothingAdded(before, { pid: 0, places });
}
