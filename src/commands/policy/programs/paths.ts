/** Programs that look at files, directories and archives. */
import { given, options, without } from "../arguments.ts";
import { filesOf, holdsUnreadable } from "../files.ts";
import { nameSuffix } from "../found.ts";
import { GLOB, mayHideOption, show, TEXT } from "../marks.ts";
import { type Refusal, refusal } from "../verdict.ts";
import { commands, limited, listed, needsOne, readers, reports, ruled } from "./entry.ts";
import type { Inner, Programs } from "./program.ts";

const FIND_ACTIONS: Readonly<Record<string, string>> = {
  "-execdir": "find/exec",
  "-ok": "find/exec",
  "-okdir": "find/exec",
  "-delete": "find/delete",
  "-fprint": "find/write",
  "-fprint0": "find/write",
  "-fprintf": "find/write",
  "-fls": "find/write",
  "-files0-from": "find/names",
};
/** Tests whose next argument is their value, whatever it looks like. */
const FIND_VALUED =
  /^-(i?name|i?path|i?regex|[acm]?newer|user|group|size|[acm](time|min)|maxdepth|mindepth|perm|inum)$/;

function findRule(args: readonly string[]): Refusal | undefined {
  const unknown = args.find((arg, index) => mayHideOption(arg) && !FIND_VALUED.test(args[index - 1] ?? ""));
  if (unknown !== undefined) {
    return refusal(
      "argument/unknown",
      `What "${show(unknown)}" becomes is not known, and find can delete: write it out.`,
    );
  }
  const action = args.find((arg) => Object.hasOwn(FIND_ACTIONS, arg));
  if (action !== undefined) {
    return refusal(
      FIND_ACTIONS[action] ?? "find/exec",
      `find ${action} is refused: it changes files or runs programs; use -print or -ls.`,
    );
  }
  const several = args.filter((arg) => arg === "-exec").length > 1;
  const inner = findExec(args);
  if (several || (args.includes("-exec") && inner === undefined)) {
    return refusal("find/exec", "find with several -exec, or one without an end, is refused: use one, or -print.");
  }
  return undefined;
}

