/** The lists of a diagnostic reply, in every shape in which models give them. */
import type { Context } from "./context.ts";
import { readJson } from "./json_reader.ts";
import { type Fields, isFields } from "./names.ts";
import type { Path } from "./notes.ts";

export interface Entry {
  readonly value: unknown;
  /** For messages: `commands[2]`. */
  readonly path: Path;
  /** The name under which it stood, where the list was an object. */
  readonly key?: string;
}

/** An entry with the contract's fields, or why it cannot be used. */
export type MendedEntry = { readonly fields: Fields } | { readonly unusable: string };

/** A list's entries: of a list, of an object by name, of one entry alone, or of a text that holds any of these. */
export function entriesOf(
  value: unknown,
  { name, isOne, context }: { readonly name: string; readonly isOne: (value: unknown) => boolean; context: Context },
): readonly Entry[] {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item, index) => ({ value: item, path: `${name}[${index}]` }));
  if (typeof value === "string") {
    if (value.trim() === "") return [];
    const list = listIn(value, context);
    if (list === undefined) {
      context.notes.add("a single text was read as a list of one", name);
      return [{ value, path: `${name}[0]` }];
    }
    context.notes.add("JSON within a text was read", name);
    return entriesOf(list, { name, isOne, context });
  }
  if (!isFields(value)) return [{ value, path: `${name}[0]` }];
  if (isOne(value)) {
    context.notes.add("a single object was read as a list of one", name);
    return [{ value, path: `${name}[0]` }];
  }
  if (Object.keys(value).length > 0) context.notes.add("an object was read as a list, with its names as ids", name);
  return Object.entries(value).map(([key, item]) => ({ value: item, path: `${name}.${key.slice(0, 40)}`, key }));
}

function listIn(text: string, { notes, partial }: Context): object | undefined {
  const start = text.search(/\S/);
  if (!/^[[{]\s*["'{[\]}]/.test(text.slice(start, start + 200))) return undefined;
  const { value, cut } = readJson(text, start, { partial, mends: new Set() });
  if (cut) notes.add("JSON within a text is cut off");
  return value;
}
