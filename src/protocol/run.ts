/** The document of one whole diagnosis, as `ktriage diagnose --json` prints it. */
import * as z from "zod";
import { host } from "./host.ts";
import { CONFIDENCE, diagnosticReply, resolutionReply } from "./request.ts";
import { commandResult, ebpfResults } from "./result.ts";

export const turn = z.object({
  request: diagnosticReply,
  command_results: z.array(commandResult),
  ebpf_results: ebpfResults,
  notes: z.array(z.string()).optional().describe("what was mended in the request, and what of it was known already"),
});

export const failure = z.object({
  kind: z.enum(["model", "limit", "interrupted"]).describe("model: no usable reply; limit: rounds used up"),
  message: z.string(),
  hint: z.string().optional(),
});

export const checkedClaim = z.object({
  claim: z.string(),
  evidence: z.array(z.string()),
  status: z.enum(["verified", "unsupported", "contradicted"]),
  why: z.string().describe("what of it occurs in the evidence, what does not, or what speaks against it"),
  part: z.enum(["finding", "root_cause", "ebpf_evidence"]).optional().describe("where the resolution says it"),
});

export const evidenceCheck = z.object({
  given_confidence: z.enum(CONFIDENCE).optional().describe("what the model had claimed, where ktriage lowered it"),
  unknown_evidence: z.array(z.object({ claim: z.string(), ids: z.array(z.string()) }))
    .describe("claims that point at ids which no result of this run has"),
  claims: z.array(checkedClaim).optional().describe(
    "each finding, then what else can be looked up, held against the evidence that it names",
  ),
  notes: z.array(z.string()).describe("what the reader must know, a sentence each; none when all is in order"),
}).describe("what ktriage found when it held the resolution against what was captured");

export const followUp = z.object({
  question: z.string(),
  turns_before: z.int().describe("turns that were complete when it was asked"),
  earlier_resolution: resolutionReply.optional().describe("the answer that it was asked behind"),
});

export const run = z.object({
  schema: z.literal("ktriage.run/1"),
  issue: z.string(),
  host,
  model: z.string().describe("who answered: expert, or the gateway and its model"),
  episode_id: z.string().optional(),
  start_time: z.iso.datetime(),
  end_time: z.iso.datetime(),
  turns: z.array(turn),
  follow_ups: z.array(followUp).optional().describe("what was asked after an answer, oldest first"),
  usage: z.object({ input_tokens: z.int(), output_tokens: z.int() }).optional()
    .describe("what all questions and answers took, estimated where the model does not say; absent for the expert"),
  resolution: resolutionReply.optional(),
  evidence_check: evidenceCheck.optional().describe("present with a resolution"),
  failure: failure.optional(),
}).describe("holds a resolution or a failure; never neither");

export type CheckedClaim = z.infer<typeof checkedClaim>;
export type Turn = z.infer<typeof turn>;
export type Failure = z.infer<typeof failure>;
export type EvidenceCheck = z.infer<typeof evidenceCheck>;
export type Run = z.infer<typeof run>;
