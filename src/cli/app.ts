/** From arguments to an exit code: finds the subcommand, answers help and version, tells errors. */
import { Options, type OptionSpec, parseArguments, UnknownOption, UnknownWord } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { EXIT, PLUGIN_UNKNOWN, type SubcommandSpec } from "./subcommand.ts";
import { GLOBAL_OPTIONS } from "./options.ts";
import { SUBCOMMANDS } from "./table.ts";
import { processWriter, type Writer } from "./writer.ts";

/** Above it an exit code says already which signal ended the work. */
const EXIT_OF_SIGNALS = 128;
const ANSWERED = ["-h", "--help", "-V", "--version"];

/** As {@link main}, for the process that ktriage is: first it takes its bounds, so as not to be in the host's way. */
export async function mainOfProcess(args: readonly string[]): Promise<number> {
  const writer = processWriter();
  // answered at once, and gone
  if (!asksFor(args, ANSWERED)) {
    const { bindItself } = await import("../manners/bounds.ts");
    writer.quiet = asksFor(args, ["-q", "--quiet"]);
    bindItself().forEach((failure) => writer.note(failure));
  }
  return await main(args, writer);
}

/** Runs the command line and returns the exit code. */
export async function main(args: readonly string[], writer: Writer = processWriter()): Promise<number> {
  const plugin = asPlugin(args);
  try {
    const code = await dispatch(args, writer);
    return plugin && asksFor(args, ANSWERED) ? PLUGIN_UNKNOWN : code;
  } catch (error) {
    const code = tell(error, writer);
    if (!plugin) return code;
    const { checkFailedText } = await import("../report/snapshot/check.ts");
    writer.out(checkFailedText(error instanceof Error ? error.message : String(error)));
    return PLUGIN_UNKNOWN;
  }
}

/** Whether a monitoring plugin was asked for: a result has its exit codes, and all else is 3 there. */
function asPlugin(args: readonly string[]): boolean {
  const spec = SUBCOMMANDS.find(({ name, unknown_with }) => unknown_with !== undefined && args.includes(name));
  return spec?.unknown_with !== undefined && asksFor(args, [`--${spec.unknown_with}`]);
}

async function dispatch(args: readonly string[], writer: Writer): Promise<number> {
  // Before anything is understood or refused: an error is printed without colour, too.
  if (args.includes("--no-color")) writer.forbidColour();
  const at = args.findIndex((arg) => !arg.startsWith("-") || arg === "-");
  const name = at < 0 ? undefined : args[at];
  const spec = SUBCOMMANDS.find((candidate) => candidate.name === name);
  if (asksFor(args, ["-h", "--help"]) || name === "help") {
    return await help(spec ?? named(args.slice(at + 1)), writer);
  }
  if (asksFor(args, ["-V", "--version"])) return await version(args, writer);
  if (name === undefined) return await withoutSubcommand(args);
  if (!spec) throw await unknownSubcommand(name);

  const rest = [...args.slice(0, at), ...args.slice(at + 1)];
  const specs = [...spec.options, ...GLOBAL_OPTIONS];
  const { positionals, options } = await parseOrSuggest(rest, specs, spec);
  writer.quiet = options.has("quiet");
  const run = await spec.load();
  try {
    const code = await run({ positionals, options, writer });
    return writer.closed.aborted && code < EXIT_OF_SIGNALS ? EXIT.reader_gone : code;
  } catch (error) {
    if (error instanceof UnknownWord) throw await suggestWord(error, spec);
    if (error instanceof UsageError && error.hint === undefined) throw await withUsage(error, spec);
    throw error;
  }
}

/** Whether one of the words stands anywhere before `--`. */
function asksFor(args: readonly string[], words: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some((arg) => words.includes(arg));
}

/** The subcommand that `help <subcommand>` names. */
function named(args: readonly string[]): SubcommandSpec | string | undefined {
  const name = args.find((arg) => !arg.startsWith("-"));
  return SUBCOMMANDS.find((candidate) => candidate.name === name) ?? name;
}

async function help(about: SubcommandSpec | string | undefined, writer: Writer): Promise<number> {
  if (typeof about === "string") throw await unknownSubcommand(about);
  const { generalHelp, subcommandHelp } = await import("./help.ts");
  writer.out(
    about
      ? subcommandHelp(about, GLOBAL_OPTIONS, writer.layout)
      : generalHelp(SUBCOMMANDS, GLOBAL_OPTIONS, writer.layout),
  );
  return EXIT.done;
}

