/** May this sed script run: only commands that print, delete, join and replace lines. */
import { only } from "./arguments.ts";
import { numberVariants, show } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

const OPTIONS = {
  letters: "nErsuz",
  valued: "el",
  long: ["quiet", "silent", "regexp-extended", "separate", "unbuffered", "null-data", "posix", "sandbox"],
  longValued: ["expression"],
} as const;

/** A pattern between slashes; a slash inside brackets is read differently by different seds, so it does not match. */
const REGEX = String.raw`(?:[^/\\\n[]|\\[^\n]|\[\^?\]?(?:\[:\w+:\]|[^\][/\n])*\])`;
const ADDRESS = String.raw`(?:\d+(?:~\d+)?|\$|/${REGEX}+/[IM]*)`;
const RANGE = String.raw`(?:${ADDRESS}(?:\s*,\s*(?:${ADDRESS}|[+~]\d+))?\s*)?(?:!\s*)?`;
const SEPARATOR = String.raw`[\s;]*`;
const SIMPLE = new RegExp(
  `${SEPARATOR}${RANGE}(?:[{}]|[pdDPnNgGhHxlFz=]|[qQ][ \\t]*\\d*|:[ \\t]*\\w+|[btT][ \\t]*\\w*)(?=[\\s;{}]|$)`,
  "y",
);
const OPEN = new RegExp(`${SEPARATOR}${RANGE}\\{`, "y");
const REPLACE_START = new RegExp(`${SEPARATOR}${RANGE}s(?=[^\\w\\s\\\\;{}])`, "y");
const END = new RegExp(`${SEPARATOR}$`, "y");

export function sedRule(args: readonly string[]): Refusal | undefined {
  const parsed = only("sed", OPTIONS, args);
  if ("rule" in parsed) return parsed;
  for (const script of scriptsOf(parsed)) {
    const variants = numberVariants(script);
    if (variants === undefined) {
      return refusal(
        "sed/unknown",
        "The sed script is not known before it runs: put it in single quotes, with fixed text.",
      );
    }
    if (!variants.every(onlyReads)) {
      return refusal(
        "sed/command",
        `sed '${show(script)}' is refused: only addresses with p, d, q, =, s/// and the like, without files and e.`,
      );
    }
  }
  return undefined;
}

/** The files that a sed command reads. */
export function sedFiles(args: readonly string[]): readonly string[] {
  const parsed = only("sed", OPTIONS, args);
  if ("rule" in parsed) return [];
  return hasExpression(parsed) ? parsed.operands : parsed.operands.slice(1);
}

type SedArguments = Exclude<ReturnType<typeof only>, Refusal>;

function hasExpression({ options }: SedArguments): boolean {
  return options.some(([name]) => name === "e" || name === "expression");
}

function scriptsOf(parsed: SedArguments): readonly string[] {
  if (!hasExpression(parsed)) return parsed.operands.slice(0, 1);
  return parsed.options.filter(([name]) => name === "e" || name === "expression").map(([, script]) => script);
}

function onlyReads(script: string): boolean {
  let at = 0;
  while (at < script.length) {
    const next = matchEnd(END, script, at) ?? matchEnd(OPEN, script, at) ?? matchEnd(SIMPLE, script, at) ??
      replaceEnd(script, at);
    if (next === undefined || next === at) return false;
    at = next;
  }
  return true;
}

/** Behind `s`, any character divides; flags are those that neither write (w) nor run (e). */
function replaceEnd(script: string, at: number): number | undefined {
  const start = matchEnd(REPLACE_START, script, at);
  if (start === undefined) return undefined;
  const divider = script.charAt(start).replace(/[\^\]\\/-]/g, "\\$&");
  const piece = `(?:[^${divider}\\\\\\n[]|\\\\[^\\n]|\\[\\^?\\]?(?:\\[:\\w+:\\]|[^\\][${divider}\\n])*\\])*`;
  const replacement = `(?:[^${divider}\\\\\\n]|\\\\[^])*`;
  const rest = new RegExp(`[${divider}]${piece}[${divider}]${replacement}[${divider}][gpiIm\\d]*(?=[\\s;}]|$)`, "y");
  return matchEnd(rest, script, start);
}

function matchEnd(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  const match = pattern.exec(text);
  return match === null ? undefined : at + match[0].length;
}
