/** A program or library, with the symbols that belong to it wherever they are. */
import { openDebugFile } from "./debug_info.ts";
import { ElfFile } from "./elf.ts";
import { ElfError } from "./elf_error.ts";
import { allSymbols, type ElfSymbol, findSymbols, hasSymbols } from "./symbols.ts";

/** e_machine of elf(5). */
const MACHINE: Readonly<Record<typeof Deno.build.arch, number>> = { x86_64: 62, aarch64: 183 };
const SHT_NOBITS = 8;

export class Program implements Disposable {
  readonly elf: ElfFile;
  #debug: ElfFile | undefined;
  /** The debug file has been looked for. */
  #is_complete = false;

  /** @throws {ElfError} the file holds no code that this host runs */
  constructor(path: string) {
    this.elf = ElfFile.open(path);
    try {
      checkRuns(this.elf);
    } catch (error) {
      this.elf[Symbol.dispose]();
      throw error;
    }
  }

  /**
   * Symbols with this name; those outside of the file only when it has none itself.
   *
   * @throws {ElfError} the file is damaged
   */
  async find(name: string): Promise<readonly ElfSymbol[]> {
    const own = [...findSymbols(this.elf, "symtab", name), ...findSymbols(this.elf, "dynsym", name)];
    if (own.some(({ kind }) => kind !== "imported")) return own;
    const debug = await this.#openDebug();
    return debug === undefined ? own : [...own, ...findSymbols(debug, "symtab", name)];
  }

  /** @throws {ElfError} the file is damaged */
  async *all(): AsyncGenerator<ElfSymbol> {
    yield* allSymbols(this.elf, "symtab");
    yield* allSymbols(this.elf, "dynsym");
    const debug = await this.#openDebug();
    if (debug !== undefined) yield* allSymbols(debug, "symtab");
  }

  /** Its stacks move while it runs, and its arguments are not where those of C are. */
  get isGo(): boolean {
    return this.elf.sections.some(({ name }) => name === ".gopclntab" || name === ".go.buildinfo");
  }

  /** Only the functions that other files use have names. */
  async isStripped(): Promise<boolean> {
    return !hasSymbols(this.elf, "symtab") && await this.#openDebug() === undefined;
  }

  [Symbol.dispose](): void {
    this.elf[Symbol.dispose]();
    this.#debug?.[Symbol.dispose]();
  }

  async #openDebug(): Promise<ElfFile | undefined> {
    if (!this.#is_complete) {
      this.#is_complete = true;
      this.#debug = await openDebugFile(this.elf);
    }
    return this.#debug;
  }
}

function checkRuns(elf: ElfFile): void {
  if (elf.machine !== MACHINE[Deno.build.arch]) {
    throw new ElfError("it is for another kind of machine", "Name a program that this host runs itself.");
  }
  if (!elf.segments.some(({ executable }) => executable)) {
    throw new ElfError("nothing in it is ever run: it is no program or library");
  }
  const code = elf.sections.filter(({ executable }) => executable);
  if (code.length > 0 && code.every(({ type }) => type === SHT_NOBITS)) {
    throw new ElfError("it holds only debug symbols", "Name the program or library that they were taken from.");
  }
}
