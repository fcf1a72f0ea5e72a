/** What can be known of this kernel's functions before anything is attached to one. */
import type { SyscallArch } from "../tracing/syscalls.ts";
import type { TracefsRoot } from "../tracing/tracefs_files.ts";
import { isListed, matchingListed, parseBlacklist } from "./filter_functions.ts";
import { findSymbols, findVariants, type FunctionName, type KernelSymbol, matchingSymbols } from "./kallsyms.ts";

/** The facts that a function is resolved by. `undefined`: the file is missing, or not for this user. */
export interface KernelFunctions {
  /** `uname -r` */
  readonly release: string;
  /** A part of the names of functions behind system calls. */
  readonly arch: SyscallArch;
  /** Functions with exactly this name, in the order of their addresses; static functions may share one. */
  symbols(name: string): readonly KernelSymbol[] | undefined;
  /** What the compiler made of it, `finish_task_switch.isra.0` of `finish_task_switch`; never a `.cold` part. */
  variants(name: string): readonly KernelSymbol[] | undefined;
  /** Whether the BTF of the kernel, or of the module, describes the function. */
  hasBtf(name: string, module?: string): boolean | undefined;
  /** Whether tracing can be patched into the function; may cost seconds, so it is asked last. */
  isTraceable(name: string, module?: string): boolean | undefined;
  /** Whether kprobes are forbidden there; false also where the kernel does not tell. */
  isBlacklisted(name: string): boolean;
  /**
   * Functions that a pattern matches (`tcp_*`, `nf_conntrack:*`) and that can be traced; every one that there is, where
   * the kernel does not tell. Some come twice, and where nothing can be read there are none.
   */
  matching(pattern: string): Iterable<FunctionName>;
}

/** What is asked of BTF here; `KernelBtf` is one. */
export interface FunctionBtf {
  hasFunction(name: string, options?: { readonly module?: string }): boolean;
  /** Undefined where the module has no BTF. */
  module(name: string): unknown;
}

/** Where the facts come from; each is read when it is needed, once. */
export interface FunctionTexts {
  readonly release: string;
  readonly arch: SyscallArch;
  /** /proc/kallsyms */
  readonly kallsyms: () => string | undefined;
  /** tracefs' available_filter_functions in pieces; read as far as needed, and again for the next question. */
  readonly filter_functions: () => Iterable<string> | undefined;
  /** /sys/kernel/debug/kprobes/blacklist */
  readonly blacklist: () => string | undefined;
  readonly btf: () => FunctionBtf | undefined;
}

const KALLSYMS = "/proc/kallsyms";
const BLACKLIST = "/sys/kernel/debug/kprobes/blacklist";
const CHUNK_BYTES = 1 << 16;

export interface HostOptions {
  /** Undefined where tracefs cannot be read. */
  readonly tracefs: TracefsRoot | undefined;
  /** Of the running kernel, not of a file: what it does not describe cannot be attached to by name. */
  readonly btf: FunctionBtf | undefined;
}

/** Facts of the running kernel. */
export function hostFunctions({ tracefs, btf }: HostOptions): KernelFunctions {
  return functionsOf({
    release: Deno.osRelease(),
    arch: Deno.build.arch,
    kallsyms: () => readable(() => Deno.readTextFileSync(KALLSYMS)),
    filter_functions: () =>
      mapped(tracefs, ({ root }) => readable(() => chunksOf(Deno.openSync(`${root}/available_filter_functions`)))),
    blacklist: () => readable(() => Deno.readTextFileSync(BLACKLIST)),
    btf: () => btf,
  });
}

/** Facts from texts: of the running kernel, or recorded ones of another. */
export function functionsOf(texts: FunctionTexts): KernelFunctions {
  const kallsyms = once(texts.kallsyms);
  const btf = once(texts.btf);
  const blacklist = once(() => parseBlacklist(texts.blacklist() ?? ""));
  const traceable = new Map<string, boolean | undefined>();
  return {
    release: texts.release,
    arch: texts.arch,
    symbols: (name) => mapped(kallsyms(), (text) => findSymbols(text, name)),
    variants: (name) => mapped(kallsyms(), (text) => findVariants(text, name)),
    hasBtf: (name, module) =>
      mapped(btf(), (known) => {
        if (module === undefined) return known.hasFunction(name);
        return known.module(module) === undefined ? undefined : known.hasFunction(name, { module });
      }),
    isTraceable: (name, module) => {
      const key = `${module ?? ""}:${name}`;
      if (!traceable.has(key)) {
        traceable.set(
          key,
          mapped(
            texts.filter_functions(),
            (chunks) => isListed(chunks, { name, ...(module === undefined ? {} : { module }) }),
          ),
        );
      }
      return traceable.get(key);
    },
    isBlacklisted: (name) => blacklist().has(name),
    matching: (pattern) =>
      mapped(texts.filter_functions(), (chunks) => matchingListed(chunks, pattern)) ??
        matchingSymbols(kallsyms() ?? "", pattern),
  };
}

function mapped<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value);
}

function once<T>(read: () => T): () => T {
  let result: { readonly value: T } | undefined;
  return () => (result ??= { value: read() }).value;
}

/** A file that is missing, or refused, tells nothing; a hardened kernel refuses single ones even to root. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied) return undefined;
    throw error;
  }
}

function* chunksOf(file: Deno.FsFile): Generator<string> {
  using open = file;
  const bytes = new Uint8Array(CHUNK_BYTES);
  const decoder = new TextDecoder();
  for (let read = open.readSync(bytes); read !== null; read = open.readSync(bytes)) {
    yield decoder.decode(bytes.subarray(0, read), { stream: true });
  }
}
