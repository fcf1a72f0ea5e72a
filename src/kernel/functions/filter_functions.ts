/** Reads the lists of what may be probed: tracefs' available_filter_functions, the blacklist of kprobes. */
import { type FunctionName, nameSource } from "./kallsyms.ts";

/**
 * A line of available_filter_functions: `tcp_connect`, or `ext4_sync_file [ext4]`.
 *
 * @returns undefined for a line that names none, such as `__ftrace_invalid_address___64`
 */
export function parseFilterLine(line: string): FunctionName | undefined {
  const [, name, module] = /^(\S+)(?:\s+\[([^\]]+)\])?\s*$/.exec(line) ?? [];
  if (name === undefined || name.startsWith("__ftrace_invalid_address__")) return undefined;
  return { name, ...(module === undefined ? {} : { module }) };
}

/** Functions of available_filter_functions that a pattern matches; see {@link matchingSymbols}. */
export function* matchingListed(chunks: Iterable<string>, pattern: string): Generator<FunctionName> {
  const line = new RegExp(`^${nameSource(pattern)}$`, "gm");
  for (const lines of wholeLines(chunks)) {
    for (const [text] of lines.matchAll(line)) {
      const found = parseFilterLine(text);
      if (found !== undefined) yield found;
    }
  }
}

/**
 * Looks for a function in available_filter_functions, and reads no further than where it is: the kernel looks every
 * line's name up anew, which takes seconds in all.
 *
 * @param chunks the text in pieces, cut anywhere
 * @param module only the function of this module; by default of the kernel or any module
 */
export function isListed(chunks: Iterable<string>, { name, module }: FunctionName): boolean {
  const wanted = { name, ...(module === undefined ? {} : { module }) };
  return Iterator.from(wholeLines(chunks)).some((lines) => hasLine(lines, wanted));
}

/** The same text, cut where lines end. */
function* wholeLines(chunks: Iterable<string>): Generator<string> {
  let rest = "";
  for (const chunk of chunks) {
    const text = rest + chunk;
    const end = text.lastIndexOf("\n") + 1;
    if (end > 0) yield text.slice(0, end);
    rest = text.slice(end);
  }
  yield `${rest}\n`;
}

function hasLine(text: string, { name, module }: FunctionName): boolean {
  for (let at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + name.length)) {
    if (at > 0 && text[at - 1] !== "\n") continue;
    const found = parseFilterLine(text.slice(at, text.indexOf("\n", at)));
    if (found?.name === name && (module === undefined || found.module === module)) return true;
  }
  return false;
}

/**
 * Functions where kprobes are forbidden, from /sys/kernel/debug/kprobes/blacklist: lines of
 * `0xffffffff810002a0-0xffffffff81000300	do_int3`.
 */
export function parseBlacklist(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of text.split("\n")) {
    const name = /^0x[0-9a-f]+-0x[0-9a-f]+\s+(\S+)/.exec(line)?.[1];
    if (name !== undefined) names.add(name);
  }
  return names;
}
