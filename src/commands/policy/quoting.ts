/** Quotes around words that the shell would take apart: `/proc/$pid/status` is one path. */
import { parse, type Word } from "unbash";
import { type Edit, edited } from "./edits.ts";
import { commandsIn, survey } from "./survey.ts";

const EXPANSIONS: ReadonlySet<string> = new Set(["SimpleExpansion", "ParameterExpansion", "CommandExpansion"]);

/** The line with quotes around every word that begins with fixed text and goes on with an expansion. */
export function quotedLine(line: string): string {
  const edits = commandsIn(survey(parse(line))).filter(({ node, place }) => node === place).flatMap(({ node }) => {
    const targets = node.redirects.flatMap((redirect) =>
      redirect.type === "Redirect" && redirect.operator === "<" ? redirect.target ?? [] : []
    );
    const words = [...node.args.filter((arg) => arg.type === "Word"), ...targets].filter(isQuotable);
    return words.flatMap(({ pos, end }): Edit[] => [{ pos, end: pos, text: '"' }, { pos: end, end, text: '"' }]);
  });
  return edited(line, edits);
}

function isQuotable({ parts = [] }: Word): boolean {
  const [first] = parts;
  return first?.type === "Literal" && /^(?!\w+=)[/\w.-]/.test(first.text) &&
    parts.some(({ type }) => EXPANSIONS.has(type)) &&
    parts.every((part) =>
      part.type === "Literal" ? part.text === part.value && !/["`$\\!]/.test(part.text) : isPlainExpansion(part)
    );
}

function isPlainExpansion({ type, text }: { readonly type: string; readonly text: string }): boolean {
  return EXPANSIONS.has(type) && !text.startsWith("`");
}
