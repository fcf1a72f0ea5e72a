/** Ways to answer a request: what could be attached, the cheapest first, and what to say of the one that is taken. */
import type { Attachment, FunctionPlan } from "./function_plan.ts";
import type { Plan, Refusal } from "./tracepoint.ts";
import type { Wish } from "../request.ts";

/** What the kernel refuses of one attachment of a kind because of the kind, it refuses of all. */
export type ProbeKind = Attachment["kind"] | "tracepoint";

/** What a host refuses of one of them, it refuses of the other. */
const FAMILIES: Partial<Record<ProbeKind, ProbeKind>> = { fexit: "fentry", kretprobe: "kprobe", uretprobe: "uprobe" };

/** The kind under which a refusal is remembered. */
export function familyOf(kind: ProbeKind): ProbeKind {
  return FAMILIES[kind] ?? kind;
}

export interface Way {
  readonly plan: Plan | FunctionPlan;
  readonly kind: ProbeKind;
  /** What is attached, `kernel_clone (…) via tracepoint sched:sched_process_fork`; absent: exactly what was asked for. */
  readonly told?: string;
  /** Why it is taken, where that is not because the ways before it failed; empty where there is nothing to say. */
  readonly better?: string;
  /** What else the asker must know, a clause each. */
  readonly notes: readonly string[];
}

/** A way that leads nowhere, and why: known before it was tried, or found out. */
export interface DeadEnd {
  readonly kind: ProbeKind;
  /** A clause: `this kernel has no BTF`. */
  readonly why: string;
  /** What helps, or the last lines of the verifier's log. */
  readonly hint?: string;
}

/** In order; a generator plans each way only when those before it have failed. */
export type Ways = Iterable<Way | DeadEnd>;

/**
 * @param dead_ends ways before this one
 * @returns the result's `attached_as`: undefined when exactly what was asked for was attached, and no more is to say
 */
export function attachedAs({ told, better, notes }: Way, dead_ends: readonly DeadEnd[]): string | undefined {
  const why = better ?? because(dead_ends);
  const main = told === undefined ? [] : [why === "" ? told : `${told}: ${why}`];
  const clauses = [...main, ...notes];
  return clauses.length === 0 ? undefined : clauses.join("; ");
}

const OF_KERNEL = "this kernel ";
/** Other ways to attach a kprobe: that they are not there either tells nobody anything. */
const UNTOLD: ReadonlySet<ProbeKind> = new Set(["kprobe_multi", "kprobe_session"]);

/** Dead ends as one clause; what the kernel as such lacks is said in one go: `this kernel has no kprobes and refuses fentry`. */
export function because(dead_ends: readonly DeadEnd[]): string {
  const told = dead_ends.filter(({ kind }) => !UNTOLD.has(kind));
  const reasons = [...new Set((told.length === 0 ? dead_ends : told).map(({ why }) => why))];
  const of_kernel = reasons.filter((why) => why.startsWith(OF_KERNEL)).map((why) => why.slice(OF_KERNEL.length));
  const others = reasons.filter((why) => !why.startsWith(OF_KERNEL));
  return [...(of_kernel.length === 0 ? [] : [OF_KERNEL + joined(of_kernel)]), ...others].join(", ");
}

const LACKS = "has no ";

/** `has no BTF and no kprobes`; what says more of itself, behind a comma, comes behind what does not. */
function joined(of_kernel: readonly string[]): string {
  const lacking = of_kernel.filter((why) => why.startsWith(LACKS)).map((why) => why.slice(LACKS.length));
  const missing = lacking.toSorted((a, b) => Number(a.includes(",")) - Number(b.includes(",")));
  const refused = of_kernel.filter((why) => !why.startsWith(LACKS));
  const lacks = missing.length === 0 ? [] : [LACKS + missing.join(" and no ")];
  return [...refused, ...lacks].join(" and ");
}

const NO_EQUIVALENT = "No tracepoint is known that tells the same: ask for a system call or a tracepoint near it. " +
  "`ktriage probes list '*name*'` shows what there is.";

/** What to say when every way was a dead end. */
export function noWay(asked: string, dead_ends: readonly DeadEnd[]): Refusal {
  const hint = dead_ends.findLast((end) => (end.hint ?? "") !== "")?.hint ?? NO_EQUIVALENT;
  return { error: `Cannot attach ${asked}: ${because(dead_ends)}.`, hint };
}

/** Ways with one more thing to say of each. */
export function* withNote(ways: Ways, note: string): Ways {
  for (const way of ways) yield "why" in way ? way : { ...way, notes: [note, ...way.notes] };
}

/** The only way of a tracepoint; refused where it cannot give what is wanted of it. */
export function tracepointWay(
  plan: Plan,
  { aggregate }: Pick<Wish, "aggregate">,
  telling: Pick<Way, "told" | "better"> = {},
): Ways | Refusal {
  if (aggregate === "latency" && plan.return_id === undefined) {
    return {
      error: `Cannot measure the latency of tracepoint ${plan.event}: it is a moment, not a call that returns.`,
      hint: "Ask for a system call (syscalls/sys_enter_read), or for a function's return (kretprobe vfs_read).",
    };
  }
  const { attached_as } = plan;
  return [{ plan, kind: "tracepoint", ...telling, notes: attached_as === undefined ? [] : [attached_as] }];
}
