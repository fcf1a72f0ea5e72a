/** Whether a function can be probed, by what the kernel tells of it. */
import type { KernelSymbol } from "./kallsyms.ts";
import type { KernelFunctions } from "./kernel_functions.ts";

/** Whether a kind of probe may be tried on a function. What the host allows as such is not part of it. */
export type Verdict = { readonly may: true } | { readonly may: false; readonly why: string };

export interface Attachability {
  /** Also for fexit. */
  readonly fentry: Verdict;
  /** Also for kretprobe, kprobe.multi and kprobe.session. */
  readonly kprobe: Verdict;
}

export interface Candidate extends Partial<KernelSymbol> {
  readonly name: string;
  /** Functions with this very name, itself among them. */
  readonly namesakes: number;
}

/**
 * kallsyms proves nothing: what is `notrace`, inlined with a copy left over, or a part of the tracing machinery stands
 * there too. What settles it is available_filter_functions, which takes long to read; a global function that BTF
 * describes is tried without asking it, and a refusal then comes from the kernel.
 */
export function attachability(candidate: Candidate, kernel: KernelFunctions): Attachability {
  const { name, module, namesakes } = candidate;
  const has_btf = kernel.hasBtf(name, module);
  const is_blacklisted = kernel.isBlacklisted(name);
  const is_likely = candidate.is_global === true && has_btf === true && namesakes === 1 && !is_blacklisted;
  const is_refused = !is_likely && kernel.isTraceable(name, module) === false;
  const untraceable = {
    may: false,
    why: `${name} is not traceable in this kernel (inlined, or marked notrace)`,
  } as const;
  const blacklisted = { may: false, why: `${name} is on the kernel's blacklist of kprobes` } as const;
  return {
    fentry: is_refused ? untraceable : fentryVerdict(candidate, has_btf),
    kprobe: is_blacklisted ? blacklisted : is_refused ? untraceable : { may: true },
  };
}

function fentryVerdict({ name, module, namesakes }: Candidate, has_btf: boolean | undefined): Verdict {
  const whose = module === undefined ? "this kernel's BTF" : `the BTF of module ${module}`;
  if (has_btf === undefined) {
    return { may: false, why: `${module === undefined ? "this kernel" : `module ${module}`} has no BTF` };
  }
  if (!has_btf) return { may: false, why: `${name} is not in ${whose}` };
  if (namesakes > 1) {
    return { may: false, why: `${namesakes} functions are called ${name}, and fentry takes a name only` };
  }
  return { may: true };
}
