/** Paths that find hands to xargs: they begin with a directory that is known. */
import type { Command, Redirection, SyntaxNode, Word } from "unbash";
import type { Added } from "./edits.ts";
import { holdsUnreadable } from "./files.ts";
import { GLOB, isLiteral, TEXT, WORDS } from "./marks.ts";
import { type Rewrite } from "./rewrites.ts";
import type { Visit } from "./survey.ts";
import { refusal } from "./verdict.ts";
import { literalOf } from "./words.ts";

/** What a find prints. */
export interface Found {
  /** A path as a mark stands for it. */
  readonly path: string;
  /** Whether it prints paths apart by NUL, by lines, or which of them is not known. */
  readonly separator: "nul" | "default" | "line";
}

/** Tests of find that print nothing and run nothing; `-o` would take an action for its last part only. */
const TESTS = /^-(type|i?name|i?path|size|[acm](time|min)|maxdepth|mindepth|xdev|mount|user|group|perm|empty|newer)$/;

/** A test that leaves out every path that the shell could take apart, expand or read otherwise than it is. */
const PLAIN_PATHS = "! -path '*[!A-Za-z0-9/._@:+=,%~-]*'";
const PLAIN_PATTERN = "*[!A-Za-z0-9/._@:+=,%~-]*";

/** The words of a find without the test that is added. */
function withoutPlain(words: readonly string[]): readonly string[] {
  return words.slice(-3).join(" ") === `! -path ${PLAIN_PATTERN}` ? words.slice(0, -3) : words;
}

/** What every name ends in when one `-name` decides: `.conf` of `*.conf`. */
export function nameSuffix(args: readonly string[]): string {
  const at = args.indexOf("-name");
  const single = at >= 0 && args.indexOf("-name", at + 1) < 0 && !args.some((arg) => /^(-o|-or|!|-not|,)$/.test(arg));
  return single ? /^\*?([\w.-]*)$/.exec(args[at + 1] ?? "")?.[1] ?? "" : "";
}

/** The paths that a find prints; undefined for anything else, and where they may lead to devices. */
export function foundBy(node: SyntaxNode | undefined): Found | undefined {
  if (node?.type !== "Command" || node.name === undefined || literalOf(node.name) !== "find") return undefined;
  const args = node.args.map((arg) => arg.type === "Word" ? literalOf(arg) : undefined);
  if (args.some((arg) => arg === undefined)) return undefined;
  const words = withoutPlain(args.map((arg) => arg ?? ""));
  const first = words.findIndex((word) => /^[-(!]/.test(word));
  const roots = first < 0 ? words : words.slice(0, first);
  const options = first < 0 ? [] : words.slice(first).filter((word) => word.startsWith("-") && !/^-\d/.test(word));
  const last = options.at(-1) ?? "";
  const tests = /^-print0?$/.test(last) ? options.slice(0, -1) : options;
  const [root = ""] = roots;
  const known = roots.length > 0 && roots.every((each) => each.startsWith("/") && !holdsUnreadable(each)) &&
    tests.every((test) => TESTS.test(test));
  if (!known) return undefined;
  return {
    path: `${root}/${GLOB}${nameSuffix(words)}`,
    separator: last === "-print0" ? "nul" : last === "-print" ? "line" : "default",
  };
}

/** A find whose paths go into a variable one by one: `for f in $(find …)`, `find … | while read -r f`. */
export interface Listing {
  readonly variable: string;
  /** What the variable holds. */
  readonly path: string;
  readonly find: Command;
  /** The command that reads the variable, for `while read`. */
  readonly read: Command | undefined;
}

/** The find that a loop goes through; undefined where its paths are not known. */
export function listingOf({ node, previous }: Pick<Visit, "node" | "previous">): Listing | undefined {
  if (node.type === "For") {
    const [word, ...others] = node.wordlist ?? [];
    const find = word === undefined ? undefined : substituted(word);
    return others.length > 0 || find === undefined ? undefined : listing(literalOf(node.name), find, undefined);
  }
  if (node.type !== "While" || node.kind !== "while" || previous?.type !== "Command") return undefined;
  const [statement, ...others] = node.clause.commands;
  const read = statement?.command;
  if (others.length > 0 || read?.type !== "Command" || read.redirects.length > 0) return undefined;
  if (!read.prefix.every((item) => item.type === "Assignment" && item.text === "IFS=")) return undefined;
  const words = [read.name, ...read.args].map((word) => word?.type === "Word" ? literalOf(word) : undefined);
  const [name, variable] = words.filter((word) => word !== "-r");
  const known = name === "read" && words.length === (words.includes("-r") ? 3 : 2);
  return known ? listing(variable, previous, read) : undefined;
}

function listing(variable: string | undefined, find: Command, read: Command | undefined): Listing | undefined {
  const found = foundBy(find);
  return found?.separator !== "default" || variable === undefined || !find.redirects.every(isSilence)
    ? undefined
    : { variable, path: found.path, find, read };
}

/** `2>/dev/null`: messages about errors are no paths. */
function isSilence(redirect: Redirection): boolean {
  return redirect.type === "Redirect" && redirect.operator === ">" && redirect.target?.text === "/dev/null";
}

/** The one find whose output an unquoted word is. */
function substituted({ parts = [] }: Word): Command | undefined {
  const [part, ...others] = parts;
  if (part?.type !== "CommandExpansion" || others.length > 0 || !part.text.startsWith("$(")) return undefined;
  const [statement, ...more] = part.script?.commands ?? [];
  const command = statement?.command;
  return more.length === 0 && command?.type === "Command" && command.prefix.length === 0 ? command : undefined;
}

/** Leaves out of a find what its loop could not take as one path. */
export function plainPaths(visit: Visit): Added | undefined {
  const found = listingOf(visit);
  if (found === undefined) return undefined;
  const { find } = found;
  const words = find.args.map((arg) => arg.type === "Word" ? literalOf(arg) ?? "" : "");
  if (withoutPlain(words).length < words.length) return undefined;
  const end = find.args.at(-1)?.end ?? find.end;
  const why = refusal(
    "find/names",
    "A file name with blanks or patterns in it would become other words: it is left out.",
  );
  const possible = visit.place === visit.node;
  return { why, place: visit.place, edits: possible ? [{ pos: end, end, text: ` ${PLAIN_PATHS}` }] : undefined };
}

/** The command that xargs runs with these paths; undefined where it may take them apart otherwise. */
export function withFound(
  own: readonly string[],
  command: readonly string[],
  found: Found,
): { readonly command: readonly string[]; readonly rewrite?: Rewrite } | undefined {
  if (!own.every(isLiteral) || own.some((arg) => /^-[dLEa]|^--(?!null|no-run)/.test(arg))) return undefined;
  const nul = own.some((arg) => /^-[0rt]*0/.test(arg) || arg === "--null");
  if (found.separator === "line" || (found.separator === "nul") !== nul) return undefined;
  const inner = command.map((word) => word.replaceAll(WORDS, found.path).replaceAll(TEXT, found.path));
  if (nul) return { command: inner };
  const why = refusal(
    "xargs/names",
    "A file name with blanks in it would become several words: find and xargs set them apart by NUL.",
  );
  return { command: inner, rewrite: { ...why, changes: [{ at: 0, text: "-0 " }], behindInput: " -print0" } };
}
