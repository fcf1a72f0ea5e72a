/** What `ktriage tool` prints: the tools there are, and what one of them counted. */
import * as z from "zod";
import { integer, traceEvent } from "./result.ts";
import { toolReading } from "./tool.ts";

export const toolList = z.object({
  schema: z.literal("ktriage.tools/1"),
  tools: z.array(z.object({
    name: z.string().describe("target of a request of type tool"),
    summary: z.string(),
    needs: z.string().describe("of the kernel, and what it does without"),
    filters: z.array(z.string()).describe("that it takes"),
    ways: z.array(z.string()).describe("what it counts with, in the order in which it is tried"),
    in_snapshot: z.boolean().describe("part of every ktriage snapshot"),
  })),
}).describe("the curated tools: `ktriage tool list --json`");

export const toolRun = z.object({
  schema: z.literal("ktriage.tool/1"),
  tool: z.string(),
  attached_as: z.string().optional().describe("what it counts with, and why, where that is not its first choice"),
  start_time: integer.describe("nanoseconds since the epoch"),
  end_time: integer,
  event_count: z.int().describe("exact number of what it counts"),
  lost_events: z.int().describe("what found no room and is in no row"),
  missed_hits: z.int().optional().describe("what the kernel skipped: nested on the same CPU"),
  sampled: z.boolean().describe("true: events holds only a part of event_count"),
  events: z.array(traceEvent).describe("exemplars, the gravest first"),
  reading: toolReading,
  summary: z.string(),
}).describe("what a curated tool counted: `ktriage tool run --json`");

export type ToolList = z.infer<typeof toolList>;
export type ToolRunDocument = z.infer<typeof toolRun>;
