/** Symbols that were taken out of a file: the mini debug info inside of it, and separate debug files. */
import { memorySource } from "./byte_source.ts";
import { ElfFile } from "./elf.ts";
import { ElfError } from "./elf_error.ts";

/** Where distributions install separate debug files (gdb's `debug-file-directory`). */
const DEBUG_DIRECTORY = "/usr/lib/debug";
const MINI_DEBUG_INFO = ".gnu_debugdata";
/** Unpacked; the largest that Fedora ships are a tenth of it. What is more is an attack or an accident. */
const MAX_UNPACKED_BYTES = 256 * 1024 * 1024;

/**
 * The symbol table that belongs to a file and is not in it, as an ELF file of its own; undefined when there is none.
 * Its addresses are those of the file, its own segments say nothing.
 *
 * @throws {ElfError} it is there and damaged
 * @see https://sourceware.org/gdb/current/onlinedocs/gdb.html/Separate-Debug-Files.html
 */
export async function openDebugFile(elf: ElfFile): Promise<ElfFile | undefined> {
  return openByBuildId(elf) ?? await openMiniDebugInfo(elf);
}

function openByBuildId(elf: ElfFile): ElfFile | undefined {
  const id = elf.buildId();
  if (id === undefined || id.length < 4) return undefined;
  const path = `${DEBUG_DIRECTORY}/.build-id/${id.slice(0, 2)}/${id.slice(2)}.debug`;
  try {
    return ElfFile.open(path);
  } catch (error) {
    if (error instanceof ElfError) return undefined; // mostly not installed: the file itself must do
    throw error;
  }
}

async function openMiniDebugInfo(elf: ElfFile): Promise<ElfFile | undefined> {
  const section = elf.sections.find(({ name }) => name === MINI_DEBUG_INFO);
  if (section === undefined) return undefined;
  return new ElfFile(memorySource(await unpack(elf.content(section))));
}

/** XZ, as binutils and RPM write it. */
async function unpack(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  // a module that is only found in a bundle as what it says it is: elsewhere all of it is `default`
  const module: typeof import("xz-decompress") & { readonly default?: typeof import("xz-decompress") } = await import(
    "xz-decompress"
  );
  const { XzReadableStream } = module.default ?? module;
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  try {
    for await (const piece of new XzReadableStream(new Blob([packed]).stream())) {
      bytes += piece.length;
      if (bytes > MAX_UNPACKED_BYTES) throw new RangeError(`it is larger than ${MAX_UNPACKED_BYTES} bytes`);
      pieces.push(piece.slice());
    }
  } catch (error) {
    throw new ElfError(`its ${MINI_DEBUG_INFO} cannot be unpacked: ${error instanceof Error ? error.message : error}`);
  }
  return new Uint8Array(await new Blob(pieces).arrayBuffer());
}
