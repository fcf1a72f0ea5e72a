/** A kernel's memory to read captures from, laid out by what bpftool says of that kernel. */
import type { Capture, Read, Slot } from "../../../src/kernel/capture.ts";
import type { Offsets } from "../../support/bpftool_offsets.ts";

/** A number of so many bytes, or bytes as they are. */
export type Content = { readonly value: number | bigint; readonly bytes: 1 | 2 | 4 | 8 } | Uint8Array | string;

/** More than the kernel's largest struct that is used here. */
const STRUCT_BYTES = 16384;

export const u8 = (value: number): Content => ({ value, bytes: 1 });
export const u16 = (value: number): Content => ({ value, bytes: 2 });
export const u32 = (value: number): Content => ({ value, bytes: 4 });
export const u64 = (value: number | bigint): Content => ({ value, bytes: 8 });

export interface CallValues {
  readonly arguments?: readonly (number | bigint)[];
  readonly ret?: number | bigint;
}

export class Memory {
  readonly #offsets: Offsets;
  readonly #kernel = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #user = new Map<number, Uint8Array<ArrayBuffer>>();
  readonly #found = new Map<number, Uint8Array>();
  #next = 0x10_0000;

  constructor(offsets: Offsets) {
    this.#offsets = offsets;
  }

  /** A struct with these members, see {@link offset}. */
  struct(name: string, members: Readonly<Record<string, Content>>): number {
    const at = this.#allocate(this.#kernel, STRUCT_BYTES);
    for (const [member, content] of Object.entries(members)) this.put(at + this.offset(name, member), content);
    return at;
  }

  /** In bytes; `f_path/path.dentry` is the member `dentry` of the `struct path` that `f_path` is. */
  offset(struct: string, chain: string): number {
    let within = struct, offset = 0;
    for (const part of chain.split("/")) {
      const [, type, member = part] = /^(\w+)\.(\w+)$/.exec(part) ?? [];
      within = type ?? within;
      const [bits] = this.#offsets[within]?.[member] ?? [];
      if (bits === undefined) throw new Error(`no offset of ${within}.${member} was recorded`);
      offset += bits / 8;
    }
    return offset;
  }

  /** Whether this kernel's struct has the member. */
  has(struct: string, member: string): boolean {
    return this.#offsets[struct]?.[member] !== undefined;
  }

  text(text: string): number {
    return this.bytes(new TextEncoder().encode(`${text}\0`));
  }

  bytes(bytes: Uint8Array): number {
    const at = this.#allocate(this.#kernel, bytes.length + 8);
    this.put(at, bytes);
    return at;
  }

  /** Memory of the process. */
  userText(text: string): number {
    const bytes = new TextEncoder().encode(`${text}\0`);
    const at = this.#allocate(this.#user, bytes.length);
    this.#user.get(at)?.set(bytes);
    return at;
  }

  put(address: number, content: Content): void {
    const at = bytesAt(this.#kernel, address);
    if (at === undefined) throw new Error(`nothing is at ${address}`);
    if (typeof content === "string") at.set(new TextEncoder().encode(content));
    else if (content instanceof Uint8Array) at.set(content);
    else at.set(wordOf(content.value).subarray(0, content.bytes));
  }

  /** What a program finds of the path, the dentry or the packet at an address; names from the innermost on. */
  found(address: number, content: Uint8Array | readonly string[]): void {
    const text = (names: readonly string[]): string => [...names, ""].map((name) => `${name}\0`).join("");
    this.#found.set(address, content instanceof Uint8Array ? content : new TextEncoder().encode(text(content)));
  }

  /** Reads as a program does, and decodes. */
  capture(capture: Capture, values: CallValues): unknown {
    return capture.decode(capture.reads.map((read) => this.#read(read, values)));
  }

  #read(read: Read, values: CallValues): Slot | undefined {
    const value = read.source === "ret" ? values.ret : values.arguments?.[read.source];
    if (value === undefined) throw new Error(`the call has no ${read.source}`);
    if (read.kind === "value") return slotOf(wordOf(value), read.bytes);
    const address = this.#follow(Number(value), read.path);
    if (address === undefined) return undefined;
    if (read.kind !== "memory" && read.kind !== "string") {
      const bytes = this.#found.get(address);
      return bytes && slotOf(bytes, read.bytes);
    }
    const bytes = bytesAt(read.space === "user" ? this.#user : this.#kernel, address);
    return bytes && slotOf(read.kind === "string" ? cString(bytes, read.bytes) : bytes, read.bytes);
  }

  #follow(start: number, path: readonly number[]): number | undefined {
    let address = start;
    for (const [step, offset] of path.entries()) {
      address += offset;
      if (step === path.length - 1) break;
      const pointer = bytesAt(this.#kernel, address);
      if (pointer === undefined) return undefined;
      address = Number(new DataView(pointer.buffer, pointer.byteOffset).getBigUint64(0, true));
    }
    return address;
  }

  #allocate(areas: Map<number, Uint8Array<ArrayBuffer>>, bytes: number): number {
    const at = this.#next;
    areas.set(at, new Uint8Array(bytes));
    this.#next += (bytes + 0xfff) & ~0xfff;
    return at;
  }
}

function bytesAt(
  areas: ReadonlyMap<number, Uint8Array<ArrayBuffer>>,
  address: number,
): Uint8Array<ArrayBuffer> | undefined {
  for (const [start, bytes] of areas) {
    if (address >= start && address < start + bytes.length) return bytes.subarray(address - start);
  }
  return undefined;
}

function wordOf(value: number | bigint): Uint8Array {
  return new Uint8Array(new BigUint64Array([BigInt.asUintN(64, BigInt(value))]).buffer);
}

function cString(bytes: Uint8Array, length: number): Uint8Array {
  const end = bytes.indexOf(0);
  return new Uint8Array([...bytes.subarray(0, Math.min(end < 0 ? bytes.length : end, length - 1)), 0]);
}

/** In the middle of other data, which a decoder must not take for its own. */
function slotOf(bytes: Uint8Array, slot_bytes: number): Slot {
  const at = 8;
  const around = new Uint8Array(at + slot_bytes + 8).fill(0x5a);
  around.set(bytes.subarray(0, slot_bytes), at);
  return { view: new DataView(around.buffer), at, bytes: slot_bytes };
}
