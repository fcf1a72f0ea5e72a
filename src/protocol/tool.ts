/** What a curated tool saw: tables and histograms that were counted in the kernel, with a few exemplar events. */
import * as z from "zod";

export const UNITS = ["count", "ns", "us", "ms", "s", "bytes", "percent", "per_s", "bytes_per_s", "text"] as const;

export const toolColumn = z.object({
  name: z.string().describe("snake_case; process_id, process_name, … where it is one of those"),
  unit: z.enum(UNITS).describe("text: the cells are strings"),
});

export const toolTable = z.object({
  name: z.string(),
  columns: z.array(toolColumn),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.null()]))).describe("the gravest first; null: not known"),
  omitted_rows: z.int().optional().describe("further rows that were left out"),
});

export const toolHistogram = z.object({
  name: z.string(),
  unit: z.enum(UNITS),
  count: z.int(),
  mean: z.number(),
  p50: z.number(),
  p99: z.number(),
  max: z.number(),
  buckets: z.array(z.object({ from: z.number(), to: z.number().describe("exclusive"), count: z.int() })),
});

export const toolReading = z.object({
  source: z.string().describe("what the figures come from: raw_tracepoint sched_switch, /proc/vmstat, …"),
  figures: z.record(z.string(), z.number()).describe(
    "totals over the window; the unit ends the name: waits, total_wait_ns",
  ),
  tables: z.array(toolTable),
  histograms: z.array(toolHistogram),
  notes: z.array(z.string()).describe("what is not exact, what could not be seen, what stood in for what"),
});

export type ToolColumn = z.infer<typeof toolColumn>;
export type ToolTable = z.infer<typeof toolTable>;
export type ToolHistogram = z.infer<typeof toolHistogram>;
export type ToolReading = z.infer<typeof toolReading>;
