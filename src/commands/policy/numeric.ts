/** Which command substitutions print numbers and nothing else, so that what they print can be trusted in a path. */
import type { Command, ParsedScript, Word } from "unbash";
import { GLOB, NUMBER } from "./marks.ts";

/** Files of the kernel that hold one whole number. */
const NUMBER_FILES = new RegExp(
  "^/proc/sys/(fs/(nr_open|file-max|aio-nr|aio-max-nr|inotify/max_\\w+)|kernel/(pid_max|threads-max|tainted|random/entropy_avail)|" +
    "net/netfilter/nf_conntrack_(count|max|buckets)|net/core/(somaxconn|[rw]mem_max|netdev_max_backlog)|" +
    "vm/(swappiness|nr_hugepages|max_map_count|dirty_(background_)?(ratio|bytes)|min_free_kbytes))$|" +
    "^/sys/class/net/[\\w.-]+/(statistics/\\w+|mtu)$|^/sys/block/\\w+/size$|" +
    "^/sys/fs/cgroup/[\\w./@:-]*(memory\\.(current|peak|usage_in_bytes|limit_in_bytes|failcnt)|pids\\.current)$",
);
const NUMBER_SETTINGS = new RegExp(
  "^(vm\\.(swappiness|nr_hugepages|max_map_count)|fs\\.(file-max|nr_open)|kernel\\.(pid_max|threads-max)|" +
    "net\\.core\\.somaxconn|net\\.netfilter\\.nf_conntrack_(count|max))$",
);
/** The second field of every line of these is a whole number. */
const NUMBER_TABLES = new Set(["/proc/meminfo", "/proc/vmstat", "/proc/stat"]);
const SECOND_FIELD = /^\/[\^\w():]+\/\s*\{\s*print \$2\s*;?\s*(exit\s*;?)?\s*\}$/;
const SUM = /^(NR ?> ?1)?\s*\{\s*(\w+)\s*\+=\s*\$(\d+|NF)\s*;?\s*\}\s*END\s*\{\s*print \2(\+0)?\s*;?\s*\}$/;

/** Arguments with which a program prints only integers. */
const SOURCES = new Map(Object.entries<(args: readonly string[]) => boolean>({
  pgrep: (args) => args.every((arg) => !arg.startsWith("-") || /^-[fnoxviu]+$/.test(arg)),
  pidof: (args) => args.every((arg) => !arg.startsWith("-") || /^-[sx]+$/.test(arg)),
  nproc: (args) => args.length === 0,
  seq: (args) => args.every((arg) => /^-?\d+$/.test(arg)),
  date: (args) =>
    args.some((arg) => /^\+%(s|Y|j)(%[36]?N)?$/.test(arg)) && args.filter((arg) => arg.startsWith("+")).length === 1,
  stat: ([option, format = "", ...files]) =>
    option === "-c" && /^%[YXZWsughibB]$/.test(format) && files.every((file) => !file.startsWith("-")),
  getconf: (args) => args.length === 1 && /^(CLK_TCK|PAGE_?SIZE|_NPROCESSORS_ONLN)$/.test(args[0] ?? ""),
  grep: countsLines,
  egrep: countsLines,
  cat: (args) => args.length === 1 && NUMBER_FILES.test(args[0] ?? "") && !args[0]?.includes(".."),
  sysctl: (args) => args.length === 2 && args[0] === "-n" && NUMBER_SETTINGS.test(args[1] ?? ""),
  cut: (args) => /^-d\. -f1 \/proc\/uptime$|^-f ?[123] \/proc\/sys\/fs\/file-nr$/.test(args.join(" ")),
  awk: ([program = "", ...files]) =>
    files.join(" ") === "/proc/sys/fs/file-nr"
      ? /^\{\s*print \$[123]\s*;?\s*\}$/.test(program)
      : files.length === 1 && NUMBER_TABLES.has(files[0] ?? "")
      ? SECOND_FIELD.test(program) || SUM.test(program)
      : SUM.test(program) || /^END\s*\{\s*print NR\s*\}$/.test(program),
  wc: (args) => args.length === 1 && /^-[lwc]$/.test(args[0] ?? ""),
}));
/** `grep -c` with at most one file: for several it names them. */
function countsLines(args: readonly string[]): boolean {
  const options = args.filter((arg) => arg.startsWith("-"));
  return options.every((option) => /^-[cEFivwxsP]+$/.test(option)) && options.some((option) => option.includes("c")) &&
    args.length - options.length <= 2;
}

/** Programs that pass on some of their input's lines when they are given no more than a number of lines. */
const FILTERS = new Set(["head", "tail", "sort", "uniq"]);

