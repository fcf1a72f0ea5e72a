/** One command of a diagnostic reply. */
import { type Context, isPartial, renamed, withField, withText } from "./context.ts";
import type { Entry, MendedEntry } from "./entries.ts";
import { COMMAND_NAMES, type Fields, isFields } from "./names.ts";
import type { Notes, Path } from "./notes.ts";
import { textOf } from "./values.ts";

/**
 * Mends one command; only a line that the reply holds becomes one.
 *
 * @returns why it cannot be used, where it cannot
 */
export function mendCommand({ value, path, key }: Entry, context: Context): MendedEntry {
  const { notes } = context;
  const cut = isPartial(value, context);
  if (cut) return { unusable: context.cut ? "it is cut off" : "a part of it could not be read" };
  if (typeof value === "string" || Array.isArray(value)) {
    if (key === undefined) notes.add("a plain text was read as a command", path);
    return mendCommand({ value: { ...(key === undefined ? {} : { id: key }), command: value }, path }, context);
  }
  if (!isFields(value)) return { unusable: "it is neither an object nor a text" };
  const mended = isSlice(value)
    ? { fields: slice(value) }
    : withLine(renamed(value, COMMAND_NAMES, { notes, path }), { notes, path });
  if ("unusable" in mended) return mended;
  const { fields } = mended;
  return { fields: finished(key === undefined || "id" in fields ? fields : { id: key, ...fields }, { path, context }) };
}

/** A request for a part of an output. */
export function isSlice(value: Fields): boolean {
  const has_line = value["command"] !== undefined && value["command"] !== null && value["command"] !== "";
  return !has_line && ["string", "number"].includes(typeof value["lines"]);
}

function slice({ command: _, ...value }: Fields): Fields {
  return { ...value, lines: String(value["lines"]) };
}

function withLine(entry: Fields, { notes, path }: { notes: Notes; path: Path }): MendedEntry {
  const line = lineOf(entry["command"]);
  if (line === undefined) return { unusable: "it has no command line; give it as one text" };
  if (/^(?:\.{3,}|…)?$/.test(line.trim())) return { unusable: "its command line is empty" };
  if (line !== entry["command"]) notes.add("the command line was taken out of what was around it", path);
  return { fields: { ...entry, command: line } };
}

/** The line to run: of a list of words only one of them, never words put together to what stands nowhere. */
function lineOf(command: unknown): string | undefined {
  if (Array.isArray(command)) {
    const [first, option, line] = command;
    const is_shell = command.length === 3 && /^(?:\/bin\/)?(?:ba)?sh$/.test(String(first)) &&
      /^-l?c$/.test(String(option));
    return lineOf(is_shell ? line : command.length === 1 ? first : undefined);
  }
  if (typeof command !== "string") return undefined;
  const [, fenced] = /^`([^`]+)`$/.exec(command.trim()) ??
    /^```(?:ba|z)?(?:sh|shell)?\n([^`]+)```$/.exec(command.trim()) ?? [];
  return fenced?.trim() ?? command;
}

function finished(
  entry: Fields,
  { path, context: { notes } }: { readonly path: string; readonly context: Context },
): Fields {
  const { id } = entry;
  const description = withText(entry, "description", { read: textOf, notes, path });
  const fresh = withField(description, "again", flagOf(description["again"]));
  if (typeof id === "string" && id.trim() !== "") return fresh;
  if (typeof id === "number" || typeof id === "bigint") return withField(fresh, "id", String(id));
  return withField(fresh, "id", undefined);
}

function flagOf(value: unknown): boolean | undefined {
  if (typeof value === "boolean") return value;
  return value === "true" ? true : undefined;
}
