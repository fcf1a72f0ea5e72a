/** What programs on functions need to know of this kernel: its symbols and its types. */
import { type BtfFinding, openKernelBtf } from "../../kernel/btf/mod.ts";
import { hostFunctions, type KernelFunctions } from "../../kernel/functions/mod.ts";
import type { TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import type { Refusal } from "./tracepoint.ts";

export interface KernelFacts {
  /** What arguments are decoded by: the kernel's own, or the file that was given. */
  readonly btf: BtfFinding;
  readonly functions: KernelFunctions;
}

/** What is known of this kernel. */
export interface Sources {
  readonly tracefs: TracefsRoot;
  /** Symbols and types, read when the first program on a function asks. */
  facts(): Promise<KernelFacts | Refusal>;
}

export interface FactOptions {
  /** Undefined where it cannot be read. */
  readonly tracefs: TracefsRoot | undefined;
  readonly btf_file: string | undefined;
}

/**
 * Reads BTF; symbols are read when they are asked for.
 *
 * @returns a refusal where the file that was given cannot be used: without it arguments would silently be numbers
 */
export function openKernelFacts({ tracefs, btf_file }: FactOptions): KernelFacts | Refusal {
  const own = openKernelBtf();
  const btf = btf_file === undefined ? own : openKernelBtf({ file: btf_file });
  if (!btf.ok && btf_file !== undefined) return { error: `${btf.error}.`, hint: `${btf.hint}.` };
  // what may be attached to is for the kernel's own BTF to say, whatever describes the arguments
  return { btf, functions: hostFunctions({ tracefs, btf: own.ok ? own.btf : undefined }) };
}
