/** Every document that ktriage reads or writes, by the name that `ktriage schema <name>` takes. */
import * as z from "zod";
import { auditEntry } from "./audit.ts";
import { caseDocument } from "./case.ts";
import { gatewayCheck } from "./gateway_check.ts";
import { check } from "./host.ts";
import { history, snapshotDiff } from "./history.ts";
import { licenses } from "./licenses.ts";
import { probes, resolved } from "./probes.ts";
import { comparison, recordBegan, recordedAnswer, recordedTurn, runsList } from "./record.ts";
import { diagnosticReply, reply, resolutionReply } from "./request.ts";
import { ebpfResult, results, traceEvent } from "./result.ts";
import { run } from "./run.ts";
import { selfTest } from "./self_test.ts";
import { snapshot } from "./snapshot.ts";
import { toolList, toolRun } from "./tool_run.ts";
import { version } from "./version.ts";

interface Document {
  readonly schema: z.ZodType;
  /** Whether ktriage reads it (then what may be left out is optional) or writes it. */
  readonly direction: "read" | "written";
}

export const DOCUMENTS = {
  run: { schema: run, direction: "written" },
  request: { schema: diagnosticReply, direction: "read" },
  resolution: { schema: resolutionReply, direction: "read" },
  reply: { schema: reply, direction: "read" },
  results: { schema: results, direction: "written" },
  result: { schema: ebpfResult, direction: "written" },
  event: { schema: traceEvent, direction: "written" },
  case: { schema: caseDocument, direction: "written" },
  check: { schema: check, direction: "written" },
  gateway_check: { schema: gatewayCheck, direction: "written" },
  audit: { schema: auditEntry, direction: "written" },
  record: { schema: recordBegan, direction: "written" },
  answer: { schema: recordedAnswer, direction: "written" },
  turn: { schema: recordedTurn, direction: "written" },
  runs: { schema: runsList, direction: "written" },
  comparison: { schema: comparison, direction: "written" },
  probes: { schema: probes, direction: "written" },
  resolved: { schema: resolved, direction: "written" },
  self_test: { schema: selfTest, direction: "written" },
  snapshot: { schema: snapshot, direction: "written" },
  history: { schema: history, direction: "written" },
  snapshot_diff: { schema: snapshotDiff, direction: "written" },
  tools: { schema: toolList, direction: "written" },
  tool: { schema: toolRun, direction: "written" },
  licenses: { schema: licenses, direction: "written" },
  version: { schema: version, direction: "written" },
} as const satisfies Record<string, Document>;

export type DocumentName = keyof typeof DOCUMENTS;
export type JsonSchema = z.core.JSONSchema.BaseSchema;

export function isDocumentName(name: string): name is DocumentName {
  return Object.hasOwn(DOCUMENTS, name);
}

/** The JSON Schema (draft 2020-12) of a document, derived from the zod schema that ktriage itself checks it with. */
export function jsonSchemaOf(name: DocumentName): JsonSchema {
  const { schema, direction }: Document = DOCUMENTS[name];
  return z.toJSONSchema(schema, {
    io: direction === "read" ? "input" : "output",
    unrepresentable: "any",
    override: ({ zodSchema, jsonSchema }) => plainIntegers(zodSchema, jsonSchema),
  });
}

/** JSON has one kind of integer: neither the bigint alternative nor the limits of a Number are of use to a reader. */
function plainIntegers(zodSchema: z.core.$ZodTypes, jsonSchema: JsonSchema): void {
  if (jsonSchema.type !== "integer") return;
  if (zodSchema._zod.def.type === "union") delete jsonSchema.anyOf;
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
}
