/** Functions of other kernels: `tests/data/kallsyms`. */
import { functionsOf, type FunctionTexts, type KernelFunctions } from "../../../src/kernel/functions/mod.ts";

const FOLDER = new URL("../../data/kallsyms/", import.meta.url);

/** Debian's kernels, oldest first. */
export const LINUX_KERNELS = ["linux-5.10", "linux-6.1", "linux-6.12", "linux-7.3"] as const;
const HARDENED_KERNEL = "hardened-6.18";
export const ALL_KERNELS = [...LINUX_KERNELS, HARDENED_KERNEL] as const;
export type RecordedKernel = (typeof ALL_KERNELS)[number];

/** The facts of a recorded kernel; `changes` replace single ones. */
export function recordedFunctions(kernel: RecordedKernel, changes: Partial<FunctionTexts> = {}): KernelFunctions {
  const traceable = recordedText(kernel, "traceable");
  return functionsOf({
    release: kernel.replace(/^\w+-/, ""),
    arch: "x86_64",
    kallsyms: () => recordedText(kernel, "kallsyms"),
    filter_functions: () => traceable === undefined ? undefined : inPieces(traceable),
    blacklist: () => recordedText(kernel, "blacklist"),
    btf: () => recordedBtf(recordedText(kernel, "btf") ?? ""),
    ...changes,
  });
}

/** Undefined where the kernel did not show the file. */
export function recordedText(
  kernel: RecordedKernel,
  what: "kallsyms" | "traceable" | "blacklist" | "btf",
): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(`${kernel}.${what}.txt`, FOLDER));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Cut where no line ends, as reads of the file are. */
export function* inPieces(text: string, length = 37): Generator<string> {
  for (let at = 0; at < text.length; at += length) yield text.slice(at, at + length);
}

function recordedBtf(text: string): ReturnType<FunctionTexts["btf"]> {
  const lines = new Set(text.trim().split("\n"));
  return {
    hasFunction: (name, { module } = {}) => lines.has(module === undefined ? name : `${name} [${module}]`),
    module: (name) => [...lines].some((line) => line.endsWith(` [${name}]`)) ? {} : undefined,
  };
}
