/** 64-bit little-endian ELF files (elf(5), x86-64 and arm64), of which only the parts that are asked for are read. */
import { type ByteSource, openFile } from "./byte_source.ts";
import { ElfError } from "./elf_error.ts";

/** A part of the file that is mapped into a process. */
export interface Segment {
  readonly offset: number;
  readonly address: number;
  readonly file_bytes: number;
  readonly executable: boolean;
}

export interface Section {
  readonly name: string;
  /** SHT_* of elf(5). */
  readonly type: number;
  readonly offset: number;
  readonly size: number;
  /** It holds instructions. */
  readonly executable: boolean;
  /** Index of the section that this one needs: of a symbol table, its strings. */
  readonly link: number;
}

const HEADER_BYTES = 64, SEGMENT_BYTES = 56, SECTION_BYTES = 64;
const PT_LOAD = 1, PT_NOTE = 4;
const PF_X = 1;
const SHT_NOBITS = 8, SHF_EXECINSTR = 4, SHN_XINDEX = 0xffff;
const MACHINES: Readonly<Record<typeof Deno.build.arch, { readonly id: number; readonly name: string }>> = {
  x86_64: { id: 62, name: "x86-64" },
  aarch64: { id: 183, name: "arm64" },
};
/** No linker writes more; a file that claims them would only cost memory. */
const MAX_SECTIONS = 200_000;
/** More is never read in one piece; the strings of the largest programs are a fraction of it. */
const MAX_READ_BYTES = 512 * 1024 * 1024;
/** A build id is a hash of 8 to 64 bytes. */
const NOTE_BYTES = 64 * 1024, NT_GNU_BUILD_ID = 3;

export class ElfFile implements Disposable {
  readonly #source: ByteSource;
  readonly #header: DataView<ArrayBuffer>;
  readonly machine: number;
  readonly segments: readonly Segment[];
  #sections: readonly Section[] | undefined;

  /** @throws {ElfError} what it is instead */
  static open(path: string): ElfFile {
    const source = reading(() => openFile(path));
    try {
      return new ElfFile(source);
    } catch (error) {
      source[Symbol.dispose]();
      throw error;
    }
  }

  /** Takes over the source: it is closed with the file. */
  constructor(source: ByteSource) {
    this.#source = source;
    this.#header = checkedHeader(source);
    this.machine = this.#header.getUint16(18, true);
    this.segments = this.#programHeaders().filter(({ type }) => type === PT_LOAD);
  }