async function version(args: readonly string[], writer: Writer): Promise<number> {
  if (asksFor(args, ["--json"])) {
    const { buildInfo } = await import("./build_info.ts");
    writer.out(`${JSON.stringify(await buildInfo(), null, 2)}\n`);
    return EXIT.done;
  }
  const { VERSION } = await import("./version.ts");
  writer.out(`ktriage ${VERSION}\n`);
  return EXIT.done;
}

/** Only options, or nothing at all. */
async function withoutSubcommand(args: readonly string[]): Promise<never> {
  const anyOption = [...GLOBAL_OPTIONS, ...SUBCOMMANDS.flatMap((spec) => spec.options)];
  await parseOrSuggest(args, anyOption, undefined);
  const names = SUBCOMMANDS.map((spec) => spec.name).join(", ");
  throw new UsageError(`Nothing to do: no subcommand was given. There are ${names}.`, "See: ktriage --help");
}

async function parseOrSuggest(
  args: readonly string[],
  specs: readonly OptionSpec[],
  spec: SubcommandSpec | undefined,
): Promise<{ positionals: readonly string[]; options: Options }> {
  try {
    return parseArguments(args, specs);
  } catch (error) {
    if (error instanceof UnknownOption) throw await suggestOption(error, specs, spec);
    if (error instanceof UsageError && error.hint === undefined && spec) throw await withUsage(error, spec);
    throw error;
  }
}

async function suggestOption(
  error: UnknownOption,
  specs: readonly OptionSpec[],
  spec: SubcommandSpec | undefined,
): Promise<UsageError> {
  if (/^--(api[-_]?)?(key|token)$/i.test(error.option)) {
    return new UsageError(
      `There is no option ${error.option}: every user of this host could read the key on the command line.`,
      "Set NANNYAPI_API_KEY, or NANNYAPI_API_KEY_FILE to a file that holds the key.",
    );
  }
  const { nearest } = await import("../kernel/nearest.ts");
  const [guess] = nearest(error.option.replace(/^-+/, ""), specs.map(({ name }) => name), { limit: 1 });
  const of = spec ? ` of ktriage ${spec.name}` : "";
  const elsewhere = SUBCOMMANDS.filter((other) => other.options.some(({ name }) => `--${name}` === error.option));
  if (elsewhere.length > 0) {
    const owners = elsewhere.map(({ name }) => `ktriage ${name}`).join(" and ");
    return new UsageError(`Unknown option ${error.option}${of}: it belongs to ${owners}.`, seeHelp(spec));
  }
  const meant = guess === undefined ? "" : ` Did you mean --${guess}?`;
  return new UsageError(`Unknown option ${error.option}${of}.${meant}`, seeHelp(spec));
}

async function unknownSubcommand(name: string): Promise<UsageError> {
  const names = SUBCOMMANDS.map((spec) => spec.name);
  // A sentence instead of a subcommand is most likely the issue itself.
  if (/\s/.test(name)) {
    return new UsageError(`"${name}" is not a subcommand.`, `To have it diagnosed: ktriage diagnose "${name}"`);
  }
  const { nearest } = await import("../kernel/nearest.ts");
  const [guess] = nearest(name, names, { limit: 1 });
  const meant = guess === undefined ? `There are ${names.join(", ")}.` : `Did you mean "${guess}"?`;
  return new UsageError(`"${name}" is not a subcommand. ${meant}`, seeHelp(undefined));
}

async function suggestWord(error: UnknownWord, spec: SubcommandSpec): Promise<UsageError> {
  const { nearest } = await import("../kernel/nearest.ts");
  const [guess] = nearest(error.word, error.words, { limit: 1 });
  if (guess === undefined) return await withUsage(error, spec);
  return new UsageError(`${error.problem}. Did you mean "${guess}"?`, seeHelp(spec), { cause: error });
}

function seeHelp(spec: SubcommandSpec | undefined): string {
  return spec ? `See: ktriage ${spec.name} --help` : "See: ktriage --help";
}

async function withUsage(error: UsageError, spec: SubcommandSpec): Promise<UsageError> {
  const { usage } = await import("./help.ts");
  return new UsageError(error.message, `Usage: ${usage(spec)}   (ktriage ${spec.name} --help)`, { cause: error });
}

/** Prints what went wrong and returns the exit code for it. */
function tell(error: unknown, writer: Writer): number {
  if (error instanceof CliError) {
    writer.fail(error.message, error.hint);
    return error instanceof UsageError ? EXIT.usage : EXIT.failed;
  }
  // Not foreseen: the stack is what a report of this bug needs.
  writer.fail(`Stopped by an error in ktriage itself: ${error instanceof Error ? error.stack : error}`);
  return EXIT.failed;
}
