/** Functions in the kernel's BTF (Documentation/bpf/btf.rst). */
import { Buffer } from "node:buffer";

const MAGIC = 0xeb9f;
const KIND_FUNC = 12;
/** Bytes after the 12 of each type, for each of its `vlen` members. */
const MEMBER_BYTES: Readonly<Record<number, number>> = { 4: 12, 5: 12, 6: 8, 13: 8, 15: 12, 19: 12 };
/** Bytes after the 12 of a type, once: int, array, var, declaration tag. */
const EXTRA_BYTES: Readonly<Record<number, number>> = { 1: 4, 3: 12, 14: 4, 17: 4 };
const TYPE_BYTES = 12;

/** What BTF's header says. */
export interface BtfHeader {
  readonly types_at: number;
  readonly types_bytes: number;
  readonly strings_at: number;
  readonly strings_bytes: number;
}

/**
 * @param btf the content of /sys/kernel/btf/vmlinux
 * @throws {SyntaxError} it is not BTF of this byte order
 */
export function parseBtfHeader(btf: Uint8Array<ArrayBuffer>): BtfHeader {
  const view = new DataView(btf.buffer, btf.byteOffset, btf.byteLength);
  if (btf.length < 24 || view.getUint16(0, true) !== MAGIC) throw new SyntaxError("This is no BTF: wrong magic number");
  const header_bytes = view.getUint32(4, true);
  const header = {
    types_at: header_bytes + view.getUint32(8, true),
    types_bytes: view.getUint32(12, true),
    strings_at: header_bytes + view.getUint32(16, true),
    strings_bytes: view.getUint32(20, true),
  };
  if (header.strings_at + header.strings_bytes > btf.length) throw new SyntaxError("This BTF is cut off");
  return header;
}

/**
 * Finds a function's type id, as BPF_PROG_LOAD wants it.
 *
 * @returns undefined when the kernel's BTF does not have the function
 * @throws {SyntaxError} it is not BTF, or has a kind of type that is newer than this program
 */
export function findBtfFunction(btf: Uint8Array<ArrayBuffer>, name: string): number | undefined {
  const header = parseBtfHeader(btf);
  const name_at = findString(btf.subarray(header.strings_at, header.strings_at + header.strings_bytes), name);
  if (name_at === undefined) return undefined;
  const view = new DataView(btf.buffer, btf.byteOffset + header.types_at, header.types_bytes);
  let id = 1;
  for (let at = 0; at < header.types_bytes; id++) {
    const info = view.getUint32(at + 4, true);
    const kind = info >>> 24 & 0x1f;
    if (kind === KIND_FUNC && view.getUint32(at, true) === name_at) return id;
    if (kind === 0 || kind > 19) throw new SyntaxError(`BTF type ${id} is of unknown kind ${kind}`);
    at += TYPE_BYTES + (EXTRA_BYTES[kind] ?? 0) + (info & 0xffff) * (MEMBER_BYTES[kind] ?? 0);
  }
  return undefined;
}

/** Offset of a whole string in the string section; the section has every string once. */
function findString(strings: Uint8Array<ArrayBuffer>, text: string): number | undefined {
  const at = Buffer.from(strings.buffer, strings.byteOffset, strings.length).indexOf(`\0${text}\0`);
  return at < 0 ? undefined : at + 1;
}
