/** Bounds that are added to a line: where what never ends is put under `timeout`, cut with `head -c`, or counted. */
import type { SyntaxNode, Word } from "unbash";
import type { Added, Edit } from "./edits.ts";
import type { Missing, Rewritten } from "./examine.ts";
import type { Visit } from "./survey.ts";
import { refusal } from "./verdict.ts";
import { literalOf } from "./words.ts";

/** Rounds of a loop that has no end of its own. */
const ROUNDS = 10;

/** What bounds one simple command; edits that a pipeline around it makes needless are left out. */
export function commandBound(
  { node, place, next }: Visit,
  words: readonly Word[],
  missing: readonly Missing[],
): Added[] {
  return missing.flatMap(({ bound, offset, wrap }) => {
    const { seconds, bytes, rule, reason } = bound;
    if (bytes !== undefined && printsOnly(words[offset], words.slice(offset + 1), bytes)) return [];
    const cut = bytes === undefined || cutsAt(next, bytes);
    if (seconds === 0 && cut) return [];
    const word = wrap === undefined ? undefined : words[wrap];
    const edits = [
      ...(seconds === 0 || word === undefined ? [] : [{ pos: word.pos, end: word.pos, text: `timeout ${seconds} ` }]),
      ...(cut ? [] : [{ pos: node.end, end: node.end, text: ` | head -c ${bytes}` }]),
    ];
    const possible = word !== undefined && place === node;
    return [{ why: refusal(rule, reason, bound.alternative), place, edits: possible ? edits : undefined }];
  });
}

/** The edits that small changes of a command's words become. */
export function commandRewrites(
  { node, place, previous }: Visit,
  words: readonly Word[],
  rewrites: readonly Rewritten[],
): Added[] {
  return rewrites.map(({ rewrite: { changes, behindInput, rule, reason, alternative }, offset }) => {
    const end = words.at(-1)?.end ?? node.end;
    const edits = changes.map(({ at, text, replaces }): Edit => {
      const word = words[offset + 1 + at];
      // Behind the last word stands what xargs adds.
      if (word === undefined) return { pos: end, end, text: ` ${text.trimEnd()}` };
      return { pos: word.pos, end: replaces === true ? word.end : word.pos, text };
    });
    const input = behindInput === undefined || previous === undefined ? [] : [behindArguments(previous, behindInput)];
    const all = [...edits, ...input];
    return { why: refusal(rule, reason, alternative), place, edits: place === node ? all : undefined };
  });
}

function behindArguments(node: SyntaxNode, text: string): Edit {
  const end = (node.type === "Command" ? node.args.at(-1)?.end : undefined) ?? node.end;
  return { pos: end, end, text };
}

/** What bounds a loop whose condition never changes: so many rounds. */
export function loopBound({ node, place }: Visit): Added | undefined {
  if (node.type !== "While" || !isConstant(node)) return undefined;
  const numbers = Array.from({ length: ROUNDS }, (_, index) => index + 1).join(" ");
  const why = refusal("loop/endless", `This loop would not end by itself: it gets ${ROUNDS} rounds.`);
  const edits = [{ pos: node.pos, end: node.body.pos, text: `for ktriage_round in ${numbers}; do ` }];
  return { why, place, edits: place === node ? edits : undefined };
}

/** `while true`, `while :`, `until false`. */
function isConstant({ kind, clause }: Extract<SyntaxNode, { type: "While" }>): boolean {
  const command = clause.commands.length === 1 ? clause.commands[0]?.command : undefined;
  if (command?.type !== "Command" || command.name === undefined) return false;
  const words = [command.name, ...command.args].map((word) => word.type === "Word" ? literalOf(word) : undefined);
  const text = words.join(" ");
  return kind === "until" ? text === "false" : /^(true|:|\[ 1 \]|test 1|sleep [\d.]+)( |$)/.test(text);
}

/** Whether a command reads no more than so many bytes and is done: `head -c 100`. */
function cutsAt(node: SyntaxNode | undefined, bytes: number): boolean {
  if (node?.type !== "Command" || node.name === undefined) return false;
  return printsOnly(node.name, node.args.filter((arg) => arg.type === "Word"), bytes);
}

function printsOnly(name: Word | undefined, args: readonly Word[], bytes: number): boolean {
  if (name === undefined || literalOf(name) !== "head") return false;
  const [first = "", second = ""] = args.map((word) => literalOf(word) ?? "");
  const [, attached] = /^(?:-c|--bytes=)(\d+)$/.exec(first) ?? [];
  const given = attached ?? (first === "-c" && /^\d+$/.test(second) ? second : undefined);
  return given !== undefined && Number(given) <= bytes && !args.some((word) => /^-(n|-lines)/.test(word.text));
}
