/** May this grep run: not recursively where devices are, and only over files that may be read. */
import { unknownArguments, without } from "./arguments.ts";
import { filesOf, holdsUnreadable } from "./files.ts";
import { GLOB, show, WORDS } from "./marks.ts";
import { type Refusal, refusal } from "./verdict.ts";

const VALUED = "efmABCdD";
const isRecursive = without("grep/recursive", {
  letters: "rR",
  valued: VALUED,
  long: ["recursive", "dereference-recursive", "directories"],
}, "");
const namesPattern = without("grep/pattern", {
  letters: "ef",
  valued: "mABCdD",
  long: ["regexp", "file"],
}, "");

export function grepRule(args: readonly string[]): Refusal | undefined {
  const ended = args.indexOf("--");
  const options = ended < 0 ? args : args.slice(0, ended);
  const unknown = unknownArguments(
    "grep",
    options.filter((arg, index) => args[index - 1] !== "-e" && !isBracketed(arg)),
  );
  return unknown === undefined ? recursionRefusal(args) : refusal(
    unknown.rule,
    `${unknown.reason} A pattern goes behind -e.`,
  );
}

/** `grep [n]ginx`: only a file in the root directory, where nobody but root makes one, could take its place. */
function isBracketed(arg: string): boolean {
  return arg.startsWith(GLOB) && /^[\w.-]+$/.test(arg.slice(1));
}

/** The files that grep reads: its arguments without the pattern, where it is certain which one that is. */
export function grepFiles(args: readonly string[]): readonly string[] {
  const files = args.flatMap((arg, index) => args[index - 1] === "-e" ? [] : filesOf(arg));
  if (namesPattern(args) !== undefined) return files;
  const ended = args.indexOf("--");
  const options = ended < 0 ? args : args.slice(0, ended);
  const pattern = options.find((arg, index) => !arg.startsWith("-") && !takesNext(args[index - 1])) ??
    (ended < 0 ? undefined : args[ended + 1]);
  // Unquoted, it may become a pattern and the names of files.
  const at = pattern === undefined || pattern.includes(WORDS) ? -1 : files.indexOf(pattern);
  return at < 0 ? files : files.toSpliced(at, 1);
}

/** Recursion reaches devices and live kernel files that it would never be allowed to read by name. */
function recursionRefusal(args: readonly string[]): Refusal | undefined {
  const recursive = isRecursive(args) !== undefined || args.some((arg) => /^(-d|recurse)/.test(arg));
  if (!recursive) return undefined;
  const paths = args.filter((arg) => !arg.startsWith("-")).filter((arg, index) => index > 0 || arg.startsWith("/"));
  const found = paths.find(holdsUnreadable);
  if (paths.length > 0 && found === undefined) return undefined;
  return refusal(
    "grep/recursive",
    `A recursive search of ${show(found ?? "/")} is refused: it would read devices and live kernel files; name a ` +
      `directory such as /etc or /var/log.`,
  );
}

function takesNext(before: string | undefined): boolean {
  return before !== undefined && /^-[^-]$/.test(before) && VALUED.includes(before.charAt(1));
}
