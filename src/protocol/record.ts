/** The documents in the folder of a record; `audit.ts` has the lines of its audit. */
import * as z from "zod";
import { host } from "./host.ts";
import { commandResult } from "./result.ts";
import { CONFIDENCE, reply } from "./request.ts";
import { run, turn } from "./run.ts";

/** Tells hosts, and boots of one host, apart; says nothing else about them. */
export const machine = z.object({
  host_id: z.string().optional().describe("digest of the machine's id; absent where it has none"),
  boot_id: z.string().optional().describe("another one after each start of the kernel"),
});

export const recordOptions = z.object({
  model: z.string().describe("who answers: expert, or the gateway and its model"),
  endpoint: z.string().optional().describe("of the gateway; never its key"),
  function: z.string().optional().describe("the model or function at the gateway, as it was named"),
  gateway_kind: z.string().optional(),
  max_rounds: z.int(),
  redact: z.array(z.string()).describe("what was taken out of all that left, beside secrets"),
});

export const recordBegan = z.object({
  schema: z.literal("ktriage.record/1"),
  version: z.string().describe("of ktriage"),
  time: z.iso.datetime(),
  issue: z.string(),
  host,
  machine,
  identities: z.object({ hosts: z.array(z.string()), users: z.array(z.string()) })
    .describe("names that --redact takes out, wherever the record is put before another model"),
  options: recordOptions,
}).describe("began.json of a record: what was asked, where, and how");

export const recordedAnswer = z.object({
  schema: z.literal("ktriage.answer/1"),
  time: z.iso.datetime(),
  duration_ms: z.number().optional().describe("with everything that was tried anew"),
  turns_before: z.int().describe("turns that were complete when it came"),
  raw: z.string().optional().describe("the text as it came, with the placeholders that stood in what was sent"),
  reply: reply.optional().describe("what it was understood as, names and addresses put back"),
  episode_id: z.string().optional(),
  notes: z.array(z.string()).optional().describe("what was mended in it"),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }).optional(),
  answered_by: z.string().optional().describe("who really answered, where the gateway says so"),
  error: z.object({ message: z.string(), hint: z.string() }).optional().describe("there was no usable reply"),
}).describe("replies/*.json of a record: an answer of the model, or why there was none");

export const recordedTurn = z.object({ schema: z.literal("ktriage.turn/1"), ...turn.shape })
  .describe("turns/*.json of a record: what one reply asked for, and all results");

export const partOfTurn = z.object({ schema: z.literal("ktriage.part/1"), command_result: commandResult })
  .describe("a line of turns/*.part.jsonl: the result of a command, while its turn is under way");

export const STATES = ["concluded", "failed", "interrupted", "running"] as const;

export const listedRun = z.object({
  folder: z.string(),
  time: z.iso.datetime().optional().describe("when it began"),
  issue: z.string().optional().describe("absent in a record of ktriage run"),
  hostname: z.string().optional(),
  model: z.string().optional(),
  state: z.enum([...STATES, "broken"]).describe("interrupted: it ended without a conclusion, and can be resumed"),
  rounds: z.int().optional().describe("turns that are complete"),
  confidence: z.enum(CONFIDENCE).optional(),
  outcome: z.string().optional().describe("the root cause, or why there is none"),
  fault: z.string().optional().describe("why it cannot be read"),
});

export const runsList = z.object({ schema: z.literal("ktriage.runs/1"), runs: z.array(listedRun) })
  .describe("what ktriage runs --json prints");

export const verdict = z.object({
  model: z.string(),
  root_cause: z.string().optional(),
  confidence: z.enum(CONFIDENCE).optional(),
  given_confidence: z.enum(CONFIDENCE).optional().describe("what the model had claimed, where it was lowered"),
  claims: z.object({ verified: z.int(), unsupported: z.int(), contradicted: z.int(), unchecked: z.int() }),
  rounds: z.int().describe("turns"),
  failure: z.string().optional(),
});

export const comparison = z.object({
  schema: z.literal("ktriage.comparison/1"),
  folder: z.string(),
  recorded: verdict,
  replayed: verdict,
  not_recorded: z.array(z.string()).describe("what the other model asked for and the record does not hold"),
  run: run.describe("the run with the other model"),
}).describe("what ktriage replay --json prints when another model is asked");

export type Machine = z.infer<typeof machine>;
export type RecordOptions = z.infer<typeof recordOptions>;
export type RecordBegan = z.infer<typeof recordBegan>;
export type RecordedAnswer = z.infer<typeof recordedAnswer>;
export type ListedRun = z.infer<typeof listedRun>;
export type RunsList = z.infer<typeof runsList>;
export type Verdict = z.infer<typeof verdict>;
export type Comparison = z.infer<typeof comparison>;
