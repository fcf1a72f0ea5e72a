/** A request that comes as a file: text becomes a diagnostic reply, or an error that says what is wrong with it. */
import type * as z from "zod";
import { type DiagnosticReply, diagnosticReply, parse } from "../protocol/mod.ts";
import { CliError } from "./errors.ts";

/** Faults of a document that are told; more of them say nothing new. */
const MAX_FAULTS = 5;
const EXPECTED = "ktriage schema request prints what it must look like.";

/**
 * Reads a diagnostic reply of an AI.
 *
 * @param name where it came from, for error messages
 * @throws {CliError} not JSON, a resolution, or not a diagnostic reply: which field, and what it should be
 */
export function parseRequest(text: string, name: string): DiagnosticReply {
  const document = parseJson(text, name);
  const type = typeof document === "object" && document !== null && "response_type" in document
    ? document.response_type
    : undefined;
  if (type === "resolution") {
    throw new CliError(
      `Cannot run ${name}: it is a resolution, the AI's answer, and asks for nothing.`,
      `Only a reply with "response_type": "diagnostic" has commands and programs to run.`,
    );
  }
  const checked = diagnosticReply.safeParse(document);
  if (checked.success) return checked.data;
  const faults = checked.error.issues.flatMap(plainIssues).map(({ path, message }) =>
    `  ${fieldName(path)}: ${message}`
  );
  const more = faults.length > MAX_FAULTS ? [`  and ${faults.length - MAX_FAULTS} more`] : [];
  throw new CliError(
    [`Cannot run ${name}: it is not a diagnostic reply.`, ...faults.slice(0, MAX_FAULTS), ...more].join("\n"),
    EXPECTED,
  );
}

function parseJson(text: string, name: string): unknown {
  if (text.trim() === "") throw new CliError(`Cannot run ${name}: it is empty.`, EXPECTED);
  try {
    return parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new CliError(`Cannot run ${name}: it is not JSON: ${reason}.`, EXPECTED, { cause: error });
  }
}

interface Fault {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

/** Where something may be one of several: what keeps it from being the one that it is nearest to, if that is clear. */
function plainIssues(issue: z.core.$ZodIssue): readonly Fault[] {
  if (issue.code !== "invalid_union") return [issue];
  const [nearest = [], next = []] = issue.errors.toSorted((a, b) => a.length - b.length);
  if (nearest.length === next.length) return [issue];
  return nearest.map(({ path, message }) => ({ path: [...issue.path, ...path], message }));
}

/** `commands[0].command` */
function fieldName(path: readonly PropertyKey[]): string {
  if (path.length === 0) return "the document";
  return path.map((part) => typeof part === "number" ? `[${part}]` : `.${String(part)}`).join("").replace(/^\./, "");
}
