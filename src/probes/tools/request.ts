/** A curated tool that was asked for by name, as a program of a request. */
import type { EbpfResult } from "../../protocol/result.ts";
import type { Refusal } from "../plan/tracepoint.ts";
import { startTool, type ToolResult } from "./run.ts";
import { toolNamed } from "./registry.ts";
import type { ToolRun } from "./tool.ts";

/** Of the result of a request, what a tool says. */
type Told = Omit<EbpfResult, "program_name" | "type" | "target" | "start_time">;

export interface RunningRequest {
  /** Nanoseconds since the epoch. */
  readonly start_time: bigint;
  readonly attached_as?: string;
  readonly end: () => Promise<Told>;
  readonly disposable: Disposable;
}

/** @returns a refusal for a name that no tool has, for filters that it does not take, for a host that offers no way */
export async function startToolRequest(name: string, run: ToolRun): Promise<RunningRequest | Refusal> {
  const tool = await toolNamed(name);
  if ("error" in tool) return tool;
  const start_time = now(run);
  const started = await startTool(tool, run);
  if ("error" in started) return started;
  const { attached_as } = started;
  return {
    start_time,
    ...(attached_as === undefined ? {} : { attached_as }),
    end: async () => told(await started.finish(), now(run)),
    disposable: started,
  };
}

function told(
  { reading, event_count, lost_events, missed_hits = 0, events, summary }: ToolResult,
  end_time: bigint,
): Told {
  return {
    end_time,
    event_count,
    lost_events,
    ...(missed_hits > 0 ? { missed_hits } : {}),
    sampled: events.length > 0 && events.length < event_count,
    events: [...events],
    reading,
    summary,
  };
}

/** On the clock of the events, where there are any. */
function now({ ground }: ToolRun): bigint {
  return "error" in ground ? BigInt(Date.now()) * 1_000_000n : ground.session.now();
}
