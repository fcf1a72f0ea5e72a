/**
 * The command line as options and operands, by a table of options.
 *
 * node:util's parseArgs would do, but importing it takes 7 ms: half of what Deno itself needs to start.
 */
import { UsageError } from "./errors.ts";

/** What stands in a place of the command line, as far as a shell can help to complete it. */
export type Takes =
  /** One of these words; with `list` several of them, with commas between. */
  | { readonly kind: "words"; readonly words: readonly string[]; readonly list?: true }
  /** Something of this host, or, as `schema`, a document's name. */
  | { readonly kind: "file" | "folder" | "process" | "target" | "schema" };

export interface OptionSpec {
  /** Without the dashes. */
  readonly name: string;
  /** One letter, without the dash. */
  readonly short?: string;
  /** What its value is called in the help; an option without it is a flag. */
  readonly value?: string;
  /** What its value can be; left out where only a person knows. */
  readonly takes?: Takes;
  readonly summary: string;
}

export interface Parsed {
  readonly positionals: readonly string[];
  readonly options: Options;
}

/** The range of a numeric option. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
}

/** The options that were given. */
export class Options {
  readonly #values: ReadonlyMap<string, readonly string[]>;

  /** @param values all that each option was given, in the order of the command line; a flag's value is empty */
  constructor(values: ReadonlyMap<string, readonly string[]>) {
    this.#values = values;
  }

  /** Whether an option was given. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /** The value of an option, the last one of several; undefined when it was not given. */
  text(name: string): string | undefined {
    return this.#values.get(name)?.at(-1);
  }

  /** Every value of an option that may be given several times. */
  texts(name: string): readonly string[] {
    return this.#values.get(name) ?? [];
  }

  /**
   * The value of an option that takes one of a few words.
   *
   * @throws {UnknownWord} another word
   */
  word<T extends string>(name: string, words: readonly T[]): T | undefined {
    const text = this.text(name);
    return text === undefined ? undefined : wordOf(text, words, `Cannot use "${text}" for --${name}`);
  }

  /**
   * The value of an option as a whole number.
   *
   * @throws {UsageError} not a whole number in that range
   */
  integer(name: string, range: NumberRange): number | undefined {
    return this.#number(name, range, { word: "a whole number", accepts: Number.isSafeInteger });
  }

  /**
   * The value of an option as a number, for example seconds.
   *
   * @throws {UsageError} not a number in that range
   */
  number(name: string, range: NumberRange): number | undefined {
    return this.#number(name, range, { word: "a number", accepts: Number.isFinite });
  }

  #number(
    name: string,
    range: NumberRange,
    kind: { word: string; accepts: (value: number) => boolean },
  ): number | undefined {
    const text = this.text(name);
    if (text === undefined) return undefined;
    const value = /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
    if (kind.accepts(value) && value >= range.min && value <= range.max) return value;
    const bounds = Number.isFinite(range.max) ? `from ${range.min} to ${range.max}` : `of at least ${range.min}`;
    throw new UsageError(`Cannot use "${text}" for --${name}: it takes ${kind.word} ${bounds}.`);
  }
}

/** A word on the command line that no option of the table has. */
export class UnknownOption extends UsageError {
  constructor(readonly option: string) {
    super(`Unknown option ${option}.`);
  }
}

/** A word that is none of the few that a place on the command line takes. */
export class UnknownWord extends UsageError {
  constructor(readonly problem: string, readonly word: string, readonly words: readonly string[]) {
    super(`${problem}. ${words.length === 1 ? "There is" : "There are"} ${words.join(", ")}.`);
  }
}

/**
 * The word among those that a place takes.
 *
 * @param problem what cannot be done with another one, without a full stop
 * @throws {UnknownWord} another word
 */
export function wordOf<T extends string>(word: string, words: readonly T[], problem: string): T {
  const known = words.find((candidate) => candidate === word);
  if (known === undefined) throw new UnknownWord(problem, word, words);
  return known;
}

/**
 * Sorts arguments into options and operands: `--name value`, `--name=value`, `-q`, `-qh`; `--` ends the options and
 * `-` alone is an operand.
 *
 * @throws {UnknownOption} an option that the table does not have
 * @throws {UsageError} a value that is missing, or one that a flag does not take
 */
export function parseArguments(args: readonly string[], specs: readonly OptionSpec[]): Parsed {
  const values = new Map<string, string[]>();
  const give = ({ name }: OptionSpec, value: string): void => {
    values.set(name, [...values.get(name) ?? [], value]);
  };
  const positionals: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      positionals.push(arg);
      continue;
    }
    for (const { spec, value } of optionsIn(arg, specs)) {
      if (spec.value === undefined) {
        if (value !== undefined) throw new UsageError(`Option --${spec.name} takes no value, but got "${value}".`);
        give(spec, "");
      } else {
        give(spec, value ?? valueAfter(args[++i], spec));
      }
    }
  }
  return { positionals, options: new Options(values) };
}

interface Given {
  readonly spec: OptionSpec;
  readonly value: string | undefined;
}

/** The options in one argument: one after two dashes, one or more letters after a single dash. */
function optionsIn(arg: string, specs: readonly OptionSpec[]): readonly Given[] {
  if (arg.startsWith("--")) {
    const equals = arg.indexOf("=");
    const name = arg.slice(2, equals < 0 ? undefined : equals);
    const spec = specs.find((candidate) => candidate.name === name);
    if (!spec) throw new UnknownOption(`--${name}`);
    return [{ spec, value: equals < 0 ? undefined : arg.slice(equals + 1) }];
  }
  return [...arg.slice(1)].map((letter) => {
    const spec = specs.find((candidate) => candidate.short === letter);
    // "-json" is one dash too few rather than four letters.
    if (!spec) throw new UnknownOption(arg);
    return { spec, value: undefined };
  });
}

function valueAfter(next: string | undefined, spec: OptionSpec): string {
  if (next === undefined) {
    throw new UsageError(`Option --${spec.name} needs a value: --${spec.name} <${spec.value}>.`);
  }
  if (next.startsWith("-") && next !== "-") {
    throw new UsageError(
      `Option --${spec.name} needs a value: --${spec.name} <${spec.value}>, but "${next}" follows.`,
      `For a value that begins with a dash write --${spec.name}=${next}`,
    );
  }
  return next;
}
