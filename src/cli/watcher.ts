/** Is there somebody who watches, and may they be asked? */
import type { Options } from "./arguments.ts";
import { UsageError } from "./errors.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import type { Writer } from "./writer.ts";

/** A person at the terminal. */
export interface Watcher {
  readonly terminal: Terminal;
  /** `--interactive`: they want to be asked before each turn. */
  readonly before_turns: boolean;
}

/**
 * Who watches; undefined when nobody is to be asked anything: standard input or standard error is no terminal, or
 * `--json`, `--quiet` or `--batch` is given.
 *
 * Standard output must be a terminal too, for in a pipe to a pager the terminal's input is the pager's; and ktriage must
 * not be in the background. `--interactive` says that somebody is there in spite of that.
 *
 * @throws {UsageError} `--interactive` where nobody can be asked
 */
export function watcherFrom(options: Options, writer: Writer): Watcher | undefined {
  const silent = ["json", "quiet", "batch"].find((name) => options.has(name));
  const before_turns = options.has("interactive");
  if (before_turns && silent !== undefined) {
    throw new UsageError(`Cannot use --interactive with --${silent}, which asks nothing.`);
  }
  const terminal = silent === undefined ? processTerminal(writer) : undefined;
  if (before_turns && terminal === undefined) {
    throw new UsageError("Cannot use --interactive: standard input and standard error must be a terminal.");
  }
  const wanted = before_turns || Deno.stdout.isTerminal() && terminal?.isHeeded() === true;
  return terminal === undefined || !wanted ? undefined : { terminal, before_turns };
}
