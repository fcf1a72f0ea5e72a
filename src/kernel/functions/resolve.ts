/** Which function of this kernel a request means, and whether it can be probed. */
import { nearest } from "../nearest.ts";
import { isBefore } from "../host/release.ts";
import { SYSCALL_EVENT_NAMES, syscallOfFunction } from "../tracing/renamed.ts";
import { syscallNumber } from "../tracing/syscalls.ts";
import { type Asked, parseAsked } from "./asked.ts";
import { attachability, type Verdict } from "./attachability.ts";
import { isPart, type KernelSymbol, withoutSuffix } from "./kallsyms.ts";
import type { KernelFunctions } from "./kernel_functions.ts";
import { otherNames } from "./renames.ts";

export interface ResolvedFunction {
  readonly kind: "function";
  /** As it was asked for, without the type of the probe. */
  readonly asked: string;
  /** As kallsyms has it, with a compiler's suffix: `finish_task_switch.isra.0`. */
  readonly name: string;
  /** Without the suffix: what BTF and `equivalentsOf()` know. */
  readonly base_name: string;
  /** Of its first instruction; undefined where the kernel hides addresses. */
  readonly address?: bigint;
  readonly module?: string;
  /** Why it is not what was asked for, and what else to know: `do_fork became kernel_clone in Linux 5.10`. */
  readonly note?: string;
  readonly fentry: Verdict;
  readonly kprobe: Verdict;
}

/** The function behind a system call: its one argument is a `struct pt_regs *`, its tracepoints tell the arguments. */
export interface ResolvedSyscall {
  readonly kind: "syscall";
  readonly asked: string;
  /** `connect`; a name that `resolveTarget()` finds the events of. */
  readonly call: string;
  readonly note: string;
}

/** `unknown`: not in this kernel, as far as it says; look for equivalents by `name`. `pattern`: it means several. */
export interface Unresolved {
  readonly kind: "unknown" | "pattern";
  readonly asked: string;
  readonly name: string;
  readonly error: string;
  readonly hint: string;
}

export type FunctionResolution = ResolvedFunction | ResolvedSyscall | Unresolved;

/** Functions that the entry code calls: all that they get is the registers. */
const TAKES_REGISTERS = /^__(x64|ia32|arm64)_sys_/;
/** Names in a hint. */
const HINT_NAMES = 5;
/** Names that are looked at for a hint: each one may cost a look into a long list. */
const HINT_CANDIDATES = 12;

/**
 * Finds the function that a target means: `tcp_connect`, `kprobe:tcp_connect`, `vmlinux:tcp_connect`,
 * `nf_conntrack:nf_conntrack_in`, a system call's function (`__x64_sys_connect`, `sys_connect`), a name that another
 * kernel has (`do_fork`), a name that the compiler gave a suffix.
 */
export function resolveFunction(target: string, kernel: KernelFunctions): FunctionResolution {
  const parsed = parseAsked(target);
  if ("error" in parsed) return { kind: "unknown", name: parsed.asked, ...parsed };
  if (/[*?]/.test(parsed.name)) return severalFor(parsed, kernel);
  const wrapped = TAKES_REGISTERS.test(parsed.name) ? syscallFor(parsed, kernel) : undefined;
  if (wrapped !== undefined) return wrapped;
  const exact = lookUp(parsed, kernel) ?? elsewhere(parsed, kernel);
  if (exact !== undefined && mayProbe(exact)) return withNewerName(exact, kernel);
  return syscallFor(parsed, kernel) ?? renamed(parsed, kernel) ?? exact ?? unknown(parsed, kernel);
}

/** Whether any kind of probe may be tried on it. */
export function mayProbe({ fentry, kprobe }: ResolvedFunction): boolean {
  return fentry.may || kprobe.may;
}

/** The function of this name, or what the compiler made of it; undefined where this kernel has none. */
function lookUp({ asked, name, module }: Asked, kernel: KernelFunctions): ResolvedFunction | undefined {
  const isMeant = (symbol: KernelSymbol): boolean => module === undefined || (symbol.module ?? "vmlinux") === module;
  const symbols = kernel.symbols(name)?.filter(isMeant);
  if (symbols === undefined) {
    return withoutSymbols({ asked, name, ...(module === undefined ? {} : { module }) }, kernel);
  }
  const candidates = symbols.length > 0 ? symbols : kernel.variants(name)?.filter(isMeant) ?? [];
  const symbol = candidates.find(({ is_global }) => is_global) ?? candidates[0];
  if (symbol === undefined) return undefined;
  const namesakes = candidates.filter((other) => other.name === symbol.name && other.module === symbol.module).length;
  const note = noteOn(symbol, { name, candidates });
  return {
    kind: "function",
    asked,
    name: symbol.name,
    base_name: withoutSuffix(symbol.name),
    ...(symbol.address === undefined ? {} : { address: symbol.address }),
    ...(symbol.module === undefined ? {} : { module: symbol.module }),
    ...(note === "" ? {} : { note }),
    ...attachability({ ...symbol, namesakes }, kernel),
  };
}

/** Where kallsyms cannot be read: by BTF, and where there is none by trying. */
function withoutSymbols({ asked, name, module }: Asked, kernel: KernelFunctions): ResolvedFunction | undefined {
  const inside = module === undefined || module === "vmlinux" ? {} : { module };
  if (kernel.hasBtf(name, inside.module) === false) return undefined;
  return {
    kind: "function",
    asked,
    name,
    base_name: withoutSuffix(name),
    ...inside,
    ...attachability({ name, namesakes: 1, ...inside }, kernel),
  };
}

