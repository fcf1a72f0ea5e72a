/** Reads /proc/kallsyms, the kernel's symbols and their addresses: 120,000 lines, never split into lines. */

import { globSource } from "../glob.ts";

/** A function of the kernel or of a module. */
export interface FunctionName {
  readonly name: string;
  readonly module?: string;
}

export interface KernelSymbol extends FunctionName {
  /** Of its first instruction; undefined where the kernel hides addresses (kernel.kptr_restrict). */
  readonly address?: bigint;
  /** Visible outside of its source file. */
  readonly is_global: boolean;
}

/** Letters of nm(1) for code: global, local, weak. */
const CODE = "TtWw";
/** What the kernel made up at run time, which no probe takes: ftrace's and kprobes' own pages, BPF programs. */
const GENERATED = /^(__builtin__\w+|bpf)$/;
/** Labels of assembly (`.E_copy`) are no functions. */
const IDENTIFIER = /^[A-Za-z_]/;
/** Padding before functions (`__pfx_`, since 6.2, and Clang's `__cfi_`) looks like a function and is none. */
const PADDING = /^__(pfx|cfi)_/;
/** Copies that a compiler made of a whole function, or of a part of it; `.cold` parts are no functions. */
const SUFFIX = /(?:\.(?:isra|constprop|part|llvm|lto_priv)\.\d+)+$/;

/** The name without what a compiler put behind it: `finish_task_switch` of `finish_task_switch.isra.0`. */
export function withoutSuffix(name: string): string {
  return name.replace(SUFFIX, "");
}

/** Functions with exactly this name, in the order of the text: of their addresses, modules last. */
export function findSymbols(kallsyms: string, name: string): KernelSymbol[] {
  return [...symbolsAt(kallsyms, name)].filter((symbol) => symbol.name === name);
}

/** Functions that a compiler made of one with this name; whole ones stand before parts. */
export function findVariants(kallsyms: string, name: string): KernelSymbol[] {
  const variants = [...symbolsAt(kallsyms, `${name}.`)].filter((symbol) => withoutSuffix(symbol.name) === name);
  return variants.sort((a, b) => Number(isPart(a.name)) - Number(isPart(b.name)));
}

/** The rest of such a function was moved into its callers: a probe sees some of its calls only. */
export function isPart(name: string): boolean {
  return /\.part\.\d+/.test(name);
}

/**
 * Functions that a pattern matches, `name.isra.0` and the like among them, without `.cold` parts; some come twice.
 *
 * @param pattern `tcp_*`, or with the module in front: `nf_conntrack:*`, `vmlinux:tcp_*`
 */
export function* matchingSymbols(kallsyms: string, pattern: string): Generator<FunctionName> {
  for (const match of kallsyms.matchAll(new RegExp(`^\\S+ [TtWw] ${nameSource(pattern)}$`, "gm"))) {
    const [, name = "", module] = match;
    if (isFunction(name, module)) yield { name, ...(module === undefined ? {} : { module }) };
  }
}

/** For a name, and its module in brackets behind it, as kallsyms and tracefs write them. */
export function nameSource(pattern: string): string {
  const [name = "", module] = pattern.split(":").reverse();
  const behind = `\\s+\\[(${module === undefined ? "[^\\]]+" : globSource(module, "[^\\]]")})\\]`;
  return `(${globSource(name, "\\S")})` +
    (module === "vmlinux" ? "" : module === undefined ? `(?:${behind})?` : behind);
}

/** Symbols whose name begins with `start`. */
function* symbolsAt(kallsyms: string, start: string): Generator<KernelSymbol> {
  const wanted = ` ${start}`;
  for (let at = kallsyms.indexOf(wanted); at >= 0; at = kallsyms.indexOf(wanted, at + wanted.length)) {
    const begin = kallsyms.lastIndexOf("\n", at) + 1;
    const end = kallsyms.indexOf("\n", at);
    const symbol = parseLine(kallsyms.slice(begin, end < 0 ? undefined : end));
    if (symbol !== undefined) yield symbol;
  }
}

function parseLine(line: string): KernelSymbol | undefined {
  const [, address = "", type = "", name = "", module] = /^([0-9a-f]+) (\w) (\S+)(?:\s+\[([^\]]+)\])?$/.exec(line) ??
    [];
  if (!CODE.includes(type) || !isFunction(name, module)) return undefined;
  return {
    name,
    ...(/^0+$/.test(address) ? {} : { address: BigInt(`0x${address}`) }),
    is_global: type !== "t",
    ...(module === undefined ? {} : { module }),
  };
}

function isFunction(name: string, module: string | undefined): boolean {
  return IDENTIFIER.test(name) && !PADDING.test(name) && !/\.cold(\.|$)/.test(name) &&
    !(module !== undefined && GENERATED.test(module));
}
