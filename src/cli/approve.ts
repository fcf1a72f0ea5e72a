/** Asking the operator about a command, on the terminal. */
import { APPROVAL_MODES, type ApprovalMode } from "../commands/approval_modes.ts";
import type { Answer, Ask, Question } from "../commands/mod.ts";
import { harmless } from "../report/layout.ts";
import type { Paint } from "../report/paint.ts";
import type { Options } from "./arguments.ts";
import type { Terminal } from "./terminal.ts";

/**
 * When to ask, as `--approve` says.
 *
 * @throws {UnknownWord} another word
 */
export function approvalMode(options: Options): ApprovalMode {
  return options.word("approve", APPROVAL_MODES) ?? "risky";
}

/** Asks on the terminal; undefined where there is none. */
export function terminalAsk(terminal: Terminal | undefined, paint: Paint): Ask | undefined {
  if (terminal === undefined) return undefined;
  return (question, signal) =>
    terminal.talk(async (ask) => {
      for (let prompt = questionText(question, paint);; prompt = "  Please answer y, a or n.\n") {
        const line = await ask(prompt, signal);
        const answer = line === "stopped" ? STOPPED : line === "ended" ? NOT_ANSWERED : answerOf(line.text);
        if (answer !== undefined) return answer;
      }
    });
}

const STOPPED: Answer = { kind: "no", reason: "The diagnosis was stopped before the operator answered." };
const NOT_ANSWERED: Answer = { kind: "no", reason: "The operator did not answer." };

/** What an operator reads before saying yes: all of the line, and nothing in it that a terminal would act on. */
function questionText({ id, description, line, piece, rule, reason }: Question, paint: Paint): string {
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