/** True for one pipeline such as `pgrep nginx | head -1`. */
export function printsNumbers(script: ParsedScript): boolean {
  const [statement, ...others] = script.commands;
  if (statement === undefined || others.length > 0) return false;
  const node = statement.command;
  const commands = node.type === "Pipeline" ? [...node.commands] : [node];
  while (commands.length > 0) {
    const last = commands.pop();
    if (last?.type !== "Command") return false;
    const [name, ...args] = plainWords(last) ?? [];
    if (name === undefined) return false;
    const source = SOURCES.get(name);
    if (source !== undefined) return source(args);
    if (!FILTERS.has(name) || !args.every((arg) => /^(-n|-?\d+|-n\d+|-[nru]+)$/.test(arg))) return false;
  }
  return false;
}

/** What stands for the parts of a date: always of the same shape, and never empty. */
const DATE_PARTS: Readonly<Record<string, string>> = {
  a: "Mon",
  b: "Jan",
  d: "01",
  e: " 1",
  F: "2026-01-01",
  H: "10",
  m: "01",
  M: "10",
  R: "10:10",
  S: "10",
  T: "10:10:10",
  y: "26",
  Y: "2026",
};

/** What `date +FORMAT` prints, as an example of its shape; with a date of its own it could fail and print nothing. */
export function exampleDate(script: ParsedScript): string | undefined {
  const [statement, ...others] = script.commands;
  const node = statement?.command;
  if (node?.type !== "Command" || others.length > 0) return undefined;
  const [name, format = "", ...more] = plainWords(node) ?? [];
  if (name !== "date" || more.length > 0 || !/^\+((%[abdeFHmMRSTyY])|[ :/.T-])+$/.test(format)) return undefined;
  return format.slice(1).replace(/%(\w)/g, (_, part: string) => DATE_PARTS[part] ?? "");
}

/** Directories whose entries are names of devices, and how such a name looks. */
const DEVICES = new Map([["ls /sys/class/net", "eth"], ["ls /sys/block", "sd"], ["ls /sys/class/block", "sd"]]);

/** How the names begin that a list of devices prints. */
export function printsDevices(script: ParsedScript): string | undefined {
  const [statement, ...others] = script.commands;
  const node = statement?.command;
  if (node?.type !== "Command" || others.length > 0) return undefined;
  return DEVICES.get(plainWords(node)?.join(" ").replace(/\/$/, "") ?? "");
}

/** Numbers apart by commas, and what the kernel is called: one word each, never empty where it matters. */
const SHAPES: readonly (readonly [pattern: RegExp, shape: string])[] = [
  [
    /^pgrep -d ?,( -[foxn]+)? [\w.-]+$|^pgrep( -[foxn]+)? -d ?, [\w.-]+$|^pgrep -(f|o|x|n)*d, [\w.-]+$/,
    `${NUMBER},${NUMBER}`,
  ],
  [/^uname -[rm]$|^arch$/, `6.1${GLOB}`],
];

/** What a command of fixed words prints, where every output has the same shape. */
export function printsShape(script: ParsedScript): string | undefined {
  const [statement, ...others] = script.commands;
  const node = statement?.command;
  if (node?.type !== "Command" || others.length > 0) return undefined;
  const line = plainWords(node)?.join(" ") ?? "";
  return SHAPES.find(([pattern]) => pattern.test(line))?.[1];
}

const GATEWAY = /^\/\^?default\/\s*\{\s*print \$3\s*;?\s*(exit\s*;?)?\s*\}$/;

/** True for `ip route | awk '/default/ {print $3}'`: addresses, or names of devices. */
export function printsGateway(script: ParsedScript): boolean {
  const [statement, ...others] = script.commands;
  const node = statement?.command;
  if (node?.type !== "Pipeline" || others.length > 0) return false;
  const [routes, pick, ...filters] = node.commands.map((each) =>
    each.type === "Command" ? plainWords(each)?.join(" ") ?? "" : ""
  );
  const [, program = ""] = /^awk (.*)$/s.exec(pick ?? "") ?? [];
  return /^ip (-4 )?(r|ro|route)( (show|list|ls))?( default)?$/.test(routes ?? "") && GATEWAY.test(program) &&
    filters.every((filter) => /^head (-1|-n ?1)$/.test(filter));
}

/** Name and arguments of a command of plain words; undefined when anything in it is expanded. */
function plainWords(command: Command): string[] | undefined {
  const words = [command.name, ...command.args];
  const plain = words.every((word) => word?.type === "Word" && isPlain(word));
  // Messages about errors are no numbers.
  const silent = command.redirects.every((redirect) =>
    redirect.type === "Redirect" && (redirect.operator === "<" || redirect.target?.text === "/dev/null")
  );
  return plain && silent && command.prefix.length === 0 ? words.map((word) => (word as Word).value) : undefined;
}

function isPlain(word: Word): boolean {
  return (word.parts ?? []).every((part) => part.type === "Literal" || part.type === "SingleQuoted");
}
