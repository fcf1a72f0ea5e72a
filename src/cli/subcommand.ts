/** What a subcommand is: a row of the table, and the function behind it. */
import type { Options, OptionSpec, Takes } from "./arguments.ts";
import type { Writer } from "./writer.ts";

/** Exit codes of every subcommand. */
export const EXIT = { done: 0, failed: 1, usage: 2, interrupted: 130, reader_gone: 141 } as const;
/** What a monitoring plugin exits with where it cannot tell. */
export const PLUGIN_UNKNOWN = 3;

export interface Example {
  readonly command: string;
  readonly about: string;
}

export interface Invocation {
  /** What follows the subcommand and is no option. */
  readonly positionals: readonly string[];
  readonly options: Options;
  readonly writer: Writer;
}

/**
 * Does the work and returns the exit code.
 *
 * @throws {UsageError} what was asked for cannot be understood
 * @throws {CliError} the work cannot be done
 */
export type Subcommand = (invocation: Invocation) => Promise<number>;

export interface SubcommandSpec {
  readonly name: string;
  readonly summary: string;
  /** What follows the name, for example `<tracepoint>`. */
  readonly operands: string;
  /** What each operand can be, for completion. The last one serves all that follow when `operands` ends in `…]`. */
  readonly takes?: readonly Takes[];
  readonly examples: readonly Example[];
  readonly options: readonly OptionSpec[];
  /** Paragraphs at the end of its help. */
  readonly notes: readonly string[];
  /** With this option, what is no result (help, wrong usage, an error) exits as monitoring plugins do: 3, UNKNOWN. */
  readonly unknown_with?: string;
  /** Imports the module only when the subcommand runs: what the others need must not delay this one. */
  readonly load: () => Promise<Subcommand>;
}
