/** Programs that read text and only print. */
import { atMost, type Rule, unknownArguments, without } from "../arguments.ts";
import { awkFiles, awkRule } from "../awk.ts";
import { filesOf, holdsUnreadable } from "../files.ts";
import { grepFiles, grepRule } from "../grep.ts";
import { sedFiles, sedRule } from "../sed.ts";
import { WORDS } from "../marks.ts";
import { renamed, type Rewrite } from "../rewrites.ts";
import { refusal } from "../verdict.ts";
import { endless, follows, limited, listed, onlyAsked, readers, reading, reports, ruled } from "./entry.ts";
import type { Program, Programs } from "./program.ts";

/** A second operand is a file that it writes. */
const oneFile = (program: string): Rule => atMost(program, 1, "a second file is written to");

/** A program, or a list of names, that stands in a file is not judged. */
const jqFile = without(
  "jq/file",
  { letters: "fL", long: ["from-file", "run-tests"] },
  "the program must stand in the line",
);

const SUMS = "md5sum sha1sum sha224sum sha256sum sha384sum sha512sum b2sum cksum sum";

/** Each search tool reads its pattern and its files apart. */
const SEARCH: Program = {
  rule: onlyAsked(grepRule, "grep -rn nameserver /etc"),
  anyArguments: true,
  ...reading(grepFiles),
};
const AWK: Program = { rule: onlyAsked(awkRule, "awk '{print $1}' /etc/passwd"), ...reading(awkFiles) };

/** Without the options, which are for the terminal. */
const printedBy = (program: string) => (args: readonly string[]): Rewrite => {
  const { changes, ...why } = renamed("less/terminal", "A pager has no terminal here: it is printed whole.", program);
  const options = args.flatMap((arg, at) => arg.startsWith("-") ? [{ at, text: "", replaces: true as const }] : []);
  return { ...why, changes: [...changes, ...options] };
};

