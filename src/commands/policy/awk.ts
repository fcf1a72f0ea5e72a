/** May this awk program run: nothing that runs commands, writes files or opens files of its own. */
import { only } from "./arguments.ts";
import { numberVariants } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

/**
 * Refused wherever they stand, strings and patterns included: where an awk pattern ends depends on the awk, and a
 * wrong guess must not hide a call.
 */
const REFUSED_WORDS: readonly { readonly rule: string; readonly pattern: RegExp; readonly why: string }[] = [
  { rule: "awk/system", pattern: /\bsystem[\s\\]*\(/, why: "system() runs a command" },
  {
    rule: "awk/getline",
    pattern: /(?<![{;]\s*)\bgetline\b|\bgetline\b(?!\s*[;}])/,
    why: "getline can run a command or open a file",
  },
  { rule: "awk/files", pattern: /\bARG(V|C)\b/, why: "ARGV can name further files" },
  { rule: "awk/extension", pattern: /@\s*[A-Za-z_]/, why: "@load, @include and indirect calls run other code" },
];

type TokenKind = "name" | "number" | "string" | "pattern" | "symbol" | "end";
interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

/** Words behind which a `/` begins a pattern although they look like names. */
const KEYWORDS = new Set([
  "print",
  "printf",
  "return",
  "in",
  "if",
  "else",
  "while",
  "for",
  "do",
  "case",
  "exit",
  "delete",
]);
const TOKEN =
  /(?<blank>[ \t]+|\\\n|#[^\n]*)|(?<end>[;{}\n])|(?<name>[A-Za-z_]\w*)|(?<number>\d[\w.]*|\.\d[\w.]*)|(?<string>"(?:[^"\\\n]|\\[^])*")|(?<symbol>\|\||\|&|>>|>=|<=|==|!=|\+\+|--|&&|[^"/])/y;
const PATTERN = /\/(?:[^/\\\n[]|\\[^\n]|\[\^?\]?(?:\[:\w+:\]|[^\][/\n])*\])+\//y;

/** The program's text is judged first, then every other argument must be known not to be an option. */
export function awkRule(args: readonly string[]): Refusal | undefined {
  const parsed = only("awk", { valued: "Fv" }, args);
  if ("rule" in parsed) return parsed;
  const [program] = parsed.operands;
  return program === undefined ? undefined : judgeProgram(program);
}

/** The files that an awk command reads: operands behind the program that are not `name=value`. */
export function awkFiles(args: readonly string[]): readonly string[] {
  const parsed = only("awk", { valued: "Fv" }, args);
  return "rule" in parsed ? [] : parsed.operands.slice(1).filter((operand) => !/^[A-Za-z_]\w*=/.test(operand));
}

function judgeProgram(text: string): Refusal | undefined {
  const variants = numberVariants(text);
  if (variants === undefined) {
    return refusal(
      "awk/unknown",
      "The awk program is not known before it runs: put it in single quotes, pass values with -v.",
    );
  }
  return variants.map(judgeText).find((refused) => refused !== undefined);
}

function judgeText(text: string): Refusal | undefined {
  const found = REFUSED_WORDS.find(({ pattern }) => pattern.test(text));
  if (found !== undefined) return refusal(found.rule, `This awk program is refused: ${found.why}.`);
  const tokens = tokenize(text);
  if (tokens === undefined) {
    return refusal(
      "awk/unclear",
      "Where a string or a pattern ends in this awk program is not certain: write it more simply.",
    );
  }
  return judgeTokens(tokens);
}

function judgeTokens(tokens: readonly Token[]): Refusal | undefined {
  let printing = false;
  let depth = 0;
  let before: Token | undefined;
  for (const [index, token] of tokens.entries()) {
    const { kind, text } = token;
    // Behind a comma and the like the statement goes on in the next line.
    if (text === "\n" && before?.kind === "symbol" && !/^([)\]$]|\+\+|--)$/.test(before.text)) continue;
    before = token;
    if (kind === "end") [printing, depth] = [false, 0];
    if (kind === "name" && (text === "print" || text === "printf")) [printing, depth] = [true, 0];
    if (kind !== "symbol") continue;
    if (text === "(" || text === ")") depth += text === "(" ? 1 : -1;
    if (text === "|" && printing && depth <= 0 && isSorted(tokens.slice(index + 1))) continue;
    if (text === "|" || text === "|&") return refusal("awk/pipe", "This awk program is refused: | runs a command.");
    if (text === ">>" || (text === ">" && printing && depth <= 0)) {
      return refusal(
        "awk/write",
        `This awk program is refused: ${text} behind print writes a file; put a comparison in parentheses.`,
      );
    }
  }
  return undefined;
}

/** `print x | "sort -rn"`: the whole command stands there, and nothing is joined to it. */
function isSorted([command, next]: readonly Token[]): boolean {
  const sorts = /^"sort( -[nrufbdghVMsk0-9.,]+| \d+(,\d+)?[nr]*)*( ?\| ?head( -n)? -?\d+)?"$/;
  return command?.kind === "string" && sorts.test(command.text) && (next === undefined || next.kind === "end");
}

/** Undefined when it cannot be told what is a pattern, a division or a string. */
function tokenize(text: string): Token[] | undefined {
  const tokens: Token[] = [];
  let ambiguous = false;
  for (let at = 0; at < text.length;) {
    const token = text[at] === "/" ? slash(text, at, tokens.at(-1)) : next(text, at);
    if (token === undefined) return undefined;
    if (token.kind === "symbol" && token.text === "/" && isAmbiguous(tokens.at(-1))) ambiguous = true;
    at += token.text.length;
    if (token.kind !== "symbol" || token.text.trim() !== "") tokens.push(token);
  }
  return ambiguous && /[|>"]/.test(text) ? undefined : tokens;
}

function next(text: string, at: number): Token | undefined {
  TOKEN.lastIndex = at;
  const match = TOKEN.exec(text);
  if (match?.groups === undefined) return undefined;
  const kind = (["end", "name", "number", "string"] as const).find((name) => match.groups?.[name] !== undefined);
  const blank = match.groups.blank !== undefined;
  return { kind: kind ?? "symbol", text: blank ? " ".repeat(match[0].length) : match[0] };
}

/** A slash divides behind a value; anywhere else it begins a pattern. */
function slash(text: string, at: number, before: Token | undefined): Token | undefined {
  const divides = before !== undefined && (before.kind === "number" || before.kind === "string" ||
    (before.kind === "name" && !KEYWORDS.has(before.text)) || isAmbiguous(before) || before.text === "]");
  if (divides) return { kind: "symbol", text: "/" };
  PATTERN.lastIndex = at;
  const match = PATTERN.exec(text);
  return match === null ? undefined : { kind: "pattern", text: match[0] };
}

/** `if (x) /re/` and `(x) / y`, `x++ /re/` and `x++ / y` look the same up to the slash. */
function isAmbiguous(before: Token | undefined): boolean {
  return before?.kind === "symbol" && [")", "++", "--"].includes(before.text);
}
