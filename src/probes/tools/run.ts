/** One tool from start to outcome: its ways are tried in order, until this host takes one. */
import { SystemError } from "../../ffi/libc.ts";
import type { ToolReading } from "../../protocol/tool.ts";
import { FILTER_NAMES } from "../engine/config.ts";
import { explainFailure, reasonOf } from "../failure.ts";
import type { Refusal } from "../plan/tracepoint.ts";
import { type Tool, type ToolOutcome, type ToolRun, type ToolWay, Unavailable } from "./tool.ts";

/** As {@link ToolOutcome}, with the reading complete. */
export interface ToolResult extends Omit<ToolOutcome, "reading"> {
  readonly reading: ToolReading;
}

/** A tool that counts; disposing it detaches everything. */
export interface StartedTool extends Disposable {
  /** What answers, where that is not the tool's first choice, and why. */
  readonly attached_as?: string;
  finish(): Promise<ToolResult>;
}

/** @returns a refusal for filters that the tool does not have, and where no way works */
export async function startTool(tool: Tool, run: ToolRun): Promise<StartedTool | Refusal> {
  const refusal = refusedFilter(tool, run.filters);
  if (refusal !== undefined) return refusal;
  const dead_ends: string[] = [];
  let hint = tool.needs;
  for (const way of tool.ways) {
    try {
      const running = await way.start(run);
      const why = dead_ends.length === 0 ? {} : { attached_as: `${way.source}: ${dead_ends.join(", ")}` };
      return {
        ...why,
        finish: async () => completed(await running.finish(), way.source),
        [Symbol.dispose]: () => running[Symbol.dispose](),
      };
    } catch (error) {
      const end = deadEnd(way, error);
      if (!dead_ends.includes(end.why)) dead_ends.push(end.why);
      hint = end.hint ?? hint;
    }
  }
  return { error: `Cannot run the tool ${tool.name}: ${dead_ends.join(", ")}.`, hint };
}

/** Why a way leads nowhere; nothing that goes wrong with one tool may end the others of a request. */
function deadEnd({ source }: ToolWay, error: unknown): { readonly why: string; readonly hint?: string | undefined } {
  if (error instanceof Unavailable) return { why: error.message, hint: error.hint };
  if (!(error instanceof SystemError)) {
    return { why: `${source} could not be used (${error instanceof Error ? error.message : error})` };
  }
  const { hint } = explainFailure("", error);
  return { why: `${source} could not be used (${reasonOf(error)})`, ...(hint === "" ? {} : { hint }) };
}

function completed(outcome: ToolOutcome, source: string): ToolResult {
  const { reading, lost_events, missed_hits = 0 } = outcome;
  const lost = lost_events === 0 ? [] : [`${lost_events} found no room in the tool's maps and are in no row`];
  const missed = missed_hits === 0 ? [] : [`${missed_hits} were skipped by the kernel: nested on the same CPU`];
  return { ...outcome, reading: { source, ...reading, notes: [...reading.notes, ...lost, ...missed] } };
}

/** Why a tool cannot be filtered so; undefined where it can. */
export function refusedFilter({ name, filters: known }: Tool, filters: ToolRun["filters"]): Refusal | undefined {
  const unknown = Object.entries(filters)
    .filter(([filter, value]) => value !== undefined && !known.some((one) => one === filter))
    .map(([filter]) => filter);
  if (unknown.length === 0) return undefined;
  const there = known.length === 0 ? "It takes none." : `It takes ${known.join(", ")}.`;
  const why = unknown.every((filter) => FILTER_NAMES.some((one) => one === filter))
    ? "what it counts has no such thing"
    : "unknown to this version of ktriage";
  return { error: `Cannot run the tool ${name} filtered by ${unknown.join(", ")}: ${why}.`, hint: there };
}
