/** What became of a host's figures, and two snapshots side by side. */
import * as z from "zod";
import { figure, healthFinding, SEVERITIES, VERDICTS } from "./snapshot.ts";
import { UNITS } from "./tool.ts";

const time = z.string().describe("ISO 8601, UTC");

export const historyChange = z.object({
  direction: z.enum(["higher", "lower"]),
  began: time,
  last: time.describe("when it was last at that level"),
  usual: z.number().describe("the median before"),
  limit: z.number().describe("what chance does not explain"),
  state: z.enum(["open", "over", "adopted"]).describe("adopted: it lasted a day, and counts as usual since"),
});

export const historyMetric = z.object({
  name: z.string(),
  of: z.string().optional(),
  unit: z.enum(UNITS),
  points: z.array(z.object({
    time,
    value: z.number().describe("of one snapshot, or the median of an hour"),
    low: z.number().describe("the lowest level of the hour that was kept for half an hour"),
    high: z.number(),
  })),
  changes: z.array(historyChange),
});

export const history = z.object({
  schema: z.literal("ktriage.history/1"),
  state: z.string().describe("the folder"),
  snapshots: z.int(),
  from: time,
  to: time,
  metrics: z.array(historyMetric),
}).describe("what `ktriage history --json` prints");

const side = z.object({
  source: z.string(),
  hostname: z.string(),
  kernel: z.string(),
  time,
  verdict: z.enum(VERDICTS),
});

export const figureChange = z.object({
  name: z.string(),
  of: z.string().optional(),
  unit: z.enum(UNITS),
  before: z.number(),
  after: z.number(),
  is_material: z.boolean().describe("half as much again or more, and not only next to nothing"),
});

export const findingChange = z.object({ before: z.enum(SEVERITIES), finding: healthFinding });

export const snapshotDiff = z.object({
  schema: z.literal("ktriage.snapshot_diff/1"),
  before: side,
  after: side,
  same_host: z.boolean(),
  notes: z.array(z.string()).describe("what makes them hard to compare: another host, a reboot, another window"),
  findings: z.object({
    new: z.array(healthFinding),
    worse: z.array(findingChange),
    better: z.array(findingChange),
    gone: z.array(healthFinding),
    same: z.int(),
  }),
  figures: z.object({
    changed: z.array(figureChange).describe("the furthest first"),
    only_before: z.array(figure),
    only_after: z.array(figure),
    same: z.int(),
  }),
}).describe("what `ktriage diff --json` prints");

export type History = z.infer<typeof history>;
export type HistoryMetric = z.infer<typeof historyMetric>;
export type FigureChange = z.infer<typeof figureChange>;
export type SnapshotDiff = z.infer<typeof snapshotDiff>;
