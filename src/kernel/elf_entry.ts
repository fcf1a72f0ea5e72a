/** Where a program starts, as a place in its file. */

const PT_LOAD = 1;

/**
 * The file offset of the first instruction of a 64-bit ELF program (elf(5)).
 *
 * @param start the file's first bytes, program headers included (4 KiB hold them)
 * @throws {SyntaxError} it is not such a program
 */
export function entryOffset(start: Uint8Array<ArrayBuffer>): bigint {
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (start.length < 64 || view.getUint32(0) !== 0x7f45_4c46 || start[4] !== 2) {
    throw new SyntaxError("This is no 64-bit ELF program");
  }
  const entry = view.getBigUint64(24, true);
  const headers_at = Number(view.getBigUint64(32, true));
  const header_bytes = view.getUint16(54, true);
  for (let i = 0; i < view.getUint16(56, true); i++) {
    const at = headers_at + i * header_bytes;
    if (at + 56 > start.length) break;
    if (view.getUint32(at, true) !== PT_LOAD) continue;
    const offset = view.getBigUint64(at + 8, true), address = view.getBigUint64(at + 16, true);
    const file_bytes = view.getBigUint64(at + 32, true);
    if (entry >= address && entry < address + file_bytes) return entry - address + offset;
  }
  throw new SyntaxError("This ELF program's entry lies in none of its segments");
}
