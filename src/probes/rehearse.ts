/** What a request would be attached to here, found out by attaching it for a moment. */
import { equivalentsOf, type FunctionResolution, resolveFunction } from "../kernel/functions/mod.ts";
import type { Rehearsal, Step } from "../protocol/probes.ts";
import type { ProbeType } from "../protocol/request.ts";
import { type Attempt, tryWay } from "./attach.ts";
import { explainFailure } from "./failure.ts";
import type { Ground } from "./ground.ts";
import type { KernelFacts } from "./plan/kernel_facts.ts";
import type { Refusal } from "./plan/tracepoint.ts";
import { waysOf } from "./plan/request_ways.ts";
import { understand } from "./request.ts";
import type { Target } from "./target.ts";
import { type DeadEnd, noWay, type ProbeKind, type Way, type Ways } from "./plan/ways.ts";

/** Types of requests, and kinds of attachments, that are about a function of the kernel. */
const OF_KERNEL_FUNCTIONS: ReadonlySet<string> = new Set<ProbeType | ProbeKind>([
  "kprobe",
  "kretprobe",
  "kprobe_multi",
  "kprobe_session",
  "fentry",
  "fexit",
]);

/** Goes through the ways of a request, attaches the first that the kernel takes, and detaches it at once. */
export async function rehearse(target: Target, ground: Ground): Promise<Rehearsal> {
  const wish = understand(target);
  if ("error" in wish) return { asked: target.target, steps: [], ...wish };
  const { asked } = wish;
  try {
    const ways = await waysOf(wish, ground);
    // events of this moment are of no interest: nothing passes the filter
    const attempt = { wish, ground, filters: { pid: Deno.pid }, rate_per_s: 1, on_event: () => {} };
    const walked = "error" in ways ? { steps: [], error: ways.error, hint: ways.hint } : await walk(ways, attempt);
    // a bare name is asked for as a tracepoint, and may turn out to be a function
    const is_function = [wish.type, ...walked.steps.map(({ kind }) => kind)].some((kind) =>
      OF_KERNEL_FUNCTIONS.has(kind)
    );
    return { asked, ...is_function ? aboutFunction(wish.target, await ground.facts()) : {}, ...walked };
  } catch (error) {
    return { asked, steps: [], ...explainFailure(`attach ${asked}`, error) };
  }
}

/** What can be said of a function by a user who may not try: its name here, its type, and what stands for it. */
export function foresee({ type, target }: Target, facts: KernelFacts): Rehearsal {
  const asked = `${type}:${target}`;
  const { resolution, signature } = aboutFunction(target, facts);
  if (resolution === undefined) return { asked, steps: [] };
  const steps = [...stepsToFunction(resolution), ...stepsToEquivalents(resolution)];
  const refusal = "error" in resolution && steps.length === 0 ? { error: resolution.error, hint: resolution.hint } : {};
  return { asked, resolution, ...(signature === undefined ? {} : { signature }), steps, ...refusal };
}

interface AboutFunction {
  readonly resolution?: FunctionResolution;
  readonly signature?: string;
}

function aboutFunction(target: string, facts: KernelFacts | Refusal): AboutFunction {
  if ("error" in facts) return {};
  const { btf, functions } = facts;
  const resolution = resolveFunction(target, functions);
  if (resolution.kind !== "function" || !btf.ok) return { resolution };
  const { base_name, module } = resolution;
  const signature = btf.btf.signature(base_name, module === undefined ? {} : { module })?.text;
  return { resolution, ...(signature === undefined ? {} : { signature }) };
}

function stepsToFunction(resolution: FunctionResolution): Step[] {
  if (resolution.kind === "syscall") {
    return [{ kind: "tracepoint", outcome: "untried", event: `syscalls:sys_enter_${resolution.call}` }];
  }
  if (resolution.kind !== "function") return [];
  const { name, fentry, kprobe } = resolution;
  return ([["fentry", fentry], ["kprobe", kprobe]] as const).map(([kind, verdict]): Step =>
    verdict.may
      ? { kind, outcome: "untried", event: `${kind}:${name}` }
      : { kind, outcome: "refused", why: verdict.why }
  );
}

function stepsToEquivalents(resolution: FunctionResolution): Step[] {
  if (resolution.kind !== "function" && resolution.kind !== "unknown") return [];
  const name = resolution.kind === "function" ? resolution.base_name : resolution.name;
  return equivalentsOf(name).map(({ event, says }): Step => ({
    kind: "tracepoint",
    outcome: "untried",
    event,
    ...(says === "" ? {} : { why: says }),
  }));
}

async function walk(ways: Ways, attempt: Attempt): Promise<Omit<Rehearsal, "asked">> {
  const steps: Step[] = [];
  const dead_ends: DeadEnd[] = [];
  let taken: Pick<Rehearsal, "event" | "attached_as"> | undefined;
  for (const way of ways) {
    if ("why" in way) {
      dead_ends.push(way);
      steps.push({ kind: way.kind, outcome: "refused", why: way.why });
      continue;
    }
    const outcome = taken === undefined ? await tryWay(way, dead_ends, attempt) : undefined;
    if (outcome === undefined) {
      steps.push({ ...stepOf(way), outcome: "spare" });
    } else if ("why" in outcome) {
      dead_ends.push(outcome);
      steps.push({ kind: way.kind, event: way.plan.event, outcome: "refused", why: outcome.why });
    } else {
      await attempt.ground.session.end(outcome.program);
      const { attached_as } = outcome;
      taken = { event: way.plan.event, ...(attached_as === undefined ? {} : { attached_as }) };
      steps.push({ ...stepOf(way), outcome: "taken" });
    }
  }
  if (taken !== undefined) return { steps, ...taken };
  return { steps, ...noWay(attempt.wish.asked, dead_ends) };
}

function stepOf({ kind, plan, notes }: Way): Pick<Step, "kind" | "event" | "why"> {
  return { kind, event: plan.event, ...(notes.length === 0 ? {} : { why: notes.join("; ") }) };
}
