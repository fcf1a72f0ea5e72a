/** A diagnostic reply: what of it can be run. */
import { nameGiver } from "../../probes/names.ts";
import { stringify } from "../../protocol/mod.ts";
import { isSlice, mendCommand } from "./command.ts";
import { type Context, isPartial, renamed, withText } from "./context.ts";
import { entriesOf, type Entry, type MendedEntry } from "./entries.ts";
import { isCommand, isProgram } from "./kind.ts";
import { DIAGNOSTIC_NAMES, type Fields, isFields } from "./names.ts";
import { quoted } from "./notes.ts";
import { mendProgram } from "./program.ts";
import { textOf } from "./values.ts";

/** What one reply may ask for: more than any model needs, and what a host bears at once. */
const MAX_COMMANDS = 32;
export const MAX_PROGRAMS = 16;

/** The reply for the schema, or what is wrong with it. */
export type Mended = { readonly fields: Fields } | { readonly problem: string };

type Mend = (entry: Entry, context: Context) => MendedEntry;

/** Mends a diagnostic reply: what cannot be used is left out and named, as long as something remains. */
export function mendDiagnostic(object: Fields, context: Context): Mended {
  const { notes } = context;
  const reply = renamed(object, DIAGNOSTIC_NAMES, { notes, path: "" });
  const commands = listOf(reply["commands"], {
    name: "commands",
    isOne: (value) => isFields(value) && (isCommand(value) || isSlice(value)),
    mend: mendCommand,
    max: MAX_COMMANDS,
    context,
  });
  const programs = listOf(reply["ebpf_programs"], {
    name: "ebpf_programs",
    isOne: (value) => isFields(value) && isProgram(value),
    mend: mendProgram,
    max: MAX_PROGRAMS,
    context,
  });
  const unusable = [...commands.unusable, ...programs.unusable];
  const is_empty = commands.items.length + programs.items.length === 0;
  if (is_empty && isPartial(object, context)) return { problem: nothingWhole(unusable, context) };
  if (is_empty && unusable.length > 0) {
    return { problem: `No command and no eBPF program of the reply can be used:\n${lines(unusable)}` };
  }
  for (const { path, why } of unusable) notes.add(`left out: ${why}`, path);
  const text = withText(withoutPartial(reply, context), "reasoning", { read: textOf, notes, path: "" });
  return {
    fields: {
      ...text,
      commands: withIds(commands.items, { list: "commands", field: "id", context }),
      ebpf_programs: withIds(programs.items, { list: "ebpf_programs", field: "name", context }),
    },
  };
}

interface Unusable {
  readonly path: string;
  readonly why: string;
}

function listOf(
  value: unknown,
  { name, isOne, mend, max, context }: {
    readonly name: string;
    readonly isOne: (value: unknown) => boolean;
    readonly mend: Mend;
    readonly max: number;
    readonly context: Context;
  },
): { readonly items: readonly Fields[]; readonly unusable: readonly Unusable[] } {
  const items: Fields[] = [];
  const unusable: Unusable[] = [];
  const seen = new Set<string>();
  let over = 0;
  for (const entry of entriesOf(value, { name, isOne, context })) {
    if (items.length === max) {
      over++;
      continue;
    }
    const mended = mend(entry, context);
    if ("unusable" in mended) {
      unusable.push({ path: entry.path, why: mended.unusable });
      continue;
    }
    const same = stringify(mended.fields);
    if (seen.has(same)) context.notes.add("left out: the same stands before it", entry.path);
    else items.push(mended.fields);
    seen.add(same);
  }
  if (over > 0) context.notes.add(`only ${max} are taken at once; ${over} more were left out`, name);
  return { items, unusable };
}

/** Every entry with an id of its own: a missing one is given, one that occurs twice gets a number appended. */
function withIds(
  items: readonly Fields[],
  { list, field, context: { notes } }: { readonly list: string; readonly field: string; readonly context: Context },
): readonly Fields[] {
  const idFor = nameGiver(items.map((item) => item[field]).filter((id) => typeof id === "string"));
  const seen = new Set<unknown>();
  const stem = list === "commands" ? "command" : "program";
  return items.map((item, index) => {
    const wanted = item[field];
    if (isSlice(item) || (typeof wanted === "string" && !seen.has(wanted))) {
      seen.add(wanted);
      return item;
    }
    const id = idFor(typeof wanted === "string" ? wanted : `${stem}_${index + 1}`);
    const why = typeof wanted === "string" ? `${field} ${quoted(wanted)} occurs twice` : `${field} was missing`;
    notes.add(`${why}; it is now ${quoted(id)}`, `${list}[${index}]`);
    return { ...item, [field]: id };
  });
}

/** Fields that are not whole, but for the lists, whose whole entries count. */
function withoutPartial(reply: Fields, context: Context): Fields {
  return Object.fromEntries(Object.entries(reply).filter(([, value]) => !isPartial(value, context)));
}

function nothingWhole(unusable: readonly Unusable[], { cut }: Context): string {
  const why = unusable.length === 0 ? "" : `:\n${lines(unusable)}`;
  return `The reply's JSON object is ${
    cut ? "not complete" : "not valid JSON"
  }, and no command and no eBPF program in it ` +
    `is whole${why === "" ? "." : why}\nGive all of it${cut ? "; be brief if it was too long" : ""}.`;
}

function lines(unusable: readonly Unusable[]): string {
  return unusable.slice(0, 10).map(({ path, why }) => `- ${path}: ${why}`).join("\n");
}
