/** Asking the operator about a command, on the terminal. */
import { type Answer, APPROVAL_MODES, type ApprovalMode, type Ask, type Question } from "../commands/mod.ts";
import { harmless } from "../report/layout.ts";
import type { Paint } from "../report/paint.ts";
import type { Options } from "./arguments.ts";
import { UsageError } from "./errors.ts";
import type { Writer } from "./writer.ts";

const MAX_ANSWER_BYTES = 4096;

/**
 * When to ask, as `--approve` says.
 *
 * @throws {UsageError} another word
 */
export function approvalMode(options: Options): ApprovalMode {
  const text = options.text("approve") ?? "risky";
  const mode = APPROVAL_MODES.find((each) => each === text);
  if (mode !== undefined) return mode;
  throw new UsageError(`Cannot use "${text}" for --approve: it takes ${APPROVAL_MODES.join(", ")}.`);
}

/** Asks on standard error and reads standard input; undefined when one of them is no terminal. */
export function terminalAsk(writer: Writer): Ask | undefined {
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
  return async (question, signal) => {
    writer.ask(questionText(question, writer.notePaint));
    for (;;) {
      const line = await lineFromTerminal(signal);
      const answer = line === "stopped" ? STOPPED : line === "ended" ? NOT_ANSWERED : answerOf(line.text);
      if (answer !== undefined) return answer;
      writer.ask("  Please answer y, a or n.\n");
    }
  };
}

const STOPPED: Answer = { kind: "no", reason: "The diagnosis was stopped before the operator answered." };
const NOT_ANSWERED: Answer = { kind: "no", reason: "The operator did not answer." };

/** What an operator reads before saying yes: all of the line, and nothing in it that a terminal would act on. */
export function questionText({ id, description, line, piece, rule, reason }: Question, paint: Paint): string {
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["command", line],
    ["piece", piece === undefined || piece.text === line ? undefined : piece.text],
    ["asked for", description],
    ["rule", rule],
    ["reason", reason],
  ];
  const shown = rows.flatMap(([label, text]) => text === undefined ? [] : [`  ${label.padEnd(10)}${visible(text)}\n`]);
  return `${paint("yellow", `Run ${visible(id)}?`)}\n${shown.join("")}  ` +
    `y: this once, a: always for ${rule}, n: no (what you write behind it goes back to the AI)\n`;
}

/** The answer; undefined when it is none. */
export function answerOf(text: string): Answer | undefined {
  const [, word = "", rest = ""] = /^\s*(\S*)\s*([^]*?)\s*$/.exec(text) ?? [];
  if (/^(y|yes|once)$/i.test(word) && rest === "") return { kind: "once" };
  if (/^(a|always)$/i.test(word) && rest === "") return { kind: "always" };
  if (!/^(n|no)[,:.]?$/i.test(word)) return undefined;
  return {
    kind: "no",
    reason: rest === "" ? "The operator said no." : `The operator said no: ${rest.replace(/\.?$/, ".")}`,
  };
}

/** Characters that show nothing, or turn the direction of text around, would make a line look like another one. */
function visible(text: string): string {
  return harmless(text).replace(
    /\p{Cf}|[\u2028\u2029]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
    .replaceAll("\n", "\n            ");
}

async function lineFromTerminal(
  signal: AbortSignal | undefined,
): Promise<{ readonly text: string } | "ended" | "stopped"> {
  const { promise: stopped, resolve } = Promise.withResolvers<"stopped">();
  const stop = (): void => resolve("stopped");
  signal?.addEventListener("abort", stop, { once: true });
  if (signal?.aborted) stop();
  try {
    return await Promise.race([readLine(), stopped]);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}

/** A terminal hands out a line at a time. */
async function readLine(): Promise<{ readonly text: string } | "ended"> {
  const bytes = new Uint8Array(MAX_ANSWER_BYTES);
  const length = await Deno.stdin.read(bytes);
  return length === null ? "ended" : { text: new TextDecoder().decode(bytes.subarray(0, length)) };
}
