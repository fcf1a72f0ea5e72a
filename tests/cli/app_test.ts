import assert from "node:assert/strict";
import { main } from "../../src/cli/app.ts";
import { SUBCOMMANDS } from "../../src/cli/table.ts";
import { VERSION } from "../../src/cli/version.ts";
import { assertGolden } from "../support/golden.ts";
import { keptStream, keptWriter } from "../support/writer.ts";

// The choice of a model looks at the environment: that of whoever runs the tests must not matter.
for (const name of ["NANNYAPI_ENDPOINT", "NANNYAPI_MODEL", "NANNYAPI_API_KEY_FILE"]) Deno.env.delete(name);

async function run(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const { writer, stdout, stderr } = keptWriter();
  return { code: await main(args, writer), stdout: stdout.text(), stderr: stderr.text() };
}

Deno.test("help reads as recorded", async () => {
  const { code, stdout, stderr } = await run("--help");
  assert.deepEqual([code, stderr], [0, ""]);
  assertGolden("help", stdout);
  for (const { name } of SUBCOMMANDS) {
    const own = await run("help", name);
    assert.deepEqual([own.code, own.stderr], [0, ""]);
    assertGolden(`help_${name}`, own.stdout);
  }
});

Deno.test("help begins with examples and fits 80 columns, in a pipe and on a wide terminal", async () => {
  const { writer, stdout } = keptWriter({
    stdout: keptStream({ terminal: true }),
    columns: 200,
    env: { NO_COLOR: "1" },
  });
  for (const args of [["--help"], ...SUBCOMMANDS.map(({ name }) => ["help", name])]) {
    const { stdout: piped } = await run(...args);
    assert.match(piped, /^[^]*?\n\nExamples\n/);
    assert.equal(await main(args, writer), 0);
    for (const line of `${piped}${stdout.text()}`.split("\n")) assert.ok(line.length <= 80, line);
  }
});

Deno.test("a wrong word gets a suggestion wherever one of a few is taken", async () => {
  for (
    const [args, meant] of [
      [["diagnos"], "diagnose"],
      [["chekc", "--json"], "check"],
      [["check", "--jsno"], "--json"],
      [["diagnose", "--aprove", "all", "x"], "--approve"],
      [["diagnose", "--approve", "rsky", "x"], "risky"],
      [["diagnose", "--redact", "users,host", "x"], "hosts"],
      [["check", "--gateway", "--gateway-kind", "openia"], "openai"],
      [["trace", "openat", "--aggregate", "latncy"], "latency"],
      [["probes", "list", "x", "--type", "kprob"], "kprobe"],
      [["probes", "reslove", "x"], "resolve"],
      [["policy", "explian", "x"], "explain"],
      [["gateway", "int", "x"], "init"],
      [["feedback", "x", "--solved", "yess"], "yes"],
      [["completion", "fihs"], "fish"],
      [["schema", "rnu"], "run"],
    ] as const
  ) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stdout], [2, ""], stderr);
    assert.match(stderr, new RegExp(`Did you mean "?${meant}"?\\?`), args.join(" "));
  }
});

Deno.test("help is the same however it is asked for", async () => {
  const { stdout: general } = await run("help");
  const { stdout: check } = await run("help", "check");
  assert.notEqual(general, check);
  assert.equal((await run("-h")).stdout, general);
  assert.equal((await run("--no-color", "--help")).stdout, general);
  for (const args of [["check", "-h"], ["-h", "check"], ["check", "--json", "--help"], ["check", "--nonsense", "-h"]]) {
    assert.deepEqual(await run(...args), { code: 0, stdout: check, stderr: "" }, args.join(" "));
  }
});

Deno.test("-h behind -- is no call for help", async () => {
  const { code, stdout } = await run("schema", "--", "-h");
  assert.deepEqual([code, stdout], [2, ""]);
});

Deno.test("--version prints the version", async () => {
  assert.deepEqual(await run("--version"), { code: 0, stdout: `ktriage ${VERSION}\n`, stderr: "" });
  assert.deepEqual(await run("-V"), { code: 0, stdout: `ktriage ${VERSION}\n`, stderr: "" });
});

Deno.test("wrong usage is told on standard error as recorded, with exit code 2", async () => {
  const wrong: readonly (readonly string[])[] = [
    [],
    ["-q"],
    ["diagnos"],
    ["frobnicate"],
    ["help", "chek"],
    ["the database is slow"],
    ["check", "--jsno"],
    ["check", "-json"],
    ["check", "--comm", "nginx"],
    ["check", "--zzz"],
    ["check", "extra"],
    ["--jsno"],
    ["trace", "--comm"],
    ["trace", "--comm", "--json", "openat"],
    ["trace"],
    ["trace", "openat", "close"],
    ["trace", "openat", "--aggregate", "stacks"],
    ["trace", "openat", "--aggregate", "latncy"],
    ["diagnose", "--approve", "sometimes", "x"],
    ["diagnose", "--redact", "users,host", "x"],
    ["probes"],
    ["probes", "reslove", "x"],
    ["policy", "explian", "x"],
    ["gateway", "make", "x"],
    ["completion"],
    ["completion", "powershell"],
    ["man", "trace"],
    ["trace", "openat", ...Array(9).fill("--capture=dfd")],
    ["diagnose"],
    ["diagnose", " "],
    ["diagnose", "--max-rounds", "0", "x"],
    ["diagnose", "--rate", "many", "x"],
    ["diagnose", "--endpoint", "http://gateway:3000/openai/v1", "x"],
    ["diagnose", "--model", "m", "x"],
    ["diagnose", "--endpoint", "gateway:3000", "--model", "m", "x"],
    ["run"],
    ["run", "a.json", "b.json"],
    ["schema", "rnu"],
    ["schema", "nothing-like-it"],
    ["schema", "run", "reply"],
  ];
  const told: string[] = [];
  for (const args of wrong) {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual([code, stdout], [2, ""], `${args.join(" ")}\n${stderr}`);
    told.push(`$ ktriage ${args.map((arg) => /[^\w./:-]/.test(arg) ? `"${arg}"` : arg).join(" ")}\n${stderr}`);
  }
  assertGolden("errors_usage", told.join("\n"));
});

Deno.test("every subcommand of the table can be loaded, and has examples and exit codes in its help", async () => {
  for (const spec of SUBCOMMANDS) {
    assert.equal(typeof await spec.load(), "function", spec.name);
    assert.ok(spec.examples.length > 0, spec.name);
    assert.match(spec.notes.join("\n"), /Exit code: 0/, spec.name);
  }
});

Deno.test("no option of a subcommand shares its name or letter with another", async () => {
  const { GLOBAL_OPTIONS } = await import("../../src/cli/options.ts");
  for (const spec of SUBCOMMANDS) {
    const words = [...spec.options, ...GLOBAL_OPTIONS].flatMap(({ name, short }) => short ? [name, short] : [name]);
    assert.deepEqual([...new Set(words)], words, spec.name);
  }
});
