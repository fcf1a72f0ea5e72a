/** A place in one file: the function that a name means there. */
import type { ElfFile } from "./elf.ts";
import { instructionAt } from "./instructions.ts";
import type { Program } from "./program.ts";
import type { ElfSymbol } from "./symbols.ts";
import type { PlaceWish } from "./target.ts";

export interface Place {
  readonly kind: "place";
  /** In the file, in bytes. */
  readonly offset: number;
  readonly symbol: string;
  /** The function begins there. */
  readonly is_entry: boolean;
  /** Of the function, in bytes; 0 when the file does not say. */
  readonly size: number;
  readonly note?: string;
}

/** It is there, and cannot be probed. */
export interface Refused {
  readonly kind: "refused";
  readonly reason: string;
  readonly hint: string;
}

/** `absent`: another file may have it; `is_imported`: another file must. */
export type Found = Place | Refused | { readonly kind: "absent"; readonly is_imported: boolean };

/** The kernel takes what is on top of the stack for the return address. */
const NO_ENTRY = refused(
  "no function is known to begin there, so nobody knows where it returns to",
  "Name the function alone, or use type uprobe.",
);
/** The kernel changes the return address, and Go's runtime ends the program when it comes upon that on the stack. */
const GO_RETURN = refused(
  "it is a Go program, which a probe on a return would crash",
  "Use type uprobe, on the function itself.",
);
const GO_ARGUMENTS = "in a Go program arguments are not where capture looks for them";
/** Names in a hint. */
const HINT_NAMES = 20;
/** Code that is read to see where instructions begin; a longer one is no function. */
const MAX_CODE_BYTES = 64 * 1024 * 1024;
const MAX_INSTRUCTION_BYTES = 15;
const DISASSEMBLE = "objdump -d shows where the instructions begin.";

export interface Search extends PlaceWish {
  /** `return`: the probe will be on the return of the function that is found. */
  readonly at: "entry" | "return";
}

/** @throws {ElfError} the file is damaged */
export async function findPlace(program: Program, { symbol, offset, at }: Search): Promise<Found> {
  const found = symbol === undefined ? await atOffset(program, offset) : await atSymbol(program, symbol, offset);
  if (found.kind !== "place") return found;
  if (at === "return" && !found.is_entry) return NO_ENTRY;
  if (!program.isGo) return found;
  return at === "return" ? GO_RETURN : { ...found, note: joined(found.note, GO_ARGUMENTS) };
}

async function atSymbol(program: Program, name: string, inside: number): Promise<Found> {
  const symbols = await program.find(name);
  const place = choosePlace(program.elf, name, symbols);
  if (place === undefined) return await whyNoFunction(program, name, symbols);
  if (place.kind === "refused" || inside === 0) return place;
  if (inside >= place.size) {
    const reason = place.size === 0 ? "the file does not say how long it is" : `it is ${place.size} bytes long`;
    return refused(
      reason,
      `Name ${place.size < 2 ? "" : `an offset below ${hex(place.size)}, or `}the function alone.`,
    );
  }
  const offset = place.offset + inside;
  return misplaced(program.elf, place.offset, offset) ??
    { ...place, offset, symbol: `${name}+${hex(inside)}`, is_entry: false };
}

/** The function that callers of this name reach: what other files see comes before what is private to a source file. */
function choosePlace(elf: ElfFile, name: string, symbols: readonly ElfSymbol[]): Place | Refused | undefined {
  const places = new Map<number, ElfSymbol>();
  const functions = symbols.filter(({ kind }) => kind === "function" || kind === "ifunc");
  for (const symbol of functions.toSorted((a, b) => rank(a) - rank(b))) {
    const at = elf.fileOffset(symbol.address);
    if (at !== undefined && !places.has(at)) places.set(at, symbol);
  }
  const [first, ...others] = places;
  if (first === undefined || first[1].kind === "ifunc") return undefined;
  const [offset, { size }] = first;
  const equals = others.filter(([, symbol]) => rank(symbol) === rank(first[1]));
  if (equals.length > 0) {
    return refused(
      `${equals.length + 1} functions of this file have this name`,
      `Name one by its version or its offset in the file: ${names([first, ...equals].map(placeName))}`,
    );
  }
  const note = `other functions of this name: ${names(others.map(placeName))}`;
  return { kind: "place", offset, symbol: name, is_entry: true, size, ...(others.length === 0 ? {} : { note }) };
}

