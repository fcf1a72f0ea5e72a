/** A case as text: pretty JSON, one document, with a checksum on a line of its own. */
import { createHash } from "node:crypto";
import { CASE_ABOUT, CASE_SCHEMA, type CaseDocument, caseDocument } from "../protocol/case.ts";
import { parse, stringify, withoutControls } from "../protocol/json.ts";
import { NewerSchema, readVersioned } from "../protocol/versioned.ts";
import { mapStrings } from "../models/map_strings.ts";
import { CaseError } from "./error.ts";

/** What ktriage decides when it writes: everything else is the case. */
export type CaseContent = Omit<CaseDocument, "schema" | "about" | "checksum" | "next">;

export interface ReadCase {
  readonly document: CaseDocument;
  /** Whether the text is exactly as ktriage wrote it. */
  readonly intact: boolean;
}

/** Two spaces: only a field of the document itself stands there, for no string has a line break of its own. */
const CHECKSUM_LINE = /^ {2}"checksum": .*\n/m;

/**
 * The text of a case.
 *
 * @param net takes a last look at every text in it; nothing by default
 */
export function caseText(content: CaseContent, net: (text: string) => string = (text) => text): string {
  const next = nextStep(content);
  const document: CaseDocument = { schema: CASE_SCHEMA, about: CASE_ABOUT, checksum: "", next, ...content };
  // Checked, and its fields in the order of the schema.
  const checked = mapStrings(caseDocument.parse(document), net);
  const text = `${withoutControls(stringify(checked, 2))}\n`;
  return text.replace(CHECKSUM_LINE, () => `  "checksum": "${checksumOf(text)}",\n`);
}

/**
 * Reads a case.
 *
 * @param name where it came from, for error messages
 * @throws {CaseError} it is no case, not whole, or of a newer ktriage
 */
export function parseCase(text: string, name: string): ReadCase {
  try {
    const document = readVersioned(text, caseDocument);
    return { document, intact: document.checksum === checksumOf(text) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    if (error instanceof NewerSchema) {
      const version = newestVersion(parse(text));
      const which = version === undefined ? "a newer ktriage" : `ktriage ${version} or newer`;
      throw new CaseError(`Cannot read ${name}: ${why}.`, `Use ${which} here as well.`, { cause: error });
    }
    throw new CaseError(
      `Cannot read ${name} as a case: ${why.replace(/\.$/, "")}.`,
      "Copy the file again from where it was whole; ktriage schema case prints what it must look like.",
      { cause: error },
    );
  }
}

/** Whether a text says that it is a case, of whatever version. */
export function isCase(text: string): boolean {
  if (!text.includes('"ktriage.case/')) return false;
  try {
    const document = parse(text);
    return typeof document === "object" && document !== null && "schema" in document &&
      typeof document.schema === "string" && document.schema.startsWith("ktriage.case/");
  } catch {
    // Half of a case is told as one, and not as a request that is broken.
    return /^\s*\{\s*"schema":\s*"ktriage\.case\//.test(text);
  }
}

/** What has to be done with a case. */
function nextStep({ request, resolution }: Pick<CaseDocument, "request" | "resolution">): CaseDocument["next"] {
  if (resolution !== undefined) return "done";
  return request === undefined ? "ask" : "run";
}

function checksumOf(text: string): string {
  return `sha256:${createHash("sha256").update(text.replace(CHECKSUM_LINE, "")).digest("hex")}`;
}

/** Of the ktriage that wrote it last. */
function newestVersion(document: unknown): string | undefined {
  if (typeof document !== "object" || document === null || !("steps" in document)) return undefined;
  const step: unknown = Array.isArray(document.steps) ? document.steps.at(-1) : undefined;
  const has = typeof step === "object" && step !== null && "version" in step;
  return has && typeof step.version === "string" ? step.version : undefined;
}
