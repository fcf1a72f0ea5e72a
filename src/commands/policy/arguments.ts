/** Reading of command-line options the way getopt does, for rules about arguments. */
import { GLOB, isLiteral, mayHideOption, NUMBER, show, TEXT, WORDS } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** Options of a program. Letters are one-letter options; long names stand without their dashes. */
export interface Options {
  readonly letters?: string;
  /** Letters that take a value. */
  readonly valued?: string;
  readonly long?: readonly string[];
  /** Long options that take a value, also as the next argument. */
  readonly longValued?: readonly string[];
  /** Words behind one dash (`openssl x509 -noout`), and those that take the next argument as their value. */
  readonly words?: readonly string[];
  readonly wordsValued?: readonly string[];
}

export interface Parsed {
  readonly operands: readonly string[];
  /** Options in order, with their value; a letter or a long name. */
  readonly options: readonly (readonly [name: string, value: string])[];
}

export type Rule = (args: readonly string[]) => Refusal | undefined;

/** Refuses arguments whose meaning only shows when the line runs. */
export function unknownArguments(program: string, args: readonly string[]): Refusal | undefined {
  const found = args.find(mayHideOption);
  return found === undefined ? undefined : unknownArgument(program, found);
}

function unknownArgument(program: string, arg: string): Refusal {
  return refusal(
    "argument/unknown",
    `What "${show(arg)}" becomes is not known before it runs, and ${program} has options that are refused: write it ` +
      `out, or put it in double quotes behind -- or behind fixed text.`,
  );
}

/**
 * Refuses the named options wherever they stand, in clusters (`-nru`) and abbreviated (`--out`) too. It errs towards
 * refusing: what follows `--` or is the value of another option counts as well.
 *
 * @param options.valued letters that end a cluster because the rest is their value
 */
export function without(rule: string, options: Options, why: string): Rule {
  return (args) => {
    const found = args.find((arg) => isGiven(arg, options));
    return found === undefined ? undefined : refusal(rule, `${show(found)} is refused: ${why}.`);
  };
}

/** Whether one of the named options may be among the arguments, read as {@linkcode without} does. */
export function given(args: readonly string[], options: Options): boolean {
  return args.some((arg) => isGiven(arg, options));
}

function isGiven(arg: string, options: Options): boolean {
  return hasLetter(arg, options) || isLongOption(arg, options.long ?? []);
}

function hasLetter(arg: string, { letters = "", valued = "" }: Options): boolean {
  if (!/^-[^-]/.test(arg)) return false;
  for (const letter of arg.slice(1)) {
    if (letters.includes(letter)) return true;
    if (valued.includes(letter)) return false;
  }
  return false;
}

function isLongOption(arg: string, names: readonly string[]): boolean {
  if (!/^--./.test(arg)) return false;
  const given = arg.slice(2).replace(/=.*$/s, "");
  return names.some((name) => name.startsWith(given));
}

/**
 * Reads arguments of which only the given options are allowed; a refusal names the first other one. What an argument
 * becomes may be known only when the line runs where it is the value of an option, or stands behind `--`.
 */
export function only(program: string, options: Options, args: readonly string[]): Parsed | Refusal {
  return read(program, options, args, "everywhere");
}

/** The same for options that stand before the first operand; `operands` are that one and all behind it, unread. */
export function leading(program: string, options: Options, args: readonly string[]): Parsed | Refusal {
  return read(program, options, args, "leading");
}

function read(
  program: string,
  options: Options,
  args: readonly string[],
  place: "everywhere" | "leading",
): Parsed | Refusal {
  const operands: string[] = [];
  const found: [string, string][] = [];
  const rest = [...args];
  let ended = false;
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!ended && (arg.includes(WORDS) || mayBeOption(arg))) return unknownArgument(program, arg);
    if (arg === "--") {
      ended = true;
    } else if (!arg.startsWith("-") || arg === "-") {
      operands.push(arg);
      if (place === "leading") return { operands: [...operands, ...rest], options: found };
    } else {
      const parsed = optionsIn(arg, options, rest);
      const split = parsed?.find(([, value]) => value.includes(WORDS));
      if (split !== undefined) return unknownArgument(program, split[1]);
      if (parsed === undefined || parsed.some(([, value]) => hidesOption(value))) {
        return refusal(`${program}/option`, `${program} ${show(arg)} is not on the list of options that only read.`);
      }
      found.push(...parsed);
    }
  }
  return { operands, options: found };
}

function mayBeOption(arg: string): boolean {
  return arg.startsWith(TEXT) || arg.startsWith(GLOB);
}

/** A value that looks like an option: should the program not take a value there, it would be one. */
function hidesOption(value: string): boolean {
  return /^-[^\d\uE000]/.test(value);
}