  /**
   * Where the program starts, as an offset in the file.
   *
   * @throws {ElfError} it starts nowhere in its code: a library, or a damaged file
   */
  get entry(): number {
    const offset = this.fileOffset(this.#number(24));
    if (offset === undefined) throw new ElfError("its entry lies in none of its segments");
    return offset;
  }

  /** Of the file, in bytes. */
  get size(): number {
    return this.#source.size;
  }

  /** @throws {ElfError} the headers do not hold together */
  get sections(): readonly Section[] {
    return this.#sections ??= this.#readSections();
  }

  /** @throws {ElfError} the file is shorter than its headers say */
  bytes(offset: number, length: number): Uint8Array<ArrayBuffer> {
    if (length > MAX_READ_BYTES) throw new ElfError(`a part of it is ${length} bytes long`);
    return reading(() => this.#source.read(offset, length));
  }

  content(section: Pick<Section, "type" | "offset" | "size">): Uint8Array<ArrayBuffer> {
    return section.type === SHT_NOBITS ? new Uint8Array() : this.bytes(section.offset, section.size);
  }

  /** Where code at a virtual address lies in the file; undefined when no executable segment holds it. */
  fileOffset(address: number): number | undefined {
    const segment = this.segments.find((candidate) =>
      candidate.executable && address >= candidate.address && address < candidate.address + candidate.file_bytes
    );
    return segment === undefined ? undefined : address - segment.address + segment.offset;
  }

  /** The virtual address of code at an offset in the file; undefined when no executable segment holds it. */
  address(offset: number): number | undefined {
    const segment = this.segments.find((candidate) =>
      candidate.executable && offset >= candidate.offset && offset < candidate.offset + candidate.file_bytes
    );
    return segment === undefined ? undefined : offset - segment.offset + segment.address;
  }

  /** Hexadecimal digits; undefined when the linker wrote none. */
  buildId(): string | undefined {
    for (const note of this.#programHeaders().filter(({ type }) => type === PT_NOTE)) {
      const id = buildIdIn(this.bytes(note.offset, Math.min(note.file_bytes, NOTE_BYTES)));
      if (id !== undefined) return id;
    }
    return undefined;
  }

  [Symbol.dispose](): void {
    this.#source[Symbol.dispose]();
  }

  #programHeaders(): (Segment & { readonly type: number })[] {
    const at = this.#number(32), count = this.#header.getUint16(56, true);
    if (count === 0) return [];
    if (this.#header.getUint16(54, true) !== SEGMENT_BYTES) throw new ElfError("its program headers are damaged");
    const view = viewOf(this.bytes(at, count * SEGMENT_BYTES));
    return Array.from({ length: count }, (_, i) => i * SEGMENT_BYTES).map((start) => ({
      type: view.getUint32(start, true),
      executable: (view.getUint32(start + 4, true) & PF_X) !== 0,
      offset: numberAt(view, start + 8),
      address: numberAt(view, start + 16),
      file_bytes: numberAt(view, start + 32),
    }));
  }

  #readSections(): readonly Section[] {
    const at = this.#number(40);
    if (at === 0) return [];
    if (this.#header.getUint16(58, true) !== SECTION_BYTES) throw new ElfError("its section headers are damaged");
    const first = viewOf(this.bytes(at, SECTION_BYTES));
    // counts that do not fit into the header stand in the first section's header
    const count = this.#header.getUint16(60, true) || numberAt(first, 32);
    const name_index = this.#header.getUint16(62, true);
    if (count > MAX_SECTIONS) throw new ElfError(`it claims to have ${count} sections`);
    const view = viewOf(this.bytes(at, count * SECTION_BYTES));
    const sections = Array.from({ length: count }, (_, i) => sectionAt(view, i * SECTION_BYTES));
    const names = sections[name_index === SHN_XINDEX ? first.getUint32(40, true) : name_index];
    const text = names === undefined ? new Uint8Array() : this.content(names);
    return sections.map(({ name_at, ...section }) => ({ ...section, name: textAt(text, name_at) }));
  }

  #number(at: number): number {
    return numberAt(this.#header, at);
  }
}

/** The text from `at` up to its NUL; empty outside of the bytes. */
export function textAt(bytes: Uint8Array<ArrayBuffer>, at: number): string {
  const end = bytes.indexOf(0, at);
  return new TextDecoder().decode(bytes.subarray(at, end < 0 ? bytes.length : end));
}

export function viewOf(bytes: Uint8Array<ArrayBuffer>): DataView<ArrayBuffer> {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A 64-bit field; beyond 2^53 nothing lies in any file or process, and the exact number does not matter. */
export function numberAt(view: DataView<ArrayBuffer>, at: number): number {
  return view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;
}

function checkedHeader(source: ByteSource): DataView<ArrayBuffer> {
  const start = source.read(0, Math.min(source.size, HEADER_BYTES * 4));
  const text = new TextDecoder().decode(start);
  if (text.startsWith("#!")) {
    const interpreter = (text.split("\n")[0] ?? "").slice(2).trim();
    throw new ElfError(`it is a script that ${interpreter} runs`, "Name the interpreter: its functions are what runs.");
  }
  const view = viewOf(start);
  if (start.length < 4 || view.getUint32(0) !== 0x7f45_4c46) throw new ElfError("it is no ELF file");
  if (start[4] === 1) throw new ElfError("it is a 32-bit ELF file, and ktriage reads only 64-bit ones");
  if (start.length < HEADER_BYTES) throw new ElfError("the file ends within its ELF header");
  if (start[4] !== 2 || start[5] !== 1) throw new ElfError("it is no 64-bit little-endian ELF file");
  const machine = view.getUint16(18, true);
  const own = MACHINES[Deno.build.arch];
  if (!Object.values(MACHINES).some(({ id }) => id === machine)) {
    throw new ElfError(`it is for another kind of machine (ELF machine ${machine}) than ${own.name}`);
  }
  return view;
}

function sectionAt(view: DataView<ArrayBuffer>, start: number): Omit<Section, "name"> & { readonly name_at: number } {
  return {
    name_at: view.getUint32(start, true),
    type: view.getUint32(start + 4, true),
    executable: (view.getUint32(start + 8, true) & SHF_EXECINSTR) !== 0,
    offset: numberAt(view, start + 24),
    size: numberAt(view, start + 32),
    link: view.getUint32(start + 40, true),
  };
}

/** Notes are a name and a description, each filled up to 4 bytes (elf(5)). */
function buildIdIn(notes: Uint8Array<ArrayBuffer>): string | undefined {
  const view = viewOf(notes);
  for (let at = 0; at + 12 <= notes.length;) {
    const name_bytes = view.getUint32(at, true), bytes = view.getUint32(at + 4, true);
    const name = textAt(notes.subarray(at + 12, at + 12 + name_bytes), 0);
    const start = at + 12 + Math.ceil(name_bytes / 4) * 4;
    if (name === "GNU" && view.getUint32(at + 8, true) === NT_GNU_BUILD_ID) {
      return [...notes.subarray(start, start + bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    }
    at = start + Math.ceil(bytes / 4) * 4;
  }
  return undefined;
}

/** What goes wrong while a file is read, as a reason. */
function reading<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new ElfError("there is no such file", "ls shows what is there.");
    if (error instanceof Deno.errors.PermissionDenied) {
      throw new ElfError("it cannot be read", "Run ktriage as root.", { cause: error });
    }
    if (error instanceof RangeError) throw new ElfError(`the file is damaged or cut off (${error.message})`);
    if (error instanceof Error && "code" in error) throw new ElfError(`it cannot be read: ${error.message}`);
    throw error;
  }
}
