/** `/etc/ld.so.cache`: the libraries that the dynamic linker knows (glibc, sysdeps/generic/dl-cache.h). */
import { textAt, viewOf } from "./elf.ts";

export interface CachedLibrary {
  /** `libc.so.6` */
  readonly name: string;
  readonly path: string;
  /** Machine and kind of the library: {@link LIBRARY_FLAGS}. */
  readonly flags: number;
  /** It is only for CPUs with certain features. */
  readonly is_special: boolean;
}

/** FLAG_X8664_LIB64 and FLAG_AARCH64_LIB64, with FLAG_ELF_LIBC6. */
export const LIBRARY_FLAGS: Readonly<Record<typeof Deno.build.arch, number>> = { x86_64: 0x303, aarch64: 0xa03 };

const MAGIC = new TextEncoder().encode("glibc-ld.so.cache1.1");
const OLD_MAGIC = "ld.so-1.7.0\0";
const HEADER_BYTES = 48, ENTRY_BYTES = 24, OLD_HEADER_BYTES = 16, OLD_ENTRY_BYTES = 12;

/**
 * Libraries in the linker's order.
 *
 * @throws {SyntaxError} it is no such cache, or one that glibc before 2.2 wrote
 */
export function parseLibraryCache(bytes: Uint8Array<ArrayBuffer>): readonly CachedLibrary[] {
  const start = startOfCache(bytes);
  const cache = bytes.subarray(start);
  if (cache.length < HEADER_BYTES || !MAGIC.every((byte, i) => cache[i] === byte)) {
    throw new SyntaxError("This is no ld.so.cache");
  }
  const view = viewOf(cache);
  const count = Math.min(view.getUint32(20, true), Math.floor((cache.length - HEADER_BYTES) / ENTRY_BYTES));
  return Array.from({ length: count }, (_, i) => HEADER_BYTES + i * ENTRY_BYTES).map((at) => ({
    flags: view.getUint32(at, true),
    name: textAt(cache, view.getUint32(at + 4, true)),
    path: textAt(cache, view.getUint32(at + 8, true)),
    is_special: view.getBigUint64(at + 16, true) !== 0n,
  }));
}

/** glibc before 2.32 wrote the new format behind the old one, aligned to 4 bytes. */
function startOfCache(bytes: Uint8Array<ArrayBuffer>): number {
  const is_old = bytes.length >= OLD_HEADER_BYTES &&
    new TextDecoder().decode(bytes.subarray(0, OLD_MAGIC.length)) === OLD_MAGIC;
  if (!is_old) return 0;
  const end = OLD_HEADER_BYTES + viewOf(bytes).getUint32(12, true) * OLD_ENTRY_BYTES;
  return Math.ceil(end / 4) * 4;
}