/** The function of another module than the one that was named, or of the kernel itself. */
function elsewhere({ asked, name, module }: Asked, kernel: KernelFunctions): ResolvedFunction | undefined {
  const found = module === undefined ? undefined : lookUp({ asked, name }, kernel);
  if (found === undefined) return undefined;
  const note = found.module === undefined ? `${name} is in the kernel itself` : `${name} is in module ${found.module}`;
  return { ...found, note: withNote(note, found) };
}

function withNote(note: string, { note: more }: Pick<ResolvedFunction, "note">): string {
  return more === undefined ? note : `${note}; ${more}`;
}

function noteOn(
  symbol: KernelSymbol,
  { name, candidates }: { readonly name: string; readonly candidates: readonly KernelSymbol[] },
): string {
  const notes: string[] = [];
  if (symbol.name !== name) notes.push(`the compiler made ${symbol.name} of ${name}`);
  if (isPart(symbol.name)) notes.push("its callers contain the rest of it, so not every call is seen");
  const others = candidates.filter((other) => other !== symbol);
  if (others.length > 0) notes.push(`${others.length} more of this name: ${namesOf(others)}`);
  return notes.join("; ");
}

function namesOf(symbols: readonly KernelSymbol[]): string {
  const names = symbols.map(({ name, module, address }) =>
    `${module === undefined ? "" : `${module}:`}${name}${address === undefined ? "" : ` at 0x${address.toString(16)}`}`
  );
  return shortList(names);
}

/** Of an old name that is still there: who asks for it should hear where most calls go now. */
function withNewerName(found: ResolvedFunction, kernel: KernelFunctions): ResolvedFunction {
  const newer = otherNames(found.base_name).find(({ name, is_newer, since }) =>
    is_newer && (kernel.symbols(name)?.length ?? 0) > 0 && !isBefore(kernel.release, versionOf(since))
  );
  if (newer === undefined) return found;
  return { ...found, note: withNote(`${newer.note}, which this kernel has as well`, found) };
}

/** A name of an unknown age counts as old. */
function versionOf(since = "0.0"): readonly [number, number] {
  const [major = 0, minor = 0] = since.split(".").map(Number);
  return [major, minor];
}

function renamed({ asked, name }: Asked, kernel: KernelFunctions): ResolvedFunction | undefined {
  for (const other of otherNames(name)) {
    const found = lookUp({ asked, name: other.name }, kernel);
    if (found === undefined || !mayProbe(found)) continue;
    return { ...found, note: withNote(other.note, found) };
  }
  return undefined;
}

function syscallFor({ asked, name }: Asked, kernel: KernelFunctions): ResolvedSyscall | undefined {
  const call = syscallOfFunction(name);
  if (call === undefined) return undefined;
  const is_known = syscallNumber(call, kernel.arch) !== undefined || Object.hasOwn(SYSCALL_EVENT_NAMES, call) ||
    (kernel.symbols(`__${kernel.arch === "x86_64" ? "x64" : "arm64"}_sys_${call}`)?.length ?? 0) > 0;
  return is_known ? { kind: "syscall", asked, call, note: `${name} is the system call ${call}` } : undefined;
}

function severalFor({ asked, name, module }: Asked, kernel: KernelFunctions): FunctionResolution {
  const matches = namesMatching(module === undefined ? name : `${module}:${name}`, kernel).sort();
  const [first, second] = matches;
  if (first !== undefined && second === undefined) {
    const found = resolveFunction(first, kernel);
    if (found.kind !== "function") return found;
    return { ...found, asked, note: withNote(`${asked} matches only ${first}`, found) };
  }
  if (first === undefined) return unknown({ asked, name: name.replace(/[*?]/g, "") }, kernel);
  return {
    kind: "pattern",
    asked,
    name,
    error: `Cannot probe ${asked}: it matches ${matches.length} functions, and one program probes one function.`,
    hint: `Name one of: ${shortList(probeable(matches, kernel))}. ktriage probes list '${name}' shows all.`,
  };
}

function namesMatching(pattern: string, kernel: KernelFunctions): string[] {
  return [...new Set(Iterator.from(kernel.matching(pattern)).map(({ name }) => name))];
}

function unknown({ asked, name }: Asked, kernel: KernelFunctions): Unresolved {
  const near = probeable(nearest(name, namesMatching("*", kernel), { limit: HINT_CANDIDATES }), kernel);
  return {
    kind: "unknown",
    asked,
    name,
    error: `Cannot probe ${asked}: this kernel has no such function, or the compiler has inlined it.`,
    hint: near.length > 0
      ? `Nearest: ${near.slice(0, HINT_NAMES).join(", ")}`
      : "ktriage probes list '<pattern>' shows what can be probed.",
  };
}

/** The first names of a list that can be probed. */
function probeable(names: readonly string[], kernel: KernelFunctions): string[] {
  const found: string[] = [];
  for (const name of names) {
    const resolved = lookUp({ asked: name, name }, kernel);
    if (resolved !== undefined && mayProbe(resolved)) found.push(resolved.name);
    if (found.length > HINT_NAMES) break;
  }
  return found;
}

function shortList(names: readonly string[]): string {
  const shown = names.slice(0, HINT_NAMES).join(", ");
  return names.length > HINT_NAMES ? `${shown}, …` : shown;
}
