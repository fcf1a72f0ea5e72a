/** The audit of a run: what it asked, judged, ran and sent, a line each. */
import * as z from "zod";
import { host } from "./host.ts";
import { machine, recordOptions } from "./record.ts";
import { diagnosticReply, resolutionReply } from "./request.ts";

const at = { time: z.iso.datetime() };
const why = { rule: z.string().optional(), reason: z.string().optional(), piece: z.string().optional() };
const output = z.object({
  total_bytes: z.int(),
  file: z.string().optional().describe("in the record's folder; up to 64 MiB of it; absent when nothing was printed"),
});

const who = {
  version: z.string().describe("of ktriage"),
  arguments: z.array(z.string()).describe("of the command line"),
  process_id: z.int(),
  start_ticks: z.int().optional().describe(
    "when that process started, as /proc tells: with its id, it is that process",
  ),
  user_id: z.int().nullable(),
};

export const auditEntry = z.discriminatedUnion("kind", [
  z.object({
    ...at,
    kind: z.literal("began"),
    schema: z.literal("ktriage.audit/1"),
    ...who,
  }),
  z.object({
    ...at,
    kind: z.literal("resumed"),
    ...who,
    options: recordOptions,
    host: host.describe("as it is now"),
    machine,
    turns: z.int().describe("that were complete before"),
    notes: z.array(z.string()).describe("what has changed on the host since"),
  }),
  z.object({
    ...at,
    kind: z.literal("sent"),
    url: z.string(),
    bytes: z.int().describe("of the body, as it left"),
    file: z.string().describe("the body, in the record's folder"),
  }),
  z.object({
    ...at,
    kind: z.literal("answered"),
    file: z.string().describe("the answer, in the record's folder"),
    error: z.string().optional().describe("there was no usable reply, and why"),
  }),
  z.object({
    ...at,
    kind: z.literal("asked"),
    request: diagnosticReply.describe("what the AI wants to be run"),
  }),
  z.object({ ...at, kind: z.literal("concluded"), resolution: resolutionReply }),
  z.object({
    ...at,
    kind: z.literal("judged"),
    id: z.string(),
    command: z.string(),
    verdict: z.enum(["allowed", "changed", "needs_approval", "refused"]),
    ...why,
    runs: z.string().optional().describe("the line that runs"),
    approved: z.enum(["once", "always"]).optional().describe("the operator agreed"),
  }),
  z.object({
    ...at,
    kind: z.literal("ran"),
    id: z.string(),
    sandbox: z.string().describe("the layers that kept it from changing anything"),
    exit_code: z.int().nullable(),
    signal: z.string().nullable(),
    ended: z.enum(["timeout", "abort"]).nullable().describe("why it was ended; null when it ended by itself"),
    duration_ms: z.number(),
    stdout: output,
    stderr: output,
  }),
  z.object({ ...at, kind: z.literal("not_run"), id: z.string(), error: z.string() }),
  z.object({
    ...at,
    kind: z.literal("attached"),
    program: z.string(),
    attached_as: z.string().optional().describe("absent where it is exactly what was asked for"),
    error: z.string().optional().describe("it was not attached"),
  }),
  z.object({
    ...at,
    kind: z.literal("detached"),
    program: z.string(),
    event_count: z.int(),
    lost_events: z.int(),
    events: z.int().describe("that are in the result"),
  }),
  z.object({ ...at, kind: z.literal("turn"), file: z.string().describe("the finished turn, in the record's folder") }),
  z.object({
    ...at,
    kind: z.literal("follow_up"),
    question: z.string().describe("of the operator, after a conclusion"),
  }),
  z.object({ ...at, kind: z.literal("ended"), document: z.string().describe("the run's own document, in the folder") }),
]).describe("a line of audit.jsonl in the folder that --record names");

export type AuditEntry = z.infer<typeof auditEntry>;
