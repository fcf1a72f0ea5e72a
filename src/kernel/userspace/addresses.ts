/** Which function of which file the addresses of running processes lie in. */
import { ElfError } from "./elf_error.ts";
import { Program } from "./program.ts";
import type { ElfSymbol } from "./symbols.ts";

/** Names are read whole: beyond, they would take more memory than all the rest of ktriage. */
const MAX_TABLE_BYTES = 48 << 20;
const SHT_SYMTAB = 2, SHT_DYNSYM = 11;

/** A range of a process's memory whose bytes may be executed: a line of `/proc/<pid>/maps` (proc(5)). */
export interface CodeRange {
  readonly start: bigint;
  /** Exclusive. */
  readonly end: bigint;
  /** In the file, in bytes. */
  readonly offset: number;
  /** Device and inode as the line has them; no inode for what is no file. */
  readonly identity: string;
  readonly inode: number;
  /** As the process names it; `[vdso]`, and empty for memory that belongs to no file. */
  readonly name: string;
  /** Its name in `/proc/<pid>/map_files`. */
  readonly range: string;
}

export interface UserPlace {
  /** Undefined: nothing has a name there. */
  readonly name?: string;
  /** Last part of the file's path, or `[vdso]`; undefined where the code is in no file (made at run time). */
  readonly file?: string;
  /** Why there is no name: a clause. */
  readonly why?: string;
}

/** What one address is asked about. */
export interface UserAddress {
  readonly pid: number;
  readonly address: bigint;
}

export function parseCodeRanges(maps: string): CodeRange[] {
  const lines = maps.matchAll(/^([0-9a-f]+)-([0-9a-f]+) ..x\S? ([0-9a-f]+) (\S+) (\d+) *(.*)$/gm);
  return [...lines].map(([, start = "", end = "", offset = "", device = "", inode = "", name = ""]) => ({
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    offset: Number.parseInt(offset, 16),
    identity: `${device}:${inode}`,
    inode: Number(inode),
    name: name.replace(/ \(deleted\)$/, ""),
    range: `${start}-${end}`.replace(/(^|-)0+(?=.)/g, "$1"),
  }));
}

/** Names addresses. What a process has mapped is remembered when {@link note} is called, for it may end before it is asked. */
export class UserAddresses {
  readonly #noted = new Map<number, Noted>();

