/** Writes BTF, for tests: raw types in the order of their ids. */

/** One type: its words behind the name, and strings to be put into words. */
export interface WrittenType {
  readonly name?: string;
  readonly kind: number;
  readonly vlen?: number;
  readonly kind_flag?: boolean;
  readonly size_or_type?: number;
  /** A string stands for its offset. */
  readonly extra?: readonly (number | string)[];
}

export interface WriteOptions {
  /** Bytes of the base's strings, for a module. */
  readonly first_string?: number;
}

export function writeBtf(types: readonly WrittenType[], options: WriteOptions = {}): Uint8Array<ArrayBuffer> {
  const strings = new Strings(options.first_string ?? 0);
  const words = types.flatMap(({ name = "", kind, vlen = 0, kind_flag = false, size_or_type = 0, extra = [] }) => [
    strings.at(name),
    (Number(kind_flag) << 31 | kind << 24 | vlen) >>> 0,
    size_or_type,
    ...extra.map((word) => typeof word === "string" ? strings.at(word) : word >>> 0),
  ]);
  const text = new TextEncoder().encode(strings.text);
  const header = [0xeb9f | 1 << 16, 24, 0, words.length * 4, words.length * 4, text.length];
  const bytes = new Uint8Array(4 * (header.length + words.length) + text.length);
  bytes.set(new Uint8Array(new Uint32Array([...header, ...words]).buffer));
  bytes.set(text, 4 * (header.length + words.length));
  return bytes;
}

/** Every string once; the empty one is the first of a base. */
class Strings {
  text: string;
  readonly #first: number;
  readonly #offsets = new Map<string, number>();

  constructor(first: number) {
    this.#first = first;
    this.text = first === 0 ? "\0" : "";
    this.#offsets.set("", 0);
  }

  at(text: string): number {
    const known = this.#offsets.get(text);
    if (known !== undefined) return known;
    const offset = this.#first + this.text.length;
    this.#offsets.set(text, offset);
    this.text += `${text}\0`;
    return offset;
  }
}
