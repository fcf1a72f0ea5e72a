/** Documents that name their schema, read back: one of a newer version is told apart from one that is broken. */
import type * as z from "zod";
import { parse } from "./json.ts";

/** The document comes from a newer ktriage. */
export class NewerSchema extends Error {
  override readonly name = "NewerSchema";
}

/** Faults of a document that are told; more of them say nothing new. */
const MAX_FAULTS = 3;

/**
 * Reads JSON text that holds a document of this schema. Its keys stay in their order: what is read and written again is
 * the same text.
 *
 * @param schema its `schema` field is a literal such as `ktriage.run/1`
 * @throws {NewerSchema} the same document in a later version: which one, and which one is understood
 * @throws {SyntaxError} not JSON, another document, or one that its schema does not describe
 */
export function readVersioned<T extends z.ZodObject<{ schema: z.ZodLiteral<string> }>>(
  text: string,
  schema: T,
): z.output<T> {
  const document = parse(text);
  const own = schema.shape.schema.value;
  const found = typeof document === "object" && document !== null && "schema" in document ? document.schema : undefined;
  if (found !== own) throw notReadable(found, own);
  return checkInOrder(document, schema);
}

/**
 * Checks a document. Its keys stay in their order, where zod hands them out in that of the schema.
 *
 * @throws {SyntaxError} the schema does not describe it
 */
export function checkInOrder<T extends z.ZodType>(document: unknown, schema: T): z.output<T> {
  const checked = schema.safeParse(document);
  if (checked.success) return inOrderOf(document, checked.data);
  const faults = checked.error.issues.slice(0, MAX_FAULTS).map(({ path, message }) => `${path.join(".")}: ${message}`);
  throw new SyntaxError(faults.join("; "));
}

function inOrderOf<T>(original: unknown, value: T): T {
  if (typeof original !== "object" || original === null || typeof value !== "object" || value === null) return value;
  const [first, now] = [original as Readonly<Record<string, unknown>>, value as Readonly<Record<string, unknown>>];
  if (Array.isArray(value)) return value.map((item: unknown, index) => inOrderOf(first[index], item)) as T;
  const keys = [...new Set([...Object.keys(first), ...Object.keys(now)])].filter((key) => Object.hasOwn(now, key));
  return Object.fromEntries(keys.map((key) => [key, inOrderOf(first[key], now[key])])) as T;
}

function notReadable(found: unknown, own: string): Error {
  const [name, version] = own.split("/");
  const [, foundName, foundVersion] = /^(.*)\/(\d+)$/.exec(String(found)) ?? [];
  if (foundName === name && Number(foundVersion) > Number(version)) {
    return new NewerSchema(`a newer ktriage wrote it (${found}; this version reads ${own})`);
  }
  return new SyntaxError(
    typeof found === "string" ? `it is ${found}, and not ${own}` : `it does not say "schema": "${own}"`,
  );
}
