/** Ways to a function of the kernel: fentry, kprobes, and tracepoints that tell the same. */
import { type Equivalent, equivalentsOf, type ResolvedFunction, resolveFunction } from "../../kernel/functions/mod.ts";
import { tracefsHas, type TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import type { ProbeType } from "../../protocol/request.ts";
import { functionReading, type Reading } from "./captures.ts";
import type { Attachment } from "./function_plan.ts";
import type { KernelFacts, Sources } from "./kernel_facts.ts";
import { type Plan, planEvent, planTracepoint, type Refusal } from "./tracepoint.ts";
import { isReturnType, needsReturn, type Wish } from "../request.ts";
import { userFunctionHint } from "./user_hint.ts";
import { type DeadEnd, tracepointWay, type Way, type Ways } from "./ways.ts";

export interface FunctionOptions {
  /** The answer where no function has the name, and no tracepoint stands for it. */
  readonly otherwise?: Refusal;
}

/** Plans a program on a function of the kernel; `otherwise` marks a name that was asked for as a tracepoint. */
export async function kernelFunctionWays(
  wish: Wish,
  sources: Sources,
  { otherwise }: FunctionOptions = {},
): Promise<Ways | Refusal> {
  const event = eventWays(wish, sources.tracefs);
  if (event !== undefined) return event;
  const facts = await sources.facts();
  if ("error" in facts) return facts;
  const found = resolveFunction(wish.target, facts.functions);
  switch (found.kind) {
    case "function":
      return functionWays(wish, found, { facts, tracefs: sources.tracefs });
    case "syscall":
      return systemCallWays(wish, found.call, sources.tracefs);
    case "pattern":
      return otherwise ?? { error: found.error, hint: found.hint };
    case "unknown": {
      const ways = [...equivalentWays(wish, { base_name: found.name, name: found.name }, sources.tracefs)];
      if (ways.length === 0) {
        const { error, hint } = found;
        return otherwise ?? { error, hint: userFunctionHint(wish.target, sources.tracefs) ?? hint };
      }
      return [{ kind: "kprobe", why: `this kernel has no function ${found.name}` }, ...ways];
    }
  }
}

/** `sched:sched_switch`: an event, whatever type of program was asked for. */
function eventWays(wish: Wish, tracefs: TracefsRoot): Ways | Refusal | undefined {
  const [, category, name] = /^(\w+)[:/](\w+)$/.exec(wish.target) ?? [];
  if (category === undefined || !tracefsHas(tracefs, `events/${category}/${name}/id`)) return undefined;
  const plan = planTracepoint(wish.target, tracefs, { capture: wish.capture });
  return "error" in plan ? plan : tracepointWay(plan, wish, { told: plan.event, better: "it is no function" });
}

/** The function behind a system call gets a `struct pt_regs *`; the tracepoint of the call tells what is in there. */
function systemCallWays(wish: Wish, call: string, tracefs: TracefsRoot): Ways | Refusal {
  const plan = planTracepoint(`syscalls:sys_enter_${call}`, tracefs, { capture: wish.capture });
  if ("error" in plan) return plan;
  const better = `${wish.target} is the function behind this system call`;
  return tracepointWay(plan, wish, { told: `tracepoint ${plan.event}`, better });
}

interface Known {
  readonly facts: KernelFacts;
  readonly tracefs: TracefsRoot;
}

function functionWays(wish: Wish, found: ResolvedFunction, { facts, tracefs }: Known): Ways | Refusal {
  const on_return = needsReturn(wish);
  const reading = functionReading(wish, found, { btf: facts.btf, on_return });
  if ("error" in reading) return reading;
  return inOrder(wish, found, { reading, tracefs, on_return });
}

interface Prepared {
  readonly reading: Reading;
  readonly tracefs: TracefsRoot;
  readonly on_return: boolean;
}

function* inOrder(wish: Wish, found: ResolvedFunction, { reading, tracefs, on_return }: Prepared): Ways {
  for (const place of placesOf(found, on_return ? RETURN_KINDS : ENTRY_KINDS)) {
    yield "why" in place ? place : functionWay(wish, found, { place, reading });
  }
  yield* equivalentWays(wish, found, tracefs);
}

type Place = Exclude<Attachment, { kind: "raw_tracepoint" | "uprobe" | "uretprobe" }>;

/** The cheapest first. */
const ENTRY_KINDS = ["fentry", "kprobe_multi", "kprobe"] as const;
const RETURN_KINDS = ["fexit", "kprobe_session", "kretprobe"] as const;

function* placesOf(
  { name, address, fentry, kprobe }: ResolvedFunction,
  [trace, multi, single]: typeof ENTRY_KINDS | typeof RETURN_KINDS,
): Iterable<Place | DeadEnd> {
  yield fentry.may ? { kind: trace, function_name: name } : { kind: trace, why: fentry.why };
  if (!kprobe.may) return yield { kind: single, why: kprobe.why };
  if (address !== undefined) yield { kind: multi, address };
  yield { kind: single, function_name: name, ...(address === undefined ? {} : { address }) };
}

/** What each kind is called: that kprobe_multi is a kprobe is nothing to bother people with. */
const WORDS: Readonly<Record<Place["kind"], ProbeType>> = {
  fentry: "fentry",
  fexit: "fexit",
  kprobe_multi: "kprobe",
  kprobe: "kprobe",
  kprobe_session: "kretprobe",
  kretprobe: "kretprobe",
};

function functionWay(
  wish: Wish,
  found: ResolvedFunction,
  { place, reading }: { readonly place: Place; readonly reading: Reading },
): Way {
  const word = WORDS[place.kind], event = `${word}:${found.name}`;
  const { notes, ...read } = reading;
  const as_asked = word === wish.type && found.note === undefined;
  const better = whyBetter(word, wish);
  return {
    plan: { kind: "function", event, attachment: place, ...read },
    kind: place.kind,
    ...(as_asked ? {} : { told: event + (found.note === undefined ? "" : ` (${found.note})`) }),
    ...(better === undefined ? {} : { better }),
    notes,
  };
}

/** Empty where it is what was asked for; undefined where it is taken only because that did not work. */
function whyBetter(word: ProbeType, wish: Wish): string | undefined {
  if (word === wish.type) return "";
  if (isReturnType(word) && !isReturnType(wish.type)) return "what is asked for is known at the return only";
  const is_cheaper = word === "fentry" || word === "fexit";
  return is_cheaper ? `cheaper than a ${wish.type}, the same call` : undefined;
}

function* equivalentWays(
  wish: Wish,
  { base_name, name, note }: Pick<ResolvedFunction, "base_name" | "name" | "note">,
  tracefs: TracefsRoot,
): Ways {
  const wants_return = needsReturn(wish);
  const subject = name + (note === undefined ? "" : ` (${note})`);
  const phase = wants_return ? "return" : "entry";
  for (const equivalent of inOrderOfWorth(equivalentsOf(base_name, { phase }), wish)) {
    const plan = planEquivalent(equivalent, tracefs);
    if (plan === undefined) continue;
    if (wish.aggregate === "latency" && plan.return_id === undefined) {
      yield { kind: "tracepoint", why: `tracepoint ${plan.event} measures no latency` };
      continue;
    }
    yield {
      plan,
      kind: "tracepoint",
      told: `${subject} via tracepoint ${plan.event}`,
      notes: [
        ...(equivalent.says === "" ? [] : [equivalent.says]),
        ...(wants_return ? returnNote(equivalent) : []),
        ...missingCaptures(wish.capture, plan),
      ],
    };
  }
}

/** What tells the result comes first where it is asked for. */
function inOrderOfWorth(equivalents: readonly Equivalent[], wish: Wish): readonly Equivalent[] {
  if (!needsReturn(wish)) return equivalents;
  const tells = ({ has_return, returned_in }: Equivalent): boolean => has_return || returned_in !== undefined;
  return equivalents.toSorted((a, b) => Number(tells(b)) - Number(tells(a)));
}

function returnNote({ has_return, returned_in }: Equivalent): string[] {
  if (has_return) return [];
  return [
    returned_in === undefined ? "what the function returned is not known" : `what it returned is in ${returned_in}`,
  ];
}

function planEquivalent({ event, match }: Equivalent, tracefs: TracefsRoot): Plan | undefined {
  const [category = "", name = ""] = event.split(":");
  if (!tracefsHas(tracefs, `events/${category}/${name}/id`)) return undefined;
  const plan = planEvent({ category, name, ...(match === undefined ? {} : { match }) }, tracefs);
  return "error" in plan ? undefined : plan;
}

function missingCaptures(capture: readonly string[], { shown, return_id }: Plan): string[] {
  const known = new Set([...shown.map(({ field }) => field.name), ...(return_id === undefined ? [] : ["ret"])]);
  const missing = capture.filter((text) => !known.has(text.trim().replace(/:.*$/, "")));
  return missing.length === 0 ? [] : [`it cannot tell ${missing.join(", ")}`];
}
