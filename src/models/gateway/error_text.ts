/** What gateways write where an answer should be: many shapes of JSON, pages, plain words. */

/** The way out that every hint ends with. */
export const WITHOUT_GATEWAY = "unset NANNYAPI_ENDPOINT to let the built-in expert answer";

/** Longest text of a gateway in a message. */
const MAX_DETAIL = 1000;

/** The text of an error body for a message: its own words, or its beginning. */
export function detailOf(text: string): string {
  if (isHtml(text)) return `an HTML page${titleOf(text)}`;
  const message = messageOf(text);
  return message === undefined ? excerpt(text) : excerpt(message, MAX_DETAIL);
}

/**
 * The message in an error's JSON, whole: `error.message` (OpenAI), `error` (TensorZero native), `detail` (FastAPI),
 * `message`; undefined where there is none.
 */
export function messageOf(text: string): string | undefined {
  return messageIn(parsed(text));
}

/** The same of a document that is parsed already. */
export function messageIn(document: unknown): string | undefined {
  const body = Array.isArray(document) ? document[0] : document;
  const error = property(body, "error");
  const candidates = [
    property(error, "message"),
    error,
    property(body, "detail"),
    property(property(body, "detail"), "message"),
    property(body, "message"),
  ];
  const found = candidates.find((candidate) => typeof candidate === "string" && candidate !== "");
  return typeof found === "string" ? found : validationMessages(property(body, "detail"));
}

/** FastAPI's list of what is wrong with which field. */
function validationMessages(detail: unknown): string | undefined {
  if (!Array.isArray(detail)) return undefined;
  const lines = detail.map((item) => {
    const where = property(item, "loc");
    return `${Array.isArray(where) ? `${where.join(".")}: ` : ""}${property(item, "msg") ?? "wrong"}`;
  });
  return lines.join("; ");
}

/** The document in a text; undefined when it is no JSON. */
export function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The beginning of a text on one line, for a message. */
export function excerpt(text: string, length = 200): string {
  const line = text.trim().replaceAll(/\s+/g, " ");
  return line.length <= length ? line : `${line.slice(0, length)}…`;
}

export function isHtml(text: string): boolean {
  return /^\s*(<!doctype html|<html|<head)/i.test(text);
}

/** A page's title in brackets, after a space; empty when it has none. */
export function titleOf(html: string): string {
  const found = /<title[^>]*>([^<]*)</i.exec(html)?.[1]?.trim();
  return found === undefined || found === "" ? "" : ` ("${excerpt(found, 80)}")`;
}

export function property(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}
