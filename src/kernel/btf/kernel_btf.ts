/** Finds and opens the BTF of the running kernel, of its modules, or of a file. */
import { type Btf, KIND, parseBtf } from "./image.ts";
import { openFile } from "../userspace/byte_source.ts";
import { ElfError } from "../userspace/elf_error.ts";
import { ElfFile } from "../userspace/elf.ts";
import { functionSignature, rawTracepointSignature, type Signature, signatureOf } from "./signature.ts";

/** One file for the kernel and, from Linux 5.11 on, one for each module. */
const BTF_PATH = "/sys/kernel/btf";

export interface OpenOptions {
  /** Raw BTF, or an ELF file (vmlinux) with a section .BTF. Default: the running kernel's own. */
  readonly file?: string;
}

/** BTF, or why there is none and what helps. */
export type BtfFinding =
  | { readonly ok: true; readonly btf: KernelBtf }
  | { readonly ok: false; readonly error: string; readonly hint: string };

/** Where to look. */
export interface ModuleOption {
  /** A module's name as in /proc/modules. Default: the kernel itself. */
  readonly module?: string;
}

/** Reads the kernel's BTF: some 5 MB and 12 ms. What is missing or broken is told, not thrown. */
export function openKernelBtf(options: OpenOptions = {}): BtfFinding {
  const path = options.file ?? `${BTF_PATH}/vmlinux`;
  try {
    const types = parseBtf(readBtf(path));
    return { ok: true, btf: new KernelBtf(types, { path, modules_path: options.file ? undefined : BTF_PATH }) };
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof ElfError) {
      return { ok: false, error: `Cannot use ${path}: ${error.message}`, hint: OTHER_FILE };
    }
    if (error instanceof Deno.errors.NotFound && options.file === undefined) {
      return { ok: false, error: `this kernel has no BTF (${path} does not exist)`, hint: OTHER_FILE };
    }
    return { ok: false, error: `Cannot read ${path}: ${reasonOf(error)}`, hint: OTHER_FILE };
  }
}

const OTHER_FILE = "--btf FILE takes the BTF of exactly this kernel: raw, or a vmlinux file with a section .BTF; " +
  "without BTF arguments are plain numbers";

interface Origin {
  readonly path: string;
  readonly modules_path: string | undefined;
}

/** A kernel's types and functions. */
export class KernelBtf {
  /** Types of the kernel itself. */
  readonly types: Btf;
  /** Where it was read from. */
  readonly path: string;
  readonly #modules_path: string | undefined;
  readonly #modules = new Map<string, Btf | undefined>();

  constructor(types: Btf, origin: Origin) {
    this.types = types;
    this.path = origin.path;
    this.#modules_path = origin.modules_path;
  }

  /** Whether there is a function with this name; the first look for a name takes 3 ms. */
  hasFunction(name: string, options: ModuleOption = {}): boolean {
    return this.#in(options)?.find(name, [KIND.function]) !== undefined;
  }

  /** @returns undefined where BTF does not have the function, or the module has no BTF */
  signature(name: string, options: ModuleOption = {}): Signature | undefined {
    const btf = this.#in(options);
    return btf && functionSignature(btf, name);
  }

  /** Arguments of a raw tracepoint; `event` without its category. */
  rawTracepoint(event: string, options: ModuleOption = {}): Signature | undefined {
    const btf = this.#in(options);
    return btf && rawTracepointSignature(btf, event);
  }

  /** All functions in no order, without those of the kernel where a module is asked for; names may come twice. */
  *functions(options: ModuleOption = {}): Generator<FunctionEntry> {
    const btf = this.#in(options);
    if (btf === undefined) return;
    for (const id of btf.ids(KIND.function)) {
      yield { name: btf.name(id), signature: () => signatureOf(btf, id) };
    }
  }

  /** Modules that have BTF; none where a file was opened, or before Linux 5.11. */
  moduleNames(): string[] {
    if (this.#modules_path === undefined) return [];
    const names = Array.from(Deno.readDirSync(this.#modules_path), (entry) => entry.name);
    return names.filter((name) => name !== "vmlinux").sort();
  }

  /**
   * Types of a module and the kernel's; read at the first call.
   *
   * @returns undefined where the module is not loaded, or has no BTF that can be used
   */
  module(name: string): Btf | undefined {
    if (this.#modules.has(name)) return this.#modules.get(name);
    const btf = this.#modules_path === undefined ? undefined : this.#openModule(`${this.#modules_path}/${name}`);
    this.#modules.set(name, btf);
    return btf;
  }

  #openModule(path: string): Btf | undefined {
    try {
      return parseBtf(readBtf(path), { base: this.types });
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return undefined;
      throw error;
    }
  }

  #in({ module }: ModuleOption): Btf | undefined {
    return module === undefined ? this.types : this.module(module);
  }
}

/** A function with what it takes to list it. */
export interface FunctionEntry {
  readonly name: string;
  /** Made when it is called: a listing of many names shows the signatures of few. */
  signature(): Signature;
}

const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46];
const MIB = 1024 * 1024;
/** A kernel's types are some 5 MiB, with every driver built in 20. */
const MAX_BTF_BYTES = 256 * MIB;

/**
 * Raw BTF as it is; of an ELF file, however large, only the section.
 *
 * @throws {ElfError | SyntaxError} it is neither, or too large
 */
function readBtf(path: string): Uint8Array<ArrayBuffer> {
  using file = openFile(path);
  const start = file.read(0, Math.min(file.size, ELF_MAGIC.length));
  if (!ELF_MAGIC.every((byte, i) => start[i] === byte)) return file.read(0, boundedSize(file));
  using elf = ElfFile.open(path);
  const section = elf.sections.find(({ name }) => name === ".BTF");
  if (section === undefined) throw new SyntaxError("it is an ELF file without a section .BTF");
  boundedSize(section);
  return elf.content(section);
}

/** @throws {SyntaxError} more than any kernel has */
function boundedSize({ size }: { readonly size: number }): number {
  if (size <= MAX_BTF_BYTES) return size;
  throw new SyntaxError(`${Math.ceil(size / MIB)} MiB are no kernel's BTF, ${MAX_BTF_BYTES / MIB} are the most`);
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
