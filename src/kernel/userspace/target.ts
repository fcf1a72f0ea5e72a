/** What a target of a uprobe says: which file, and which place in it. */

/** A file, by its path, by a library's or program's name, or by a process that has it mapped. */
export interface FileWish {
  /** Absolute, or relative to the working directory. */
  readonly path?: string;
  /** `libc`, `c`, `libssl.so.3`, `nginx`. */
  readonly name?: string;
  readonly pid?: number;
}

export interface PlaceWish {
  /** A symbol, perhaps with `@VERSION`; absent for a bare offset. */
  readonly symbol?: string;
  /** Bytes from the symbol, or from the start of the file. */
  readonly offset: number;
}

export interface UserTarget {
  readonly file: FileWish;
  readonly place: PlaceWish;
}

const PREFIX = /^(uprobe|uretprobe|u|ur):(?=.)/;

/**
 * Takes a target apart; undefined when it names no file or no place in it.
 *
 * @param options.pid the process that is meant when the target is only a symbol
 */
export function parseUserTarget(target: string, options: { readonly pid?: number } = {}): UserTarget | undefined {
  const text = target.trim().replace(PREFIX, "");
  // Colons in pairs belong to the names of C++ and Rust.
  const [, file, rest] = /^(.*?[^:]):(?!:)(.+)$/.exec(text) ?? [];
  if (file === undefined || rest === undefined) {
    const place = parsePlace(text);
    return place === undefined || options.pid === undefined ? undefined : { file: { pid: options.pid }, place };
  }
  if (!/^\d+$/.test(file)) {
    const place = parsePlace(rest);
    return place && { file: parseFile(file), place };
  }
  const pid = Number(file);
  const [, library, symbol] = /^(.*?[^:]):(?!:)(.+)$/.exec(rest) ?? [];
  const place = parsePlace(symbol ?? rest);
  return place && { file: library === undefined ? { pid } : { pid, ...parseFile(library) }, place };
}

/** The file alone, as `ktriage probes list` names it: `libc`, `/path`, `4711`, `4711:libc`. */
export function parseFile(text: string): FileWish {
  const [, pid, rest] = /^(\d+)(?::(.+))?$/.exec(text) ?? [];
  if (pid !== undefined) return { pid: Number(pid), ...(rest === undefined ? {} : parseFile(rest)) };
  return text.includes("/") ? { path: text } : { name: text };
}

function parsePlace(text: string): PlaceWish | undefined {
  const bare = text.trim().replace(/^"(.*)"$/, "$1").replace(/\(\)$/, "");
  if (/^0x[0-9a-f]{1,13}$/i.test(bare)) return { offset: Number(bare) };
  const [, symbol = "", offset] = /^(.+?)(?:\+(0x[0-9a-f]{1,8}|\d{1,9}))?$/i.exec(bare) ?? [];
  return symbol === "" ? undefined : { symbol, offset: Number(offset ?? 0) };
}
