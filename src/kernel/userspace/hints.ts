/** What to name instead of a function that is not there. */
import { nearest } from "../nearest.ts";
import { type ElfFile, textAt, viewOf } from "./elf.ts";
import { ElfError } from "./elf_error.ts";
import { findLibraries } from "./libraries.ts";
import type { LocatedFile } from "./process_files.ts";
import { Program } from "./program.ts";
import { findSymbols } from "./symbols.ts";

/** More names than this take longer to compare than anybody waits. */
const MAX_COMPARED = 200_000;
const HINT_NAMES = 5;
/** A shorter word is a part of too many names. */
const MIN_PART = 3;
const SHT_DYNAMIC = 6, DT_NEEDED = 1n;

/** A sentence or two: where the function is, names that are close to it, or why there are none. */
export async function hintFor(
  files: readonly LocatedFile[],
  name: string,
  { is_imported }: { readonly is_imported: boolean },
): Promise<string> {
  const names = new Set<string>();
  let stripped: string | undefined, library: string | undefined;
  for (const file of files) {
    try {
      using program = new Program(file.path);
      if (is_imported) library ??= libraryWith(program.elf, name);
      for await (const symbol of program.all()) {
        if (names.size >= MAX_COMPARED) break;
        if (symbol.kind === "function") names.add(symbol.name);
      }
      if (await program.isStripped()) stripped ??= file.shown;
    } catch (error) {
      if (!(error instanceof ElfError)) throw error; // this one has no names
    }
  }
  if (library !== undefined) return `${library} has it: name that file, or a process that has it mapped.`;
  const close = closeTo(name.replace(/@.*$/, ""), names).slice(0, HINT_NAMES);
  if (close.length > 0) return `Nearest: ${close.join(", ")}`;
  return stripped === undefined
    ? "nm -C shows the functions of a file."
    : `${stripped} is stripped: only the functions that it exports have names. Install its debug symbols.`;
}

/** Names that are close; those that C++ and Rust make are too many and too long to count typing errors in. */
function closeTo(name: string, names: ReadonlySet<string>): readonly string[] {
  const mangled = [...names].filter(isMangled);
  if (isMangled(name)) {
    const without_types = name.replace(/E[^E]*$/, "E");
    return mangled.filter((candidate) => candidate.startsWith(without_types));
  }
  // the length stands before each part of a name: ns::run is somewhere in _ZN2ns3runEv
  const parts = name.split("::").map((part) => `${part.length}${part}`).join("");
  const meant = name.length < MIN_PART ? [] : mangled.filter((candidate) => candidate.includes(parts));
  const plain = [...names].filter((candidate) => !isMangled(candidate));
  return [...meant.sort((a, b) => a.length - b.length), ...nearest(name, plain)];
}

function isMangled(name: string): boolean {
  return /^_[ZR]/.test(name);
}

/** The library that a program gets a function from. */
function libraryWith(elf: ElfFile, name: string): string | undefined {
  return neededLibraries(elf).flatMap((library) => findLibraries(library).slice(0, 1)).find((path) => {
    using library = opened(path);
    return library !== undefined && findSymbols(library.elf, "dynsym", name).some(({ kind }) => kind !== "imported");
  });
}

function opened(path: string): Program | undefined {
  try {
    return new Program(path);
  } catch (error) {
    if (error instanceof ElfError) return undefined;
    throw error;
  }
}

/** The names that the linker wrote down (DT_NEEDED, elf(5)). */
function neededLibraries(elf: ElfFile): readonly string[] {
  const section = elf.sections.find(({ type }) => type === SHT_DYNAMIC);
  const strings = section === undefined ? undefined : elf.sections[section.link];
  if (section === undefined || strings === undefined) return [];
  const view = viewOf(elf.content(section));
  const text = elf.content(strings);
  return Array.from({ length: Math.floor(view.byteLength / 16) }, (_, i) => i * 16)
    .filter((at) => view.getBigUint64(at, true) === DT_NEEDED)
    .map((at) => textAt(text, view.getUint32(at + 8, true)));
}
