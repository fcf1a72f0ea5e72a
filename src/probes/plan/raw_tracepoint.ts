/** Ways to a raw tracepoint: its arguments as the kernel passes them, or the event of the same name. */
import type { BtfFinding } from "../../kernel/btf/mod.ts";
import { rawTracepointReading } from "./captures.ts";
import type { Sources } from "./kernel_facts.ts";
import { planTracepoint, type Refusal } from "./tracepoint.ts";
import { needsReturn, type Wish } from "../request.ts";
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
  if (!btf.ok) {
    const first = { kind: "raw_tracepoint", why: btf.error } as const;
    const ways = eventWays(wish, sources, first);
    const is_about_capture = "error" in ways && !("error" in eventWays({ ...wish, capture: [] }, sources, first));
    return is_about_capture ? withoutTypes(wish, btf, ways) : ways;
  }
  if (signature === undefined) {
    return eventWays(wish, sources, { kind: "raw_tracepoint", why: `this kernel has no raw tracepoint ${name}` });
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

/** The asker named arguments; that the record of the event has other fields comes second. */
function withoutTypes(
  { asked, capture }: Wish,
  { error, hint }: Extract<BtfFinding, { readonly ok: false }>,
  event: Refusal,
): Refusal {
  return {
    error: `Cannot capture ${capture.join(", ")} of ${asked}: ${error}.`,
    hint: `${hint}. Or capture fields of the event of this name. ${event.hint}`,
  };
}

/** The event that the tracepoint is the source of, behind what comes first. */
function eventWays(wish: Wish, { tracefs }: Sources, first: Way | DeadEnd): Ways | Refusal {
  const plan = planTracepoint(wish.target, tracefs, { capture: wish.capture, with_return: needsReturn(wish) });
  if ("error" in plan) return plan;
  const event = tracepointWay(plan, wish, { told: `tracepoint ${plan.event}` });
  return "error" in event ? event : [first, ...event];
}
