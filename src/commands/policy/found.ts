/** Paths that find hands to xargs: they begin with a directory that is known. */
import type { SyntaxNode } from "unbash";
import { holdsUnreadable } from "./files.ts";
import { GLOB, isLiteral, TEXT, WORDS } from "./marks.ts";
import { type Rewrite } from "./rewrites.ts";
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
  const words = args.map((arg) => arg ?? "");
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
