/** Versions of a library's symbols: `.gnu.version` and `.gnu.version_d` (Linux Standard Base, symbol versioning). */
import { type ElfFile, textAt, viewOf } from "./elf.ts";

export interface Version {
  readonly name: string;
  /** Kept for programs that were linked with it. */
  readonly is_old: boolean;
}

export interface Versions {
  /** @param index of the symbol in `.dynsym` */
  of(index: number): Version | undefined;
}

const SHT_GNU_VERDEF = 0x6fff_fffd, SHT_GNU_VERSYM = 0x6fff_ffff;
const HIDDEN = 0x8000;
/** 0 and 1 stand for local and for no version. */
const FIRST_VERSION = 2;

/** @throws {ElfError} the file is damaged */
export function readVersions(elf: ElfFile): Versions {
  const numbers = elf.sections.find(({ type }) => type === SHT_GNU_VERSYM);
  if (numbers === undefined) return { of: () => undefined };
  const view = viewOf(elf.content(numbers));
  const names = versionNames(elf);
  return {
    of: (index) => {
      const at = index * 2;
      const number = at + 2 <= view.byteLength ? view.getUint16(at, true) : 0;
      const name = names.get(number & ~HIDDEN);
      return name === undefined ? undefined : { name, is_old: (number & HIDDEN) !== 0 };
    },
  };
}

function versionNames(elf: ElfFile): ReadonlyMap<number, string> {
  const names = new Map<number, string>();
  const section = elf.sections.find(({ type }) => type === SHT_GNU_VERDEF);
  const strings = section === undefined ? undefined : elf.sections[section.link];
  if (section === undefined || strings === undefined) return names;
  const view = viewOf(elf.content(section));
  const text = elf.content(strings);
  // a chain of offsets: each step leads forward, or the file is damaged and the chain ends
  for (let at = 0, next = 1; next > 0 && at + 20 <= view.byteLength; at += next) {
    next = view.getUint32(at + 16, true);
    const name_at = at + view.getUint32(at + 12, true);
    const number = view.getUint16(at + 4, true);
    if (number >= FIRST_VERSION && name_at + 4 <= view.byteLength) {
      names.set(number, textAt(text, view.getUint32(name_at, true)));
    }
  }
  return names;
}
