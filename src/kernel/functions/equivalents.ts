/** Tracepoints that tell what a probe on a function would tell: for kernels where functions cannot be probed. */
import { syscallOfFunction } from "../tracing/renamed.ts";
import { type SyscallArch, syscallNumber } from "../tracing/syscalls.ts";
import { type EquivalentRow, equivalentRows } from "./equivalents_table.ts";
import { withoutSuffix } from "./kallsyms.ts";

/** A tracepoint in a function's place. */
export interface Equivalent {
  /** `category:name`; whether this kernel has it is not checked. */
  readonly event: string;
  /** Only records whose field has one of these values. */
  readonly match?: { readonly field: string; readonly values: readonly number[] };
  /** It fires as often as the function is called, but for what `says` names. */
  readonly is_exact: boolean;
  /** What differs, a clause for `attached_as`; empty where nothing does. */
  readonly says: string;
  /** The entry of system calls: paired with their exit, it tells the result and the time that it took. */
  readonly has_return: boolean;
  /** The field of its record that holds what the function returned. */
  readonly returned_in?: string;
}

export interface EquivalentOptions {
  /** Which end of the call is asked for; some functions have an event for each. Default: `entry`. */
  readonly phase?: "entry" | "return";
  /** Whose numbers of system calls to match. Default: of this host. */
  readonly arch?: SyscallArch;
}

/**
 * @param function_name as in kallsyms, or as people call it: other kernels' names are known too
 * @returns the best first; an older kernel may have only a later one, or none
 */
export function equivalentsOf(function_name: string, options: EquivalentOptions = {}): readonly Equivalent[] {
  const { phase = "entry", arch = Deno.build.arch } = options;
  const name = withoutSuffix(function_name.trim());
  const rows = (byFunction().get(name) ?? []).filter((row) => row.phase === undefined || row.phase === phase);
  const known = rows.map((row) => equivalentOf(row, arch));
  if (known.length > 0) return known;
  const call = /^__sys_(\w+)$/.exec(name)?.[1] ?? syscallOfFunction(name);
  return call === undefined ? [] : [{ ...ofCalls([call], arch), is_exact: true, says: "" }];
}

let index: ReadonlyMap<string, readonly EquivalentRow[]> | undefined;

function byFunction(): ReadonlyMap<string, readonly EquivalentRow[]> {
  if (index !== undefined) return index;
  const rows = new Map<string, EquivalentRow[]>();
  for (const row of equivalentRows()) rows.set(row.function_name, [...rows.get(row.function_name) ?? [], row]);
  return index = rows;
}

function equivalentOf(row: EquivalentRow, arch: SyscallArch): Equivalent {
  const { what, match, is_exact, says, returned_in } = row;
  if (typeof what !== "string") {
    const which = what.length > 1 ? `system calls ${what.join(", ")}` : "";
    return { ...ofCalls(what, arch), is_exact, says: [which, says].filter((clause) => clause !== "").join(": ") };
  }
  const [field, value] = match?.split("=") ?? [];
  return {
    event: what,
    ...(field === undefined ? {} : { match: { field, values: [Number(value)] } }),
    is_exact,
    says,
    has_return: false,
    ...(returned_in === undefined ? {} : { returned_in }),
  };
}

/** One call has an event that decodes its arguments; of several the numbers are matched, as this architecture has them. */
function ofCalls(
  calls: readonly string[],
  arch: SyscallArch,
): Pick<Equivalent, "event" | "match" | "has_return"> {
  const [call, ...others] = calls;
  if (others.length === 0) return { event: `syscalls:sys_enter_${call}`, has_return: true };
  const values = calls.map((name) => syscallNumber(name, arch)).filter((number) => number !== undefined);
  return { event: "raw_syscalls:sys_enter", match: { field: "id", values }, has_return: true };
}
