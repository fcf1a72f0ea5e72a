/** Programs that read files and text. */
import { all, atMost, type Rule, without } from "../arguments.ts";
import { awkFiles, awkRule } from "../awk.ts";
import { grepFiles, grepRule } from "../grep.ts";
import { sedFiles, sedRule } from "../sed.ts";
import { refusal } from "../verdict.ts";
import { limited, type Program, type Programs, readers, reports } from "./program.ts";

const FIND_ACTIONS: Readonly<Record<string, string>> = {
  "-exec": "find/exec",
  "-execdir": "find/exec",
  "-ok": "find/exec",
  "-okdir": "find/exec",
  "-delete": "find/delete",
  "-fprint": "find/write",
  "-fprint0": "find/write",
  "-fprintf": "find/write",
  "-fls": "find/write",
};

function findRule(args: readonly string[]): ReturnType<Rule> {
  const action = args.find((arg) => Object.hasOwn(FIND_ACTIONS, arg));
  if (action === undefined) return undefined;
  return refusal(
    FIND_ACTIONS[action] ?? "find/exec",
    `find ${action} is refused: it changes files or runs programs; use -print or -ls.`,
  );
}

/** A second operand is a file that it writes. */
const oneFile = (program: string, valued: string): Rule => (args) => {
  const operands = args.filter((arg, index) => !/^[-+]./.test(arg) && !isValue(args[index - 1], valued));
  return atMost(program, 1, "a second file is written to")(operands);
};

function isValue(before: string | undefined, valued: string): boolean {
  return before !== undefined && /^-[^-]$/.test(before) && valued.includes(before.charAt(1));
}

const GREP: Program = { rule: grepRule, files: grepFiles, anyArguments: true };

export const TEXT_PROGRAMS: Programs = {
  ...readers([
    "cat",
    "head",
    "tac",
    "wc",
    "nl",
    "rev",
    "cut",
    "paste",
    "join",
    "comm",
    "cmp",
    "column",
    "fold",
    "fmt",
    "expand",
  ]),
  ...readers([
    "strings",
    "od",
    "hexdump",
    "base64",
    "md5sum",
    "sha1sum",
    "sha256sum",
    "cksum",
    "zcat",
    "bzcat",
    "xzcat",
  ]),
  ...readers(["jq"], without("jq/file", { letters: "fL", long: ["from-file"] }, "the program must stand in the line")),
  ...readers(
    ["tail"],
    without("tail/follow", { letters: "fF", valued: "nc", long: ["follow", "retry"] }, "it never ends; use -n"),
  ),
  ...readers(
    ["sort"],
    without(
      "sort/write",
      { letters: "oT", valued: "kSt", long: ["output", "temporary-directory"] },
      "it writes a file",
    ),
    without("sort/exec", { long: ["compress-program"] }, "it runs a program"),
  ),
  ...readers(["uniq"], oneFile("uniq", "fsw")),
  ...readers(
    ["xxd"],
    without("xxd/write", { letters: "r", valued: "clsgo" }, "it writes a file"),
    oneFile("xxd", "clsgo"),
  ),
  ...readers(
    ["diff"],
    without("diff/recursive", { letters: "r", valued: "UCWIxXF", long: ["recursive"] }, "it may read devices"),
  ),
  ...readers(
    ["file"],
    without(
      "file/special",
      { letters: "sCzZ", valued: "mfFeP", long: ["special-files", "compile", "uncompress"] },
      "it reads devices, writes or runs programs",
    ),
  ),
  grep: GREP,
  egrep: GREP,
  fgrep: GREP,
  zgrep: GREP,
  awk: { rule: awkRule, files: awkFiles },
  gawk: { rule: awkRule, files: awkFiles },
  mawk: { rule: awkRule, files: awkFiles },
  sed: { rule: sedRule, files: sedFiles },
  ...limited(["find"], all(findRule)),
  ...reports(
    "ls",
    "stat",
    "readlink",
    "realpath",
    "basename",
    "dirname",
    "namei",
    "du",
    "lsattr",
    "getfacl",
    "getcap",
    "getfattr",
  ),
  ...reports("tr", "numfmt"),
};
