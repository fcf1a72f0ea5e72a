/** JSON text whose integers survive beyond 2^53, in both directions. */

declare global {
  interface JSON {
    /** A value that `JSON.stringify` writes as exactly this text (ECMAScript 2025, V8 11.4). */
    rawJSON(text: string): unknown;
  }
}

/** Writes JSON; a bigint becomes a plain integer, every digit kept. */
export function stringify(value: unknown, indent = 0): string {
  return JSON.stringify(value, (_key, item) => typeof item === "bigint" ? JSON.rawJSON(item.toString()) : item, indent);
}

/** JSON text in which what a terminal or a pager would act on is escaped: the same document. */
export function withoutControls(json: string): string {
  return json.replaceAll(
    /[\x7f-\x9f\u2028\u2029]/g,
    (control) => `\\u${control.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/**
 * Reads JSON; an integer that a Number cannot hold becomes a bigint, every other number stays a Number.
 *
 * @throws {SyntaxError} text that is not JSON
 */
export function parse(text: string): unknown {
  const reviver = (_key: string, item: unknown, context?: { source?: string }): unknown =>
    typeof item === "number" && !Number.isSafeInteger(item) && /^-?\d+$/.test(context?.source ?? "")
      ? BigInt(context?.source ?? item)
      : item;
  return JSON.parse(text, reviver as (key: string, value: unknown) => unknown);
}
