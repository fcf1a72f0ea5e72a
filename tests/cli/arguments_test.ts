import assert from "node:assert/strict";
import { type OptionSpec, parseArguments, UnknownOption } from "../../src/cli/arguments.ts";
import { UsageError } from "../../src/cli/errors.ts";

const SPECS: readonly OptionSpec[] = [
  { name: "json", summary: "" },
  { name: "quiet", short: "q", summary: "" },
  { name: "verbose", short: "v", summary: "" },
  { name: "comm", short: "c", value: "NAME", summary: "" },
  { name: "rate", value: "N", summary: "" },
];

const parse = (...args: string[]) => parseArguments(args, SPECS);

Deno.test("parseArguments() takes options before, between and after operands", () => {
  const { positionals, options } = parse("--json", "a", "--comm", "nginx", "b", "-q");
  assert.deepEqual(positionals, ["a", "b"]);
  assert.equal(options.has("json"), true);
  assert.equal(options.has("quiet"), true);
  assert.equal(options.has("verbose"), false);
  assert.equal(options.text("comm"), "nginx");
});

Deno.test("parseArguments() takes a value after = with anything in it", () => {
  assert.equal(parse("--comm=-bash").options.text("comm"), "-bash");
  assert.equal(parse("--comm=a=b").options.text("comm"), "a=b");
  assert.equal(parse("--comm=").options.text("comm"), "");
});

Deno.test("parseArguments() takes letters together, and a value after the last of them", () => {
  const { options } = parse("-qvc", "nginx");
  assert.deepEqual([options.has("quiet"), options.has("verbose"), options.text("comm")], [true, true, "nginx"]);
});

Deno.test("parseArguments() takes everything after -- as operands, and - as one", () => {
  assert.deepEqual(parse("-", "--", "--json", "-q").positionals, ["-", "--json", "-q"]);
  assert.equal(parse("--", "--json").options.has("json"), false);
});

Deno.test("parseArguments() takes the last of two values", () => {
  assert.equal(parse("--comm", "a", "--comm", "b").options.text("comm"), "b");
});

Deno.test("parseArguments() refuses what the table does not have, as it was typed", () => {
  for (const [arg, told] of [["--jsn", "--jsn"], ["--jsn=1", "--jsn"], ["-x", "-x"], ["-json", "-json"]] as const) {
    assert.throws(() => parse(arg), (error) => error instanceof UnknownOption && error.option === told);
  }
});

Deno.test("parseArguments() refuses a missing value and a value for a flag", () => {
  assert.throws(() => parse("--comm"), /Option --comm needs a value: --comm <NAME>\./);
  assert.throws(() => parse("--comm", "--json"), /needs a value: --comm <NAME>, but "--json" follows/);
  assert.throws(() => parse("--json=yes"), /Option --json takes no value, but got "yes"/);
});

Deno.test("Options.integer() refuses what is not a whole number in the range, and says the range", () => {
  const range = { min: 1, max: 10 };
  assert.equal(parse("--rate", "10").options.integer("rate", range), 10);
  assert.equal(parse().options.integer("rate", range), undefined);
  for (const text of ["0", "11", "1.5", "", " 3", "0x3", "1e1", "three", "NaN"]) {
    assert.throws(
      () => parse(`--rate=${text}`).options.integer("rate", range),
      (error) =>
        error instanceof UsageError &&
        error.message === `Cannot use "${text}" for --rate: it takes a whole number from 1 to 10.`,
    );
  }
});

Deno.test("Options.number() takes fractions", () => {
  assert.equal(parse("--rate", "0.5").options.number("rate", { min: 0.1, max: 10 }), 0.5);
  assert.throws(() => parse("--rate=-1").options.number("rate", { min: 0, max: Infinity }), /a number of at least 0/);
});

Deno.test("Options.texts() has every value of an option that may be given several times, in order", () => {
  const { options } = parse("--comm", "a", "--json", "--comm=b", "-c", "a");
  assert.deepEqual(options.texts("comm"), ["a", "b", "a"]);
  assert.deepEqual(options.texts("rate"), []);
});
