/** What the scripts are made from. */
import type { OptionSpec, Takes } from "../arguments.ts";
import type { SubcommandSpec } from "../subcommand.ts";

/** The table of subcommands and the options that all of them have. */
export interface Vocabulary {
  readonly subcommands: readonly SubcommandSpec[];
  readonly globals: readonly OptionSpec[];
}

/** All words that an option has on the command line. */
export function wordsOf({ name, short }: OptionSpec): readonly string[] {
  return short === undefined ? [`--${name}`] : [`-${short}`, `--${name}`];
}

/** What the operand at a place, counted from 0, can be; `rest` is for the operands behind those. */
export interface Operands {
  readonly places: readonly Takes[];
  readonly rest: Takes | undefined;
}

/** The operands of a subcommand. */
export function operandsOf({ operands, takes = [] }: SubcommandSpec): Operands {
  return { places: takes, rest: operands.endsWith("…]") ? takes.at(-1) : undefined };
}

/** Text in single quotes, as every shell but fish reads it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
