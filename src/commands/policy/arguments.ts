/** Reading of command-line options the way getopt does, for rules about arguments. */
import { GLOB, isLiteral, mayHideOption, NUMBER, show } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

/** Options of a program. Letters are one-letter options; long names stand without their dashes. */
export interface Options {
  readonly letters?: string;
  /** Letters that take a value. */
  readonly valued?: string;
  readonly long?: readonly string[];
  /** Long options that take a value, also as the next argument. */
  readonly longValued?: readonly string[];
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
  if (found === undefined) return undefined;
  return refusal(
    "argument/unknown",
    `What "${
      show(found)
    }" becomes is not known before it runs, and ${program} has options that are refused: write the ` +
      `argument out, or put it in double quotes behind fixed text.`,
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
    const found = args.find((arg) => hasLetter(arg, options) || isLongOption(arg, options.long ?? []));
    return found === undefined ? undefined : refusal(rule, `${show(found)} is refused: ${why}.`);
  };
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

/** Reads arguments of which only the given options are allowed; a refusal names the first other one. */
export function only(program: string, options: Options, args: readonly string[]): Parsed | Refusal {
  const operands: string[] = [];
  const found: [string, string][] = [];
  const rest = [...args];
  for (let arg = rest.shift(); arg !== undefined; arg = rest.shift()) {
    if (!arg.startsWith("-") || arg === "-" || arg === "--") {
      operands.push(arg);
      continue;
    }
    const parsed = arg.startsWith("--") ? longOption(arg, options, rest) : letterOptions(arg, options, rest);
    if (parsed === undefined) {
      return refusal(`${program}/option`, `${program} ${show(arg)} is not on the list of options that only read.`);
    }
    found.push(...parsed);
  }
  return { operands: operands.filter((operand) => operand !== "--"), options: found };
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

/** A rule that lets only these options pass, and operands as `operands` says (any, when it is left out). */
export function allow(program: string, options: Options, operands?: Rule): Rule {
  return (args) => {
    const parsed = only(program, options, args);
    return "rule" in parsed ? parsed : operands?.(parsed.operands);
  };
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

/** The same for programs that report something when they are given nothing at all. */
export function verbOrNothing(program: string, words: readonly string[]): Rule {
  return (args) => args.length === 0 ? undefined : verbs(program, words)(args);
}

/** A rule that lets at most so many operands pass; one that can become several counts as too many. */
export function atMost(program: string, limit: number, why: string): Rule {
  return (operands) => {
    const several = operands.find((operand) => operand.includes(NUMBER) || operand.includes(GLOB));
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
