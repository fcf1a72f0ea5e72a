/** Symbol tables of ELF files (elf(5)), read in pieces: they may be larger than all the rest. */
import { Buffer } from "node:buffer";
import { type ElfFile, numberAt, type Section, textAt } from "./elf.ts";
import { ElfError } from "./elf_error.ts";
import { readVersions, type Versions } from "./symbol_versions.ts";

export interface ElfSymbol {
  /** Without a version. */
  readonly name: string;
  /** `GLIBC_2.2.5`. */
  readonly version?: string;
  /** Programs that are linked now get another version of it. */
  readonly is_old: boolean;
  /** `imported`: another file has it. `other`: data, or a name without a type. */
  readonly kind: "function" | "ifunc" | "imported" | "other";
  readonly binding: "local" | "weak" | "global";
  readonly address: number;
  /** In bytes; 0 when the file does not say. */
  readonly size: number;
}

/** `.symtab` has all symbols and may be stripped; `.dynsym` has those that other files use. */
export type TableKind = "symtab" | "dynsym";

const SECTION_TYPES: Readonly<Record<TableKind, number>> = { symtab: 2, dynsym: 11 };
const SYMBOL_BYTES = 24;
const CHUNK_BYTES = SYMBOL_BYTES * 65_536;
/** Longer than any name; of those that C++ templates make, the start tells enough. */
const MAX_NAME_BYTES = 4096;
/** Largest table, and largest table of names: beyond the largest browser with all its debug symbols. */
const MAX_TABLE_BYTES = 2 ** 30;
/** Functions of one name in one file. */
const MAX_SAME_NAME = 1000;
const STT_FUNC = 2, STT_GNU_IFUNC = 10;
const AT = 0x40;

/** Whether the file has such a table. */
export function hasSymbols(elf: ElfFile, kind: TableKind): boolean {
  return elf.sections.some(({ type }) => type === SECTION_TYPES[kind]);
}

/**
 * Symbols with this name, in the table's order; `name@VERSION` asks for one version.
 *
 * @throws {ElfError} the file is damaged
 */
export function findSymbols(elf: ElfFile, kind: TableKind, wanted: string): ElfSymbol[] {
  const table = tableOf(elf, kind);
  if (table === undefined) return [];
  const [name = "", version] = wanted.split(/@+/);
  const offsets = nameOffsets(elf, table.names, name);
  if (offsets.size === 0) return [];
  return entries(elf, table, (name_at) => offsets.has(name_at)).take(MAX_SAME_NAME)
    .map(({ entry, index }) =>
      toSymbol(readName(elf, table.names, entry.getUint32(0, true)), entry, index, table.versions)
    )
    .filter((symbol) => symbol.name === name && (version === undefined || symbol.version === version))
    .toArray();
}

/**
 * Every symbol that has a name.
 *
 * @throws {ElfError} the file is damaged, or its names need too much memory
 */
export function* allSymbols(elf: ElfFile, kind: TableKind): Generator<ElfSymbol> {
  const table = tableOf(elf, kind);
  if (table === undefined) return;
  const names = elf.content(table.names);
  for (const { entry, index } of entries(elf, table, (name_at) => name_at !== 0)) {
    const at = entry.getUint32(0, true);
    yield toSymbol(textAt(names.subarray(at, at + MAX_NAME_BYTES), 0), entry, index, table.versions);
  }
}

interface Table {
  readonly section: Section;
  readonly names: Section;
  readonly versions: Versions;
}

function tableOf(elf: ElfFile, kind: TableKind): Table | undefined {
  const section = elf.sections.find(({ type }) => type === SECTION_TYPES[kind]);
  const names = section === undefined ? undefined : elf.sections[section.link];
  if (section === undefined || names === undefined) return undefined;
  const bytes = Math.max(section.size, names.size);
  if (bytes > MAX_TABLE_BYTES) throw new ElfError(`its symbols fill ${bytes} bytes`);
  return { section, names, versions: kind === "dynsym" ? readVersions(elf) : { of: () => undefined } };
}

/** Where a name begins in a string table. Linkers let a name begin within a longer one that ends like it. */
function nameOffsets(elf: ElfFile, names: Section, name: string): ReadonlySet<number> {
  const wanted = Buffer.from(name);
  const offsets = new Set<number>();
  if (wanted.length === 0 || wanted.length > MAX_NAME_BYTES) return offsets;
  for (let start = 0; start < names.size; start += CHUNK_BYTES) {
    // one more than the name, to see what ends it, over the end of the piece
    const length = Math.min(CHUNK_BYTES + wanted.length, names.size - start);
    const piece = Buffer.from(elf.bytes(names.offset + start, length).buffer);
    for (let at = piece.indexOf(wanted); at >= 0 && at < CHUNK_BYTES; at = piece.indexOf(wanted, at + 1)) {
      const next = piece[at + wanted.length];
      if (next === 0 || next === AT) offsets.add(start + at);
    }
  }
  return offsets;
}

function* entries(
  elf: ElfFile,
  { section }: Table,
  isWanted: (name_at: number) => boolean,
): Generator<{ readonly entry: DataView<ArrayBuffer>; readonly index: number }> {
  const end = section.size - section.size % SYMBOL_BYTES;
  for (let start = 0; start < end; start += CHUNK_BYTES) {
    const piece = elf.bytes(section.offset + start, Math.min(CHUNK_BYTES, end - start));
    const words = new Uint32Array(piece.buffer);
    for (let at = 0; at < piece.length; at += SYMBOL_BYTES) {
      if (!isWanted(words[at / 4] ?? 0)) continue;
      const entry = new DataView(piece.buffer, at, SYMBOL_BYTES);
      yield { entry, index: (start + at) / SYMBOL_BYTES };
    }
  }
}

function readName(elf: ElfFile, names: Section, at: number): string {
  if (at >= names.size) return "";
  return textAt(elf.bytes(names.offset + at, Math.min(MAX_NAME_BYTES, names.size - at)), 0);
}

function toSymbol(text: string, entry: DataView<ArrayBuffer>, index: number, versions: Versions): ElfSymbol {
  // in .symtab the version is part of the name: foo@OLD, foo@@CURRENT
  const [, name = text, ats = "@@", in_name] = /^([^@]+)(@+)(.+)$/.exec(text) ?? [];
  const listed = versions.of(index);
  const version = listed?.name ?? in_name;
  const info = entry.getUint8(4);
  return {
    name,
    ...(version === undefined ? {} : { version }),
    is_old: listed?.is_old ?? ats === "@",
    kind: kindOf(info & 0xf, entry.getUint16(6, true)),
    binding: info >> 4 === 0 ? "local" : info >> 4 === 2 ? "weak" : "global",
    address: numberAt(entry, 8),
    size: numberAt(entry, 16),
  };
}

function kindOf(type: number, section: number): ElfSymbol["kind"] {
  if (section === 0) return "imported";
  if (type === STT_FUNC) return "function";
  return type === STT_GNU_IFUNC ? "ifunc" : "other";
}