function optionsIn(arg: string, options: Options, rest: string[]): [string, string][] | undefined {
  const word = arg.slice(1);
  if (options.words?.includes(word)) return [[word, ""]];
  if (options.wordsValued?.includes(word)) return [[word, rest.shift() ?? ""]];
  return arg.startsWith("--") ? longOption(arg, options, rest) : letterOptions(arg, options, rest);
}

function longOption(arg: string, options: Options, rest: string[]): [string, string][] | undefined {
  const equals = arg.indexOf("=");
  const name = arg.slice(2, equals < 0 ? undefined : equals);
  if (options.longValued?.includes(name)) return [[name, equals < 0 ? rest.shift() ?? "" : arg.slice(equals + 1)]];
  return options.long?.includes(name) ? [[name, equals < 0 ? "" : arg.slice(equals + 1)]] : undefined;
}

function letterOptions(arg: string, options: Options, rest: string[]): [string, string][] | undefined {
  const found: [string, string][] = [];
  for (let at = 1; at < arg.length; at++) {
    const letter = arg.charAt(at);
    if (options.valued?.includes(letter)) {
      const attached = arg.slice(at + 1);
      return [...found, [letter, attached === "" ? rest.shift() ?? "" : attached]];
    }
    if (!options.letters?.includes(letter)) return undefined;
    found.push([letter, ""]);
  }
  return found;
}

/**
 * Options as a synopsis writes them, apart by blanks: `-abc` letters, `-n:` a letter with a value, `--all` a long option
 * (`--color=always` too), `--lines=` one whose value may also be the next argument, `~noout` a word behind one dash,
 * `~connect:` one with a value.
 */
export function options(synopsis: string): Options {
  const words = synopsis.split(/\s+/).filter((word) => word !== "");
  const matches = (pattern: RegExp): string[] => words.flatMap((word) => pattern.exec(word)?.[1] ?? []);
  return {
    letters: matches(/^-([^-:]+)$/).join(""),
    valued: matches(/^-([^-]+):$/).join(""),
    long: matches(/^--([^=]+)$/),
    longValued: matches(/^--([^=]+)=$/),
    words: matches(/^~([^:]+)$/),
    wordsValued: matches(/^~([^:]+):$/),
  };
}

/** Both together; where they differ about a letter, the second one says what it means. */
export function merge(first: Options, second: Options): Options {
  const { letters = "", valued = "" } = second;
  const kept = (text = "", other: string): string => [...text].filter((letter) => !other.includes(letter)).join("");
  return {
    letters: letters + kept(first.letters, valued),
    valued: valued + kept(first.valued, letters),
    long: [...first.long ?? [], ...second.long ?? []],
    longValued: [...first.longValued ?? [], ...second.longValued ?? []],
    words: [...first.words ?? [], ...second.words ?? []],
    wordsValued: [...first.wordsValued ?? [], ...second.wordsValued ?? []],
  };
}

/** A rule that lets only these options pass, and operands as `operands` says (any, when it is left out). */
export function allow(program: string, options: Options, operands?: Rule): Rule {
  return (args) => {
    const parsed = only(program, options, args);
    return "rule" in parsed ? parsed : operandsRefusal(program, operands, parsed.operands);
  };
}

/** A rule about operands must know how many there are. */
export function operandsRefusal(
  program: string,
  rule: Rule | undefined,
  operands: readonly string[],
): Refusal | undefined {
  const several = rule === undefined ? undefined : operands.find((operand) => operand.includes(WORDS));
  return several === undefined ? rule?.(operands) : unknownArgument(program, several);
}

/** A rule for programs whose first operand says what they do (`systemctl status`). Words are given in full. */
export function verbs(program: string, words: readonly string[]): Rule {
  return ([first, second]) => verbRefusal(program, words, first === "--no-pager" ? second : first);
}

function verbRefusal(program: string, words: readonly string[], verb: string | undefined): Refusal | undefined {
  if (verb !== undefined && isLiteral(verb) && words.includes(verb)) return undefined;
  return refusal(
    `${program}/verb`,
    `${program} ${show(verb ?? "without a verb")} is not on the list of what only reads: ${words.join(", ")}.`,
  );
}

/** A rule that lets at most so many operands pass; one that can become several counts as too many. */
export function atMost(program: string, limit: number, why: string): Rule {
  return (operands) => {
    const several = operands.find((operand) => [NUMBER, GLOB, WORDS].some((mark) => operand.includes(mark)));
    const found = operands[limit] ?? several;
    return found === undefined
      ? undefined
      : refusal(`${program}/operand`, `${program} ${show(found)} is refused: ${why}.`);
  };
}

/** A rule that refuses what any of the rules refuses. */
export function all(...rules: readonly Rule[]): Rule {
  return (args) => {
    for (const rule of rules) {
      const refused = rule(args);
      if (refused !== undefined) return refused;
    }
    return undefined;
  };
}
