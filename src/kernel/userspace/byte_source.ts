/** Bytes of a file that is too large to read whole, or of memory, through one door. */
import { ElfError } from "./elf_error.ts";

export interface ByteSource extends Disposable {
  /** In bytes. */
  readonly size: number;
  /**
   * A copy of `length` bytes.
   *
   * @throws {RangeError} they are not all there
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer>;
}

/** @throws {Deno.errors.NotFound | Deno.errors.PermissionDenied | ElfError} ElfError: it is no regular file */
export function openFile(path: string): ByteSource {
  // a pipe or a device would block, or do something, when it is opened
  if (!Deno.statSync(path).isFile) throw new ElfError("it is no regular file");
  const file = Deno.openSync(path);
  const { size } = file.statSync();
  return {
    size,
    read: (offset, length) => {
      checkRange(size, offset, length);
      const bytes = new Uint8Array(length);
      file.seekSync(offset, Deno.SeekMode.Start);
      for (let at = 0; at < length;) {
        const count = file.readSync(bytes.subarray(at));
        if (count === null) throw new RangeError(`the file ends at byte ${offset + at}`);
        at += count;
      }
      return bytes;
    },
    [Symbol.dispose]: () => file.close(),
  };
}

export function memorySource(bytes: Uint8Array<ArrayBuffer>): ByteSource {
  return {
    size: bytes.length,
    read: (offset, length) => {
      checkRange(bytes.length, offset, length);
      return bytes.slice(offset, offset + length);
    },
    [Symbol.dispose]: () => {},
  };
}

function checkRange(size: number, offset: number, length: number): void {
  if (offset < 0 || length < 0 || offset + length > size) {
    throw new RangeError(`bytes ${offset} to ${offset + length} of a file of ${size} bytes`);
  }
}
