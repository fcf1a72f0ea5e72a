/** The text that a language model gives becomes a reply of the contract, or a complaint that the model can act upon. */
import * as z from "zod";
import { parse, type Reply, reply } from "../protocol/mod.ts";

export type ReadReply =
  | { readonly ok: true; readonly reply: Reply }
  /** What is wrong with it, in words for the model. */
  | { readonly ok: false; readonly problem: string };

const MAX_ISSUES = 10;

/** Reads a reply from a text that holds one JSON object, possibly with a code fence or words around it. */
export function readReply(text: string | null): ReadReply {
  if (text === null || text.trim() === "") return { ok: false, problem: "The reply has no content." };
  const { objects, unclosed } = jsonObjects(text);
  const [object] = objects;
  if (objects.length > 1) {
    return { ok: false, problem: `The reply holds ${objects.length} JSON objects; exactly one is wanted.` };
  }
  if (object === undefined) {
    const problem = unclosed
      ? "The reply's JSON object is not complete or not valid JSON. Give all of it; be brief if it was too long."
      : "The reply holds no valid JSON object.";
    return { ok: false, problem };
  }
  const read = reply.safeParse(object);
  return read.success ? { ok: true, reply: read.data } : { ok: false, problem: issuesOf(read.error) };
}

function issuesOf(error: z.ZodError): string {
  const lines = error.issues.slice(0, MAX_ISSUES)
    .map(({ path, message }) => `- ${path.length === 0 ? "the object" : z.core.toDotPath(path)}: ${message}`);
  return `The reply does not follow the contract:\n${lines.join("\n")}`;
}

/** The outermost JSON objects in a text; braces that hold something else are passed over. */
function jsonObjects(text: string): { readonly objects: readonly object[]; readonly unclosed: boolean } {
  const objects: object[] = [];
  let unclosed = false;
  for (let start = text.indexOf("{"); start !== -1;) {
    const end = closingBrace(text, start);
    const object = end === undefined ? undefined : parseObject(text.slice(start, end + 1));
    if (object !== undefined) objects.push(object);
    else unclosed = true;
    if (end === undefined) break;
    start = text.indexOf("{", end + 1);
  }
  return { objects, unclosed };
}

/** Where the brace that opens at `start` closes, strings passed over; undefined when it never does. */
function closingBrace(text: string, start: number): number | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.slice(start).matchAll(/"(?:\\[^]|[^"\\])*"|[{}]/g)) {
    if (token === "{") depth++;
    else if (token === "}") depth--;
    if (depth === 0) return start + index;
  }
  return undefined;
}

function parseObject(text: string): object | undefined {
  try {
    const value = parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}
