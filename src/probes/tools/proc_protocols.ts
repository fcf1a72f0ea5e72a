/** Ways without BPF: what the counters of the network protocols rose by. */
import { protocolCountersOf } from "../../kernel/host/protocol_counters.ts";
import { counters } from "./proc.ts";
import type { RunningTool, ToolOutcome } from "./tool.ts";

/**
 * @param names figures by the counters that they come from; a counter that this kernel lacks has none
 * @param options.missing what is not known this way
 * @param options.counts the figure that is the tool's count; default: the sum of all
 */
export function protocolRises(
  names: Readonly<Record<string, string>>,
  { missing, counts }: { readonly missing: string; readonly counts?: string },
): Promise<RunningTool> {
  return counters(() => protocolCountersOf("self"), (before, after, window_s): ToolOutcome => {
    const figures = Object.fromEntries(
      Object.entries(names).filter(([counter]) => after.has(counter)).map((
        [counter, figure],
      ) => [figure, (after.get(counter) ?? 0) - (before.get(counter) ?? 0)]),
    );
    const event_count = counts === undefined
      ? Object.values(figures).reduce((sum, rise) => sum + rise, 0)
      : figures[counts] ?? 0;
    return {
      event_count,
      lost_events: 0,
      events: [],
      reading: {
        figures,
        tables: [],
        histograms: [],
        notes: [missing, "only of this network namespace; ktriage's own traffic is among it"],
      },
      summary: `In ${window_s.toFixed(1)} s: ${
        Object.entries(figures).map(([name, rise]) => `${rise} ${name.replaceAll("_", " ")}`).join(", ")
      }.`,
    };
  });
}
