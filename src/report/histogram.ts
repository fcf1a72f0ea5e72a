/** How long calls took, as bars. */
import type { TextOptions } from "./paint.ts";
import { timeText } from "../probes/result/time_text.ts";
import type { LatencyBucket } from "../protocol/result.ts";
import { bar } from "./bars.ts";

const MIN_BAR = 8;

/** A line for each bucket: from when to when, how many, and a bar as long as the line has room. */
export function histogramText(histogram: readonly LatencyBucket[], { width, paint }: TextOptions): string {
  const rows = histogram.map(({ from_ns, to_ns, count }) => ({
    from: timeText(from_ns),
    to: timeText(to_ns),
    count: count.toLocaleString("en-US"),
    hits: count,
  }));
  const columns = (["from", "to", "count"] as const).map((name) => Math.max(...rows.map((row) => row[name].length)));
  const [from_width = 0, to_width = 0, count_width = 0] = columns;
  const most = Math.max(...rows.map(({ hits }) => hits));
  const room = Math.max(MIN_BAR, width - from_width - to_width - count_width - MARGINS);
  return rows.map(({ from, to, count, hits }) => {
    const range = `  ${from.padStart(from_width)} – ${to.padStart(to_width)}`;
    return `${range}  ${count.padStart(count_width)}  ${paint("cyan", bar(hits / most, room))}`.trimEnd();
  }).join("\n");
}

/** Spaces and the dash around the columns. */
const MARGINS = "  ".length + " – ".length + "  ".length + "  ".length;