function placeName([at, { name, version }]: readonly [offset: number, ElfSymbol]): string {
  return version === undefined ? hex(at) : `${name}@${version}`;
}

function rank({ binding, is_old }: ElfSymbol): number {
  return ["global", "weak", "local"].indexOf(binding) + (is_old ? 3 : 0);
}

async function whyNoFunction(program: Program, name: string, symbols: readonly ElfSymbol[]): Promise<Found> {
  if (symbols.some(({ kind }) => kind === "ifunc")) {
    const others = await implementations(program, name);
    return refused(
      "it is chosen for the CPU when a program starts (an IFUNC), and a probe would see only the choice",
      others.length > 0
        ? `Trace the one that this CPU gets, it is among: ${names(others)}`
        : "Install the debug symbols of this file: they name what there is to choose from.",
    );
  }
  if (symbols.some(({ kind }) => kind === "other")) {
    return refused("the file does not say that it is a function", "Name a function, or the place by its offset.");
  }
  return { kind: "absent", is_imported: symbols.length > 0 };
}

/** glibc calls them `__memcpy_avx_unaligned`, after what they need. */
async function implementations(program: Program, name: string): Promise<readonly string[]> {
  const found = new Set<string>();
  const start = `__${name.replace(/@.*$/, "")}_`;
  for await (const symbol of program.all()) {
    if (symbol.kind === "function" && symbol.name.startsWith(start)) found.add(symbol.name);
  }
  return [...found].filter((other) => !/^(chk|ifunc)/.test(other.slice(start.length))).sort();
}

async function atOffset(program: Program, offset: number): Promise<Found> {
  const { elf } = program;
  const address = elf.address(offset);
  if (address === undefined) {
    const code = elf.segments.filter(({ executable }) => executable)
      .map((segment) => `${hex(segment.offset)} to ${hex(segment.offset + segment.file_bytes)}`);
    return refused(
      "there is no code",
      `Its code is at the offsets ${code.join(" and ")}. What nm prints are addresses: name the symbol instead.`,
    );
  }
  const symbol = await covering(program, address);
  const section = elf.sections.find((one) => one.executable && offset >= one.offset && offset < one.offset + one.size);
  const start = symbol === undefined ? section?.offset : elf.fileOffset(symbol.address);
  const bad = misplaced(elf, start ?? offset, offset);
  if (bad !== undefined) return bad;
  const inside = address - (symbol?.address ?? address);
  const note = symbol === undefined
    ? `no symbol covers ${hex(offset)}`
    : `${hex(offset)} is ${symbol.name}+${hex(inside)}`;
  const is_entry = symbol !== undefined && inside === 0;
  return { kind: "place", offset, symbol: hex(offset), is_entry, size: symbol?.size ?? 0, note };
}

async function covering(program: Program, address: number): Promise<ElfSymbol | undefined> {
  for await (const symbol of program.all()) {
    const inside = address - symbol.address;
    if (symbol.kind === "function" && inside >= 0 && inside < Math.max(symbol.size, 1)) return symbol;
  }
  return undefined;
}

/** @param start an instruction begins there */
function misplaced(elf: ElfFile, start: number, offset: number): Refused | undefined {
  const length = offset - start + MAX_INSTRUCTION_BYTES;
  if (length > MAX_CODE_BYTES) {
    return refused(`it is too far behind ${hex(start)} to see where instructions begin`, DISASSEMBLE);
  }
  const code = elf.bytes(start, Math.min(length, elf.size - start));
  const instruction = instructionAt(code, offset - start);
  if (instruction?.start === offset - start) return undefined;
  return refused(
    "no instruction begins there, and a breakpoint inside of one would break the program",
    instruction === undefined
      ? DISASSEMBLE
      : `Instructions begin ${offset - start - instruction.start} bytes before and ${
        instruction.end - offset + start
      } after.`,
  );
}

function refused(reason: string, hint: string): Refused {
  return { kind: "refused", reason, hint };
}

function joined(...notes: readonly (string | undefined)[]): string {
  return notes.filter((note) => note !== undefined).join("; ");
}

function names(all: readonly string[]): string {
  return all.slice(0, HINT_NAMES).join(", ") + (all.length > HINT_NAMES ? ", …" : "");
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
