/** A case: one diagnosis as a file that is carried between the host and where a model can be reached. */
import * as z from "zod";
import { host } from "./host.ts";
import { diagnosticReply, resolutionReply } from "./request.ts";
import { evidenceCheck, turn } from "./run.ts";

export const CASE_SCHEMA = "ktriage.case/1";

/** What a case says about itself to whoever opens it. */
export const CASE_ABOUT =
  "A diagnosis on its way between a host and a model; docs/case.md of ktriage describes it. `ktriage show` prints it, " +
  "`ktriage ask` asks the model, `ktriage run` on the host runs what the model asks for.";

const placeholders = z.object({
  secret: z.int().nonnegative().optional(),
  address: z.int().nonnegative().optional(),
  host: z.int().nonnegative().optional(),
  user: z.int().nonnegative().optional(),
  text: z.int().nonnegative().optional(),
}).describe("how many of each kind the host gave out: <host:1> to <host:n>; what they stand for stays on the host");

export const CASE_STEPS = ["collected", "asked", "ran", "edited"] as const;

export const caseStep = z.object({
  time: z.iso.datetime(),
  kind: z.enum(CASE_STEPS).describe("edited: the file was changed by hand, and whoever went on accepted that"),
  version: z.string().describe("of ktriage"),
  model: z.string().optional().describe("who answered: expert, or the gateway and its model"),
});

export const caseDocument = z.object({
  schema: z.literal(CASE_SCHEMA),
  about: z.string(),
  checksum: z.string().describe(
    "sha256 of the file's text without this line; finds damage and edits, proves no author",
  ),
  id: z.string().regex(/^[0-9a-f]{32}$/).describe("random; the same from the first file to the last"),
  next: z.enum(["ask", "run", "done"]).describe("ask a model, run its request on the host, or read the resolution"),
  machine: z.string().describe("sha256 of this case's id and the host's identity: `ktriage run` knows its host by it"),
  redacted: z.array(z.enum(["addresses", "hosts", "users"])).describe("taken out beside secrets"),
  placeholders,
  max_rounds: z.int().min(1).describe("questions and answers at most, those of the collection included"),
  max_bytes: z.int().min(1).describe("bound on the file's size"),
  steps: z.array(caseStep).describe("what was done to the case, oldest first"),
  issue: z.string(),
  host,
  turns: z.array(turn).describe("requests that were run, with their results; the first are of `ktriage collect`"),
  model: z.string().optional().describe("who answered last: expert, or the gateway and its model"),
  episode_id: z.string().optional(),
  request: diagnosticReply.optional().describe("what the model asks for, to be run on the host"),
  notes: z.array(z.string()).optional().describe("what was mended in that request"),
  resolution: resolutionReply.optional(),
  evidence_check: evidenceCheck.optional().describe("present with a resolution"),
}).describe("a file of `ktriage collect`, `ask` and `run`");

export type CaseDocument = z.infer<typeof caseDocument>;
export type CaseStep = z.infer<typeof caseStep>;

export const PRIVATE_SCHEMA = "ktriage.case-private/1";

/** What the file says to whoever finds it. */
export const PRIVATE_ABOUT =
  "Stays on this host: what the placeholders of a case stand for, secrets among them. Never carry it along with the " +
  "case. `ktriage run` needs it until there is a resolution; then it can be removed.";

const known = z.object({
  kind: z.enum(["secret", "address", "host", "user", "text", "cut"]),
  value: z.string(),
  whole: z.boolean().describe("taken out only where it is a whole word"),
});

export const casePrivate = z.object({
  schema: z.literal(PRIVATE_SCHEMA),
  about: z.string(),
  id: z.string().describe("of the case"),
  redactor: z.object({
    known: z.array(known).describe("what is looked for in all that the host says"),
    placeholders: z.array(z.tuple([z.string(), z.string()])).describe("what each placeholder stands for"),
  }),
  written: z.array(z.object({ time: z.iso.datetime(), turns: z.int(), sha256: z.string() }))
    .describe("what this host wrote into the case, the newest last: an older copy or a changed one is known by it"),
}).describe("beside a case, on its host only");

export type CasePrivate = z.infer<typeof casePrivate>;
