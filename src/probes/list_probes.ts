/** What can be probed here: functions with their arguments, tracepoints with their fields. */
import type { KernelBtf, Signature } from "../kernel/btf/mod.ts";
import { parseFormat } from "../kernel/tracing/format.ts";
import { type FunctionName, withoutSuffix } from "../kernel/functions/mod.ts";
import { globOf } from "../kernel/glob.ts";
import { readTracefs, type TracefsRoot } from "../kernel/tracing/tracefs_files.ts";
import type { ListedProbe } from "../protocol/probes.ts";
import type { KernelType } from "./listed_types.ts";
import type { KernelFacts } from "./plan/kernel_facts.ts";
import { systemCallFields } from "./plan/tracepoint.ts";

export interface ListSources {
  readonly facts: KernelFacts;
  /** Undefined where tracefs cannot be read. */
  readonly tracefs: TracefsRoot | undefined;
}

/** Without the others a list of all types names each function once. */
const DEFAULT_TYPES: readonly KernelType[] = ["tracepoint", "raw_tracepoint", "kprobe"];

/**
 * Lists what a pattern matches, sorted by name within each type.
 *
 * @param pattern `tcp*`; of tracepoints it matches the name, or the name with its category
 * @param types default: tracepoints, raw tracepoints and functions
 */
export function listProbes(
  pattern: string,
  { facts, tracefs, types = DEFAULT_TYPES }: ListSources & { readonly types?: readonly KernelType[] },
): ListedProbe[] {
  const glob = pattern.trim().replaceAll("/", ":");
  const matches = globOf(glob);
  const signatures = new Signatures(facts.btf.ok ? facts.btf.btf : undefined);
  return types.flatMap((type) => {
    if (type === "tracepoint") return tracefs === undefined ? [] : tracepoints(matches, tracefs);
    if (type === "raw_tracepoint") return rawTracepoints(matches, signatures);
    return functions(facts.functions.matching(glob), { signatures, type });
  });
}

function tracepoints(matches: RegExp, tracefs: TracefsRoot): ListedProbe[] {
  const events = readTracefs(tracefs, "available_events").trim().split("\n");
  return events.filter((event) => matches.test(event) || matches.test(event.replace(/^.*:/, ""))).sort()
    .map((target) => ({ type: "tracepoint", target, ...fieldsOf(target, tracefs) }));
}

function fieldsOf(event: string, tracefs: TracefsRoot): Pick<ListedProbe, "arguments"> {
  try {
    const format = parseFormat(readTracefs(tracefs, `events/${event.replace(":", "/")}/format`));
    const fields = event.startsWith("syscalls:") ? systemCallFields(format) : format.fields;
    return { arguments: fields.map(({ name, type }) => ({ name, type })) };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof SyntaxError) return {}; // of ftrace's own making
    throw error;
  }
}

/** The function that calls the programs on a raw tracepoint; its first argument is their list. */
const CALLER = "__traceiter_";

function rawTracepoints(matches: RegExp, signatures: Signatures): ListedProbe[] {
  const names = signatures.namesIn(undefined).filter((name) => name.startsWith(CALLER))
    .map((name) => name.slice(CALLER.length)).filter((name) => matches.test(name));
  return names.sort().map((target) => ({
    type: "raw_tracepoint",
    target,
    arguments: argumentsOf(signatures.of({ name: CALLER + target })).arguments?.slice(1) ?? [],
  }));
}

function functions(
  matching: Iterable<FunctionName>,
  { signatures, type }: { readonly signatures: Signatures; readonly type: KernelType },
): ListedProbe[] {
  const found = new Map<string, FunctionName>();
  for (const each of matching) found.set(each.module === undefined ? each.name : `${each.module}:${each.name}`, each);
  return [...found].sort(([a], [b]) => a < b ? -1 : 1).map(([target, each]) => ({
    type,
    target,
    ...argumentsOf(signatures.of(each)),
  }));
}

/** Signatures of many functions: one look through all names of BTF instead of one look for each name. */
class Signatures {
  readonly #known = new Map<string | undefined, ReadonlyMap<string, () => Signature>>();

  constructor(readonly btf: KernelBtf | undefined) {}

  of({ name, module }: FunctionName): Signature | undefined {
    return this.#in(module).get(withoutSuffix(name))?.();
  }

  /** @param module undefined: the kernel itself */
  namesIn(module: string | undefined): string[] {
    return [...this.#in(module).keys()];
  }

  #in(module: string | undefined): ReadonlyMap<string, () => Signature> {
    let known = this.#known.get(module);
    if (known === undefined) {
      const entries = this.btf?.functions(module === undefined ? {} : { module }) ?? [];
      this.#known.set(module, known = new Map(Iterator.from(entries).map((each) => [each.name, each.signature])));
    }
    return known;
  }
}

function argumentsOf(signature: Signature | undefined): Pick<ListedProbe, "arguments" | "returns"> {
  if (signature === undefined) return {};
  const { parameters, returns } = signature;
  return {
    arguments: parameters.map(({ name, type }) => ({ name, type })),
    ...(returns === undefined ? {} : { returns: returns.type }),
  };
}
