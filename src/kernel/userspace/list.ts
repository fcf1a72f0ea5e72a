/** Which functions a program or a library has. */
import { globOf } from "../glob.ts";
import { ElfError } from "./elf_error.ts";
import { locate } from "./locate.ts";
import { Program } from "./program.ts";
import { parseFile } from "./target.ts";
import type { SymbolList, UserSymbol } from "./types.ts";

/** A list for people; who wants more asks more precisely. */
const MAX_SYMBOLS = 10_000;

/**
 * Functions of a file that can be probed and that a glob pattern (`mal*`, `?` for one character) matches, by name.
 *
 * @param file a path, a library's name (`libc`) or a program's, one of a process (`4711:libc`), or a process's own (`4711`)
 */
export async function listUserSymbols(file: string, pattern: string): Promise<SymbolList> {
  const wish = parseFile(file.trim());
  const location = locate(wish, wish.pid);
  if (!location.ok) return location;
  const [first] = location.files;
  if (first === undefined) return { ok: false, error: `Cannot list functions of ${file}: it has no file.`, hint: "" };
  try {
    using program = new Program(first.path);
    const symbols = new Map<string, UserSymbol>();
    const matches = globOf(pattern);
    for await (const { name, size, kind } of program.all()) {
      // of an ifunc the C library chooses an implementation when the program starts: its name is none to probe
      if (kind === "function" && matches.test(name)) symbols.set(name, { name, size });
    }
    const sorted = [...symbols.values()].sort((a, b) => a.name < b.name ? -1 : 1);
    return {
      ok: true,
      path: first.shown,
      symbols: sorted.slice(0, MAX_SYMBOLS),
      truncated: sorted.length > MAX_SYMBOLS,
    };
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return { ok: false, error: `Cannot list functions of ${first.shown}: ${error.message}.`, hint: error.hint };
  }
}