  /** Reads what a process has mapped now, once; again with `again`, since it may have executed or loaded something. */
  note(pid: number, { again = false }: { readonly again?: boolean } = {}): void {
    if (!again && this.#noted.has(pid)) return;
    try {
      const ranges = parseCodeRanges(Deno.readTextFileSync(`/proc/${pid}/maps`));
      if (ranges.length > 0) this.#noted.set(pid, { ranges, at_ms: Date.now() });
    } catch { /* it has ended, or may not be looked at: unknown is said of its addresses */ }
  }

  /**
   * Names every address; each file is read once, in one pass over its symbols.
   *
   * @returns the places in the order of the addresses
   */
  async resolve(addresses: readonly UserAddress[]): Promise<UserPlace[]> {
    const places: UserPlace[] = [];
    const wanted = new Map<string, Mapped & { readonly at: Wanted[] }>();
    for (const [index, { pid, address }] of addresses.entries()) {
      const { ranges, at_ms = 0 } = this.#noted.get(pid) ?? {};
      const range = ranges?.find(({ start, end }) => address >= start && address < end);
      places[index] = placeOutside(ranges, range);
      if (range === undefined || range.inode === 0) continue;
      const file = wanted.get(range.identity) ?? { range, pid, at_ms, at: [] };
      file.at.push({ index, offset: Number(address - range.start) + range.offset });
      wanted.set(range.identity, file);
    }
    for (const { at, ...mapped } of wanted.values()) {
      const { range } = mapped;
      const names = await namesIn(pathOf(mapped), at);
      for (const { index } of at) {
        const found = names.get(index) ?? { why: "no symbol covers it" };
        places[index] = { file: baseName(range.name), ...found };
      }
    }
    return places;
  }
}

/** What a process had mapped at a time. */
interface Noted {
  readonly ranges: readonly CodeRange[];
  readonly at_ms: number;
}

interface Mapped {
  readonly pid: number;
  readonly range: CodeRange;
  readonly at_ms: number;
}

interface Wanted {
  readonly index: number;
  /** In the file. */
  readonly offset: number;
}

/** Of an address that no file is looked into for. */
function placeOutside(ranges: readonly CodeRange[] | undefined, range: CodeRange | undefined): UserPlace {
  if (ranges === undefined) return { why: "the process has ended" };
  if (range === undefined) return { why: "no code is mapped there" };
  if (range.name === "") return { why: "code made at run time" };
  return { file: baseName(range.name), ...(range.inode === 0 ? { name: range.name } : {}) };
}

/**
 * By the process's own mapping, which is right for deleted files and other mount namespaces; by name when it is gone. A
 * file that came later may have got the inode of the one that was mapped; its ctime, which nobody sets, tells, in
 * whole seconds.
 */
function pathOf({ pid, range: { range, name, inode }, at_ms }: Mapped): string | undefined {
  for (const path of [`/proc/${pid}/map_files/${range}`, name]) {
    try {
      const { ino, ctime } = Deno.statSync(path);
      if (ino === inode && (path !== name || Number(ctime) + 1000 <= at_ms)) return path;
    } catch { /* gone, or hidden: the next one */ }
  }
  return undefined;
}

async function namesIn(
  path: string | undefined,
  wanted: readonly Wanted[],
): Promise<ReadonlyMap<number, Pick<UserPlace, "name" | "why">>> {
  if (path === undefined) return new Map(wanted.map(({ index }) => [index, { why: "its file is gone" }]));
  try {
    using program = new Program(path);
    const bytes = tableBytes(program);
    if (bytes > MAX_TABLE_BYTES) {
      return new Map(
        wanted.map(({ index }) => [index, { why: `its symbols fill ${Math.round(bytes / 2 ** 20)} MiB` }]),
      );
    }
    const named = await coveringSymbols(program, wanted);
    if (named.size < wanted.length && await program.isStripped()) {
      return new Map(
        wanted.map(({ index }) => [index, named.get(index) ?? { why: "its symbols were stripped" }]),
      );
    }
    return named;
  } catch (error) {
    if (!(error instanceof ElfError)) throw error;
    return new Map(wanted.map(({ index }) => [index, { why: error.message }]));
  }
}

/** The largest table of symbols, with their names. */
function tableBytes({ elf }: Program): number {
  const tables = elf.sections.filter(({ type }) => type === SHT_SYMTAB || type === SHT_DYNSYM);
  return Math.max(0, ...tables.map(({ size, link }) => size + (elf.sections[link]?.size ?? 0)));
}

/** One pass over all symbols, of which a large program has a million: only what covers an address is kept. */
async function coveringSymbols(
  program: Program,
  wanted: readonly Wanted[],
): Promise<Map<number, { readonly name: string }>> {
  const sought = wanted.flatMap(({ index, offset }) => {
    const address = program.elf.address(offset);
    return address === undefined ? [] : [{ index, address }];
  }).sort((a, b) => a.address - b.address);
  const found = new Map<number, ElfSymbol>();
  for await (const symbol of program.all()) {
    if (symbol.kind === "imported" || symbol.size === 0) continue;
    for (let i = firstFrom(sought, symbol.address); i < sought.length; i++) {
      const { index, address } = sought[i] ?? { index: -1, address: Infinity };
      if (address >= symbol.address + symbol.size) break;
      const known = found.get(index);
      if (known === undefined || isBetter(symbol, known)) found.set(index, symbol);
    }
  }
  return new Map([...found].map(([index, { name }]) => [index, { name }]));
}

/** Functions before data, then the narrower one; of several names for one place a global one, then the shorter. */
function isBetter(one: ElfSymbol, other: ElfSymbol): boolean {
  const rank = ({ kind, size, binding, name }: ElfSymbol): readonly number[] => [
    kind === "other" ? 1 : 0,
    size,
    binding === "global" ? 0 : 1,
    name.length,
  ];
  const a = rank(one), b = rank(other);
  const at = a.findIndex((value, i) => value !== b[i]);
  return at >= 0 && (a[at] ?? 0) < (b[at] ?? 0);
}

function firstFrom(sought: readonly { readonly address: number }[], address: number): number {
  let low = 0, high = sought.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sought[middle]?.address ?? 0) < address) low = middle + 1;
    else high = middle;
  }
  return low;
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
