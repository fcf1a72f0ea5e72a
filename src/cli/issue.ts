/** The problem, in the words of who has it. */
import { UsageError } from "./errors.ts";
import { inputName, readInput } from "./input.ts";
import type { Terminal } from "./terminal.ts";

const MAX_ISSUE_BYTES = 64 << 10;
const QUESTION = "What is wrong with this host? ";

/**
 * The issue from the command line, from standard input for `-`, or asked for on the terminal.
 *
 * @param terminal where nothing was said; undefined: nobody is asked
 * @throws {UsageError} there is none
 */
export async function issueFrom(positionals: readonly string[], terminal?: Terminal): Promise<string> {
  const from_stdin = positionals.length === 1 && positionals[0] === "-";
  const text = from_stdin
    ? await readInput("-", { what: "the issue", max_bytes: MAX_ISSUE_BYTES })
    : positionals.join(" ");
  const issue = text.trim();
  if (issue !== "") return issue;
  const answer = positionals.length === 0 ? await askedFor(terminal) : "";
  if (answer !== "") return answer;
  const where = from_stdin ? `: ${inputName("-")} is empty` : "";
  throw new UsageError(
    `Cannot diagnose without an issue${where}.`,
    `Say what is wrong, in your own words: ktriage diagnose "the shop answers slowly since noon"`,
  );
}

async function askedFor(terminal: Terminal | undefined): Promise<string> {
  const line = await terminal?.talk((ask) => ask(QUESTION));
  return typeof line === "object" ? line.text.trim() : "";
}
