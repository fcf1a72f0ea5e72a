/** What every part that mends a reply works with. */
import { type Fields, isFields, type Names, withNames } from "./names.ts";
import { type Notes, type Path, quoted } from "./notes.ts";

export interface Context {
  readonly notes: Notes;
  /** Objects and arrays that miss something. */
  readonly partial: Set<object>;
  /** The reply's text ended before the reply did. */
  readonly cut: boolean;
}

/** The object with its fields under the contract's names, and a note for each that had another one. */
export function renamed(object: Fields, names: Names, { notes, path }: { notes: Notes; path: Path }): Fields {
  return withNames(object, names, (from, to) => notes.add(`the field ${quoted(from)} was read as ${to}`, path));
}

export function isPartial(value: unknown, { partial }: Context): boolean {
  return (isFields(value) || Array.isArray(value)) && partial.has(value);
}

/** The object with a field changed, or left out where the new value is undefined. */
export function withField(object: Fields, name: string, value: unknown): Fields {
  const { [name]: _, ...others } = object;
  return value === undefined ? others : { ...object, [name]: value };
}

/** A text field, where a value of another type stands in its place. */
export function withText(
  object: Fields,
  name: string,
  { read, notes, path }: { readonly read: (value: unknown) => string | undefined; notes: Notes; path: Path },
): Fields {
  const value = object[name];
  if (value === undefined || typeof value === "string") return object;
  notes.add("read as text", `${path}${path === "" ? "" : "."}${name}`);
  return withField(object, name, read(value));
}
