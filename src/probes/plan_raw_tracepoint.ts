/** Ways to a raw tracepoint: its arguments as the kernel passes them, or the event of the same name. */
import { rawTracepointReading } from "./captures.ts";
import { planTracepoint, type Refusal } from "./plan.ts";
import type { Sources } from "./plan_request.ts";
import { needsReturn, type Wish } from "./request.ts";
import { type DeadEnd, tracepointWay, type Way, type Ways } from "./ways.ts";

/** Plans a program on a raw tracepoint, which is named with or without its category. */
export async function rawTracepointWays(wish: Wish, sources: Sources): Promise<Ways | Refusal> {
  if (wish.aggregate === "latency") {
    return eventWays(wish, sources, { kind: "raw_tracepoint", why: "a raw tracepoint is a moment" });
  }
  const name = wish.target.replace(/^.*[:/]/, "");
  const facts = await sources.facts();
  if ("error" in facts) return facts;
  const { btf } = facts;
  const signature = btf.ok ? btf.btf.rawTracepoint(name) : undefined;
  if (signature === undefined) {
    const why = btf.ok ? `this kernel has no raw tracepoint ${name}` : "this kernel has no BTF";
    return eventWays(wish, sources, { kind: "raw_tracepoint", why });
  }
  const reading = rawTracepointReading(wish, signature);
  if ("error" in reading) return reading;
  const { notes, ...read } = reading;
  const raw: Way = {
    plan: {
      kind: "function",
      event: `raw_tracepoint:${name}`,
      attachment: { kind: "raw_tracepoint", event: name },
      ...read,
    },
    kind: "raw_tracepoint",
    notes,
  };
  const event = eventWays({ ...wish, capture: [] }, sources, raw);
  return "error" in event ? [raw] : event;
}

/** The event that the tracepoint is the source of, behind what comes first. */
function eventWays(wish: Wish, { tracefs }: Sources, first: Way | DeadEnd): Ways | Refusal {
  const plan = planTracepoint(wish.target, tracefs, { capture: wish.capture, with_return: needsReturn(wish) });
  if ("error" in plan) return plan;
  const event = tracepointWay(plan, wish, { told: `tracepoint ${plan.event}` });
  return "error" in event ? event : [first, ...event];
}