/** What `-exec PROGRAM … ;` runs, with the paths that find fills in as marks. */
function findExec(args: readonly string[]): readonly string[] | undefined {
  const start = args.indexOf("-exec");
  const length = args.slice(start + 1).findIndex((arg, index, all) =>
    arg === ";" || (arg === "+" && all[index - 1] === "{}")
  );
  if (start < 0 || length < 1) return undefined;
  const firstOption = args.findIndex((arg) => /^[-(!]/.test(arg) && !/^-[HLP]$/.test(arg));
  const roots = args.slice(0, firstOption).filter((arg) => !/^-[HLP]$/.test(arg));
  const [root = "/"] = roots;
  const found = roots.length === 0 || roots.some(holdsUnreadable)
    ? namedBelow(roots, args) ?? TEXT
    : `${root}/${GLOB}${nameSuffix(args)}`;
  return args.slice(start + 1, start + 1 + length).map((arg) => arg.replaceAll("{}", found));
}

/** `find /proc -name status`: anywhere below, but called that. */
function namedBelow([root = "", ...others]: readonly string[], args: readonly string[]): string | undefined {
  const names = args.filter((_, index) => args[index - 1] === "-name");
  const [name = ""] = names;
  const certain = others.length === 0 && names.length === 1 && /^\/[\w./-]+$/.test(root) && /^[\w.-]+$/.test(name) &&
    !args.some((arg) => /^(-o|-or|-not|!|,|[()])$/.test(arg));
  return certain ? `${root}/${TEXT}/${name}` : undefined;
}

/** The key letters of tar may stand without a dash. */
function tarRule(args: readonly string[]): Refusal | undefined {
  const [first = "", ...rest] = args;
  const dashed = [first.startsWith("-") ? first : `-${first}`, ...rest];
  const spec =
    "-tvzjJa -f: --list --verbose --file= --gzip --bzip2 --xz --zstd --wildcards --exclude= --full-time --auto-compress";
  const [tar] = Object.values(listed("tar", spec));
  const remote = args.find((arg) => arg.includes(":"));
  if (remote !== undefined) return refusal("tar/remote", `tar ${show(remote)} is refused: a colon names another host.`);
  if (!given(dashed, options("-t -f: --list"))) {
    return refusal("program/writes", "tar is refused without -t: it would write files.");
  }
  return tar?.rule?.(dashed);
}

const DD = /^(if=\/[\w./-]+|of=\/dev\/null|bs=\w+|ibs=\w+|count=\d+\w?|skip=\d+\w?|iflag=[\w,]+|status=\w+)$/;

/** Reading a disk as a test of it; the bound keeps it short. */
function ddRule(args: readonly string[]): Refusal | undefined {
  const other = args.find((arg) => !DD.test(arg));
  // Without of= it prints.
  if (other === undefined && args.some((arg) => arg.startsWith("if=")) && args.some((arg) => /^count=\d/.test(arg))) {
    return undefined;
  }
  return refusal(
    "program/writes",
    `dd ${show(other ?? "")} is refused: only a read with if=, of=/dev/null and count= changes nothing.`,
    "head -c 1024 /etc/hostname | xxd",
  );
}

const UNPACK =
  "-dcltvqkfn --decompress --stdout --to-stdout --list --test --verbose --quiet --keep -T: --robot -0123456789";
const toOutput = needsOne("gzip", "-clt -T: --stdout --to-stdout --list --test", "without -c, -l or -t changes files");

export const PATH_PROGRAMS: Programs = {
  ...reports("ls dir stat readlink realpath namei du lsattr getfacl getcap getfattr mountpoint pathchk locate plocate"),
  ...listed(
    "tree",
    "-adfilpshugDFqNrtxCnJXUvcQ -L: -P: -I: --du --si --noreport --dirsfirst --inodes --device --prune --filelimit= " +
      "--sort= --timefmt= --charset=",
    { instead: "find /etc -maxdepth 2" },
  ),
  ...ruled("find", [findRule], {
    runs: (args): Inner => ({ command: findExec(args) ?? [] }),
    instead: "find /var/log -type f -size +100M -ls",
  }),
  ...ruled("tar", [tarRule], { files: (args) => args.flatMap(filesOf), instead: "tar -tf /var/backups/x.tar.gz" }),
  ...ruled("dd", [ddRule], {
    files: (args) => args.filter((arg) => arg.startsWith("if=")).map((arg) => arg.slice(3)),
    instead: "head -c 1024 /etc/hostname",
  }),
  ...readers("gzip xz bzip2 zstd lz4 lzma", UNPACK, { rules: [toOutput], instead: "zcat /var/log/syslog.1.gz" }),
  ...readers("gunzip unxz bunzip2 unzstd", UNPACK, { rules: [toOutput], instead: "zcat /var/log/syslog.1.gz" }),
  ...readers("zcat gzcat bzcat xzcat zstdcat lz4cat lzcat", "-fqv --force --quiet"),
  ...readers("unzip", "-lvptqZ1", {
    rules: [needsOne("unzip", "-lvptZ", "without -l, -p or -t writes files")],
    instead: "unzip -l /tmp/x.zip",
  }),
  ...readers("zipinfo", "-12lmshtTzv"),
  ...commands("ar", "", { "t,tv,p": "" }, { files: "operands", instead: "ar t /usr/lib/libc.a" }),
  ...commands("7z 7za 7zr", "", { "l,t": "~slt ~ba" }, { instead: "7z l /tmp/x.7z" }),
  ...limited("cpio", [
    without("cpio/write", { letters: "opduF", long: ["create", "pass-through", "file", "extract"] }, "it writes"),
    needsOne("cpio", "-t --list", "without -t writes files"),
  ], { instead: "tar -tf /tmp/x.tar" }),
  ...readers(
    "nm",
    "-aACDgnopPrSsuvl --demangle --defined-only --undefined-only --dynamic --extern-only --numeric-sort",
    { instead: "nm -D /bin/ls" },
  ),
  ...readers(
    "readelf",
    "-ahlSsendrVAuWgIt -p: -x: --all --file-header --headers --segments --sections --symbols --notes " +
      "--relocs --dynamic --version-info --wide --dyn-syms --program-headers --section-headers",
  ),
  ...readers(
    "objdump",
    "-dDhxptTrRsSfgwCz -j: -M: --section= --start-address= --stop-address= --demangle " +
      "--disassemble --headers --syms --no-show-raw-insn",
    { instead: "readelf -a /bin/ls" },
  ),
  ...readers("size", "-ABdtx"),
  ...readers("addr2line", "-e: -fCpias --exe= --functions --demangle --inlines --pretty-print"),
  ...reports("c++filt"),
  ...reports("lsinitramfs lsinitrd", { files: "operands" }),
  ...limited("debsums", [
    without("debsums/generate", { letters: "gdpr", long: ["generate", "deb-path", "root"] }, "it writes"),
  ]),
};
