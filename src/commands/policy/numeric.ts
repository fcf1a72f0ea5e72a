/** Which command substitutions print numbers and nothing else, so that what they print can be trusted in a path. */
import type { Command, ParsedScript, Word } from "unbash";

/** Arguments with which a program prints only integers. */
const SOURCES = new Map(Object.entries<(args: readonly string[]) => boolean>({
  pgrep: (args) => args.every((arg) => !arg.startsWith("-") || /^-[fnoxviu]+$/.test(arg)),
  pidof: (args) => args.every((arg) => !arg.startsWith("-") || /^-[sx]+$/.test(arg)),
  nproc: (args) => args.length === 0,
  seq: (args) => args.every((arg) => /^-?\d+$/.test(arg)),
  wc: (args) => args.length === 1 && /^-[lwc]$/.test(args[0] ?? ""),
}));
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

/** Name and arguments of a command of plain words; undefined when anything in it is expanded. */
function plainWords(command: Command): string[] | undefined {
  const words = [command.name, ...command.args];
  const plain = words.every((word) => word?.type === "Word" && isPlain(word));
  return plain && command.prefix.length === 0 ? words.map((word) => (word as Word).value) : undefined;
}

function isPlain(word: Word): boolean {
  return (word.parts ?? []).every((part) => part.type === "Literal" || part.type === "SingleQuoted");
}
