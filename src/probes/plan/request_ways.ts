/** What a request could be answered by, for every type of program. */
import type { Sources } from "./kernel_facts.ts";
import { planTracepoint, type Refusal } from "./tracepoint.ts";
import { needsReturn, type Wish } from "../request.ts";
import { tracepointWay, type Ways, withNote } from "./ways.ts";

/**
 * Plans one program. What programs on functions need is loaded when one is asked for: a tracepoint must not wait for it.
 *
 * @returns ways in the order in which to try them, or a refusal for the asker
 */
export async function waysOf(wish: Wish, sources: Sources): Promise<Ways | Refusal> {
  switch (wish.type) {
    case "tracepoint":
      return await tracepointWays(wish, sources);
    case "raw_tracepoint":
      return (await import("./raw_tracepoint.ts")).rawTracepointWays(wish, sources);
    case "kprobe":
    case "kretprobe":
    case "fentry":
    case "fexit":
      return (await import("./kernel_function.ts")).kernelFunctionWays(wish, sources);
    case "uprobe":
    case "uretprobe":
      return await (await import("./user_function.ts")).userFunctionWays(wish);
    case "profile":
      return {
        error: `Cannot run ${wish.asked}: samples of stacks are not taken event by event.`,
        hint: "Ask for type tool: target cpu-profile for what the CPUs run, off-cpu for what threads wait for.",
      };
    case "tool":
      return {
        error: `Cannot trace ${wish.asked}: a tool counts, it has no events to follow.`,
        hint: `ktriage tool run ${wish.target} counts; ktriage tool list shows the tools.`,
      };
  }
}

async function tracepointWays(wish: Wish, sources: Sources): Promise<Ways | Refusal> {
  const plan = planTracepoint(wish.target, sources.tracefs, {
    capture: wish.capture,
    with_return: needsReturn(wish),
  });
  if (!("error" in plan)) return tracepointWay(plan, wish);
  if (!("is_unknown" in plan)) return plan;
  if (!/^\w+(\.\w+)*$/.test(wish.target)) {
    const { userFunctionHint } = await import("./user_hint.ts");
    return { error: plan.error, hint: userFunctionHint(wish.target, sources.tracefs) ?? plan.hint };
  }
  const { kernelFunctionWays } = await import("./kernel_function.ts");
  const ways = await kernelFunctionWays({ ...wish, type: "kprobe" }, sources, { otherwise: plan });
  return "error" in ways ? ways : withNote(ways, `${wish.target} is a function, not a tracepoint`);
}
