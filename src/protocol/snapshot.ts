/** A health snapshot: what is wrong with a host, its figures, and where they come from. */
import * as z from "zod";
import { toolReading, UNITS } from "./tool.ts";

export const VERDICTS = ["ok", "warning", "critical", "unknown"] as const;
export const SEVERITIES = ["warning", "critical"] as const;

export const figure = z.object({
  name: z.string().describe("stable, as <subject area>.<what>_<unit>: memory.available_bytes, filesystem.used_percent"),
  of: z.string().optional().describe("which one, where there are several: a mount point, a device, an interface"),
  value: z.number(),
  unit: z.enum(UNITS),
  warn: z.number().optional().describe("the limit behind which it is a warning"),
  crit: z.number().optional(),
  min: z.number().optional(),
  max: z.number().optional(),
  baseline: z.enum(["watched", "none"]).describe("watched: compared with this host's own past"),
});

export const healthFinding = z.object({
  id: z.string().describe("stable, as <subject area>.<fault>: filesystem.full, tcp.listen_overflow, baseline.unusual"),
  of: z.string().optional().describe("which one: /var, eth0, nginx (pid 812)"),
  severity: z.enum(SEVERITIES),
  title: z.string().describe("one line: what is wrong, with its figure"),
  evidence: z.array(z.string()).min(1).describe("what was seen, where: file, field, figure, process"),
  meaning: z.string().describe("what it does to the host's users, and what usually causes it"),
  next: z.string().describe("one command that shows more and changes nothing"),
});

export const COLLECTOR_STATES = ["ok", "partial", "failed", "absent"] as const;

export const collectorReport = z.object({
  name: z.string(),
  state: z.enum(COLLECTOR_STATES).describe(
    "partial: something of it could not be read; absent: this host has no such thing",
  ),
  detail: z.string().optional().describe("why it is not ok"),
  duration_ms: z.number(),
});

export const snapshotTool = z.object({
  name: z.string(),
  reading: toolReading.optional(),
  error: z.string().optional(),
});

export const snapshot = z.object({
  schema: z.literal("ktriage.snapshot/1"),
  ktriage_version: z.string(),
  host: z.object({
    hostname: z.string(),
    os: z.string(),
    kernel: z.string(),
    architecture: z.string(),
    boot_id: z.string(),
    container: z.string().optional(),
  }),
  start_time: z.string().describe("ISO 8601, UTC"),
  window_s: z.number().describe("the time over which deltas and tools counted"),
  verdict: z.enum(VERDICTS).describe("of the gravest finding; unknown: too little could be read to tell"),
  findings: z.array(healthFinding).describe("the gravest first"),
  figures: z.array(figure),
  tools: z.array(snapshotTool),
  collectors: z.array(collectorReport),
  baseline: z.object({
    state: z.enum(["off", "warming_up", "ready", "fresh"]).describe("fresh: the old state was damaged and set aside"),
    snapshots: z.int().describe("kept ones of this host that it was compared with"),
    detail: z.string(),
  }),
  notes: z.array(z.string()).describe(
    "what the reader must know: a skipped run before, a clock that jumped, no state kept",
  ),
  cost: z.object({ cpu_ms: z.number(), peak_memory_bytes: z.int() }).describe("of ktriage itself, helpers included"),
}).describe("what `ktriage snapshot --json` prints");

export type Verdict = z.infer<typeof snapshot>["verdict"];
export type Severity = (typeof SEVERITIES)[number];
export type Figure = z.infer<typeof figure>;
export type HealthFinding = z.infer<typeof healthFinding>;
export type CollectorState = (typeof COLLECTOR_STATES)[number];
export type CollectorReport = z.infer<typeof collectorReport>;
export type SnapshotTool = z.infer<typeof snapshotTool>;
export type Snapshot = z.infer<typeof snapshot>;