export const TEXT_PROGRAMS: Programs = {
  ...ruled("cat tac nl rev cut paste join comm cmp column fold fmt expand unexpand pr head", [], { files: "operands" }),
  ...readers("less more most", "-RSNFXKMi", {
    operands: (operands) =>
      operands.some((operand) => operand.startsWith("+"))
        ? refusal("less/command", "less runs commands behind a plus sign.")
        : undefined,
    rewrite: printedBy("cat"),
    instead: "cat /var/log/syslog",
  }),
  ...readers("zless zmore", "-RSNXi", { rewrite: printedBy("zcat -f"), instead: "zcat -f /var/log/syslog" }),
  ...listed("ccze", "-A --raw-ansi"),
  ...ruled("od hexdump hd base64 base32 colrm look ul", [], { files: "operands" }),
  ...reports("tr numfmt basename dirname expr factor tsort"),
  ...ruled("tail", [], { files: "operands", bound: follows("tail", "-fF -ncs: --follow --retry") }),
  ...readers("wc", "-clLmw --bytes --chars --lines --words --max-line-length --total="),
  ...readers("strings", "-af -n: -t: -e: -o -w -s: --all --bytes= --radix= --encoding= -0123456789"),
  ...readers(SUMS, "-abtz -l: --tag --binary --text --zero --length= --algorithm= -r -s"),
  ...ruled("sort", [
    without(
      "sort/write",
      { letters: "oT", valued: "kSt", long: ["output", "temporary-directory"] },
      "it writes a file",
    ),
    without("sort/exec", { long: ["compress-program"] }, "it runs a program"),
    ...rulesOf(listed(
      "sort",
      "-bdfghiMnRrVcCmsuz -k: -t: -S: --key= --field-separator= --buffer-size= --parallel= --sort= --batch-size= " +
        "--reverse --unique --numeric-sort --human-numeric-sort --version-sort --general-numeric-sort --month-sort " +
        "--ignore-case --ignore-leading-blanks --dictionary-order --stable --zero-terminated --check --merge --debug",
    )),
  ], { files: "operands", instead: "sort /etc/passwd" }),
  ...readers(
    "uniq",
    "-cdiuDz -f: -s: -w: --count --repeated --all-repeated --unique --ignore-case --skip-fields= --skip-chars= " +
      "--check-chars= --group --zero-terminated",
    { operands: oneFile("uniq"), instead: "sort /etc/passwd | uniq -c" },
  ),
  ...ruled("xxd", [
    without("xxd/write", { letters: "r", valued: "clsgo" }, "it writes a file"),
    ...rulesOf(
      listed("xxd", "-abeiupEC -c: -g: -l: -s: -o: ~ps ~plain ~len: ~seek: ~cols:", { operands: oneFile("xxd") }),
    ),
  ], { files: "operands", instead: "od -A x -t x1z /etc/hostname" }),
  ...limited("diff", [diffRule], { files: "operands", instead: "diff -r /etc/default /etc/default.old" }),
  ...readers("shuf", "-e -n: -i: -rz --echo --head-count= --input-range= --repeat", {
    instead: "shuf -n 10 /etc/services",
  }),
  ...readers("iconv", "-f: -t: -cls --from-code= --to-code= --list --silent", { instead: "iconv -l" }),
  ...listed("bc", "-lqsw --mathlib --quiet --standard", {
    operands: atMost("bc", 0, "its program comes through a pipe"),
  }),
  ...listed("yes", "", { bound: () => ({ ...endless("yes"), bytes: 4096 }) }),
  ...ruled("jq", [jqFile, (args) => unknownArguments("jq", withoutValues(args))], {
    files: (args) => withoutValues(args).flatMap(filesOf),
    instead: "jq . /etc/docker/daemon.json",
  }),
  ...readers("yq", "-rPCMne -o: -p: -j --output-format= --input-format= --prettyPrint --no-colors --unwrapScalar -I:", {
    rules: [
      (args) =>
        args.some((arg) => /load|env|split_doc|system|input/i.test(arg))
          ? refusal("yq/load", "This yq expression may read further files or run programs.")
          : undefined,
    ],
    instead: "cat /etc/hosts",
  }),
  ...readers("xmllint", "--noout --format --nonet --huge --recover --xpath= --debug --memory --dropdtd", {
    instead: "xmllint --noout --nonet /etc/hosts",
  }),
  ...limited(
    "file",
    [without(
      "file/special",
      { letters: "CzZf", valued: "mFeP", long: ["compile", "uncompress", "uncompress-noreport", "files-from"] },
      "it writes or runs programs, or reads files that are not named in the line",
    )],
    { files: "operands" },
  ),
  grep: SEARCH,
  egrep: SEARCH,
  fgrep: SEARCH,
  zgrep: SEARCH,
  zegrep: SEARCH,
  zfgrep: SEARCH,
  bzgrep: SEARCH,
  xzgrep: SEARCH,
  awk: AWK,
  gawk: AWK,
  mawk: AWK,
  nawk: AWK,
  sed: { rule: onlyAsked(sedRule, "sed -n 1,20p /etc/hosts"), ...reading(sedFiles) },
};

/** The rules of an entry alone, for one that has stricter ones before them. */
function rulesOf(programs: Programs): readonly Rule[] {
  return Object.values(programs).flatMap(({ rule }) => rule === undefined ? [] : [rule]);
}

/** Without `--arg NAME VALUE`: a value cannot be anything else there. */
function withoutValues(args: readonly string[]): readonly string[] {
  const others: string[] = [];
  for (let at = 0; at < args.length; at++) {
    const value = args[at + 2] ?? "";
    if (/^--arg(json)?$/.test(args[at] ?? "") && !value.includes(WORDS)) at += 2;
    else others.push(args[at] ?? "");
  }
  return others;
}

/** Recursion may reach devices and live kernel files. */
function diffRule(args: readonly string[]): ReturnType<Rule> {
  const recursive = without(
    "diff/recursive",
    { letters: "r", valued: "UCWIxXF", long: ["recursive"] },
    "it may read devices",
  );
  const refused = recursive(args);
  const paths = args.filter((arg) => !arg.startsWith("-")).flatMap(filesOf);
  return refused !== undefined && paths.some(holdsUnreadable) ? refused : undefined;
}
