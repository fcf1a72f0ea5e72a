/** Changes every text in a document, its shape kept. */
import { surenessOf } from "../privacy/rules/names.ts";

/**
 * A copy with every string replaced. The strings of an array are also taken together, as words of one line, so that an
 * option and its value are seen side by side; names of fields stay.
 */
export function mapStrings<T>(value: T, change: (text: string) => string): T {
  return mapped(value, change) as T;
}

/** Between the words of an argument list; control characters of this kind do not occur in arguments. */
const SEPARATOR = "\0";

function mapped(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === "string") return change(value);
  if (Array.isArray(value)) return mappedArray(value, change);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mappedField(name, item, change)]));
}

/** A field's name says what its value is: `{"password": "x"}` is redacted as the text `password=x` would be. */
function mappedField(name: string, item: unknown, change: (text: string) => string): unknown {
  if (typeof item !== "string" || item === "" || surenessOf(name) === undefined) return mapped(item, change);
  const lead = `"${name}": `;
  const named = change(`${lead}${JSON.stringify(item)}`);
  const alone = change(item);
  if (!named.startsWith(lead)) return alone;
  try {
    const value: unknown = JSON.parse(named.slice(lead.length));
    // What the name gives away beyond what the text itself does.
    return typeof value === "string" && /^<secret:\d+>$/.test(value) ? value : alone;
  } catch {
    return alone;
  }
}

function mappedArray(items: readonly unknown[], change: (text: string) => string): readonly unknown[] {
  if (items.length < 2 || !items.every((item) => typeof item === "string")) {
    return items.map((item) => mapped(item, change));
  }
  const words = change(items.join(SEPARATOR)).split(SEPARATOR);
  if (words.length > items.length) return items.map((item) => mapped(item, change));
  // What was taken out may reach over several words.
  return items.map((_, place) => words[place] ?? "");
}
