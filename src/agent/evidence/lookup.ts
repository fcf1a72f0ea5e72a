/** Where the names and numbers of a clause stand in the results that a claim cites. */
import type { Name } from "./atoms.ts";
import type { Claimed, Clause } from "./clauses.ts";
import { derive, type Derived } from "./derive.ts";
import { Numbers } from "./quantities.ts";
import type { Background, Source } from "./source.ts";

export interface Found {
  /** What occurs, as the claim writes it, and where. */
  readonly found: readonly { readonly text: string; readonly where: string }[];
  /** What does not, and why it counts as missing. */
  readonly missing: readonly { readonly text: string; readonly why: string }[];
}

/** Commands that print a table: a line is about one thing, and its numbers belong to it. */
const TABLES = /^\s*(?:sudo )?(?:ps|df|du|ss|netstat|lsof|lsblk|findmnt|mount|free)\b/;

/** About this many percent is `about`. */
const ABOUT = 0.15;

/**
 * Looks every name of the clause up that it must have seen.
 *
 * @param excused names whose absence is what the clause says
 */
export function lookUpNames(
  clause: Clause,
  { sources, background, excused }: {
    readonly sources: readonly Source[];
    readonly background: Background;
    readonly excused: ReadonlySet<Name>;
  },
): Found {
  const wanted = clause.names.filter((name) => !excused.has(name));
  const required = wanted.filter(({ is_required }) => is_required);
  const found: Found["found"][number][] = [];
  const missing: Found["missing"][number][] = [];
  for (const { text, matches, kind } of required) {
    const holder = sources.find(({ body, context }) => matches(body) || matches(context));
    if (holder !== undefined) found.push({ text, where: holder.id });
    else if ((kind === "name" || kind === "path") && matches(background.text)) {
      found.push({ text, where: "the host's facts" });
    } else missing.push({ text, why: "" });
  }
  const apart = missing.length === 0 ? neverTogether(wanted, clause, sources) : undefined;
  return { found, missing: apart === undefined ? missing : [apart] };
}

/** Names that each occur in one program's events, and in no event together: the claim has mixed them up. */
function neverTogether(
  names: readonly Name[],
  { text, at }: Clause,
  sources: readonly Source[],
): Found["missing"][number] | undefined {
  const [source] = sources;
  if (sources.length !== 1 || source?.program === undefined || !source.is_complete) return undefined;
  const inRows = names.filter(({ kind, matches }) =>
    kind !== "name" && kind !== "quote" && source.rows.some(({ text }) => matches(text))
  );
  const isRepeated = new Set(inRows.map(({ kind }) => kind)).size < inRows.length;
  // "a and b": each has events of its own
  const isList = isRepeated && /\b(?:and|or|both|not)\b|,/.test(text.slice((inRows[0]?.at ?? 0) - at));
  if (inRows.length < 2 || isList || new Set(inRows.map((name) => name.text)).size < inRows.length) return undefined;
  if (source.rows.some(({ text }) => inRows.every(({ matches }) => matches(text)))) return undefined;
  if (source.program.reading !== undefined && !inOneTable(inRows, source)) return undefined;
  return { text: inRows.map(({ text }) => text).join(" with "), why: `no event of ${source.id} shows them together` };
}

/** Tables of a tool tell of different things: those of one with errors belong together, row by row. */
function inOneTable(names: readonly Name[], { rows }: Source): boolean {
  if (!names.some(({ kind }) => kind === "error")) return false;
  const tables = Map.groupBy(rows.filter(({ table }) => table !== undefined), ({ table }) => table);
  return [...tables.values()].some((rows) => names.every(({ matches }) => rows.some(({ text }) => matches(text))));
}

/** Looks every number of the clause up, as it stands or as it follows from what the clause names. */
export function lookUpNumbers(
  clause: Clause,
  { sources, background, names }: {
    readonly sources: readonly Source[];
    readonly background: Background;
    /** Of the whole claim: what is counted may be named in another clause. */
    readonly names: readonly Name[];
  },
): Found {
  const found: Found["found"][number][] = [];
  const missing: Found["missing"][number][] = [];
  if (clause.numbers.length === 0) return { found, missing };
  // only when a number does not stand there as it is: it means going through every event
  const derived: Derived[] = [];
  const deriveOnce = (): void => {
    if (derived.length > 0) return;
    derived.push(derive(clause.names, sources, clause.text));
    if (names.length > clause.names.length) derived.push(derive(names, sources, clause.text));
  };
  const isAboutHost = /\b(?:host|cpus?|memory|RAM|load|uptime|swap|kernel|cores?)\b/i.test(clause.text);
  for (const number of clause.numbers) {
    // "no process uses more than 50 %": such a bound is no measurement
    if (number.bound !== undefined && clause.is_denial) continue;
    const text = number.text.trim();
    const stray = strayFrom(number, clause, sources);
    const holder = stray === undefined ? sources.find(({ numbers }) => holds(numbers, number)) : undefined;
    if (holder !== undefined) {
      found.push({ text, where: holder.id });
      continue;
    }
    deriveOnce();
    const reached = derived.some((each) => holds(each.numbers, number)) ||
      meetsBound(number, { clause, derived, sources });
    if (reached) found.push({ text, where: sources.map(({ id }) => id).slice(0, 3).join(", ") });
    else if (isAboutHost && holds(background.numbers, number)) found.push({ text, where: "the host's figures" });
    else missing.push({ text, why: stray ?? boundWhy(number, derived) });
  }
  return { found, missing };
}

/** True when a number that rounds to the claimed one is among them. */
function holds(numbers: Numbers, { dimension, values, half_digit, is_whole, is_about }: Claimed): boolean {
  return values.some((value, index) => {
    // a count is exact; what was measured is rounded
    const half = dimension === "count" && is_whole ? 0 : half_digit[index] ?? 0;
    const slack = Math.max(half, is_about ? ABOUT * value : 0) * (1 + 1e-9) + value * 1e-9;
    return numbers.has(dimension, { low: value - slack, high: value + slack });
  });
}

/** In a table the number has to stand in a line of what the claim names. */
function strayFrom(number: Claimed, { names }: Clause, sources: readonly Source[]): string | undefined {
  const [source] = sources;
  if (sources.length !== 1 || source?.command === undefined || !TABLES.test(source.command.command)) return undefined;
  if (number.bound !== undefined || !holds(source.numbers, number)) return undefined;
  const keys = names.filter(({ kind }) => kind === "process" || kind === "path" || kind === "pid" || kind === "port");
  const rows = source.rows.filter(({ text }) => keys.some(({ matches }) => matches(text)));
  if (rows.length === 0) return undefined;
  const own = new Numbers();
  own.silent_units = source.numbers.silent_units;
  for (const { text } of rows) own.addText(text);
  own.add("count", rows.length);
  if (source.numbers.has_percent_sign) own.has_percent_sign = true;
  return holds(own, number)
    ? undefined
    : `no line of ${source.id} shows it for ${keys.map(({ text }) => text).join(", ")}`;
}

function meetsBound(
  number: Claimed,
  { clause, derived, sources }: {
    readonly clause: Clause;
    readonly derived: readonly Derived[];
    readonly sources: readonly Source[];
  },
): boolean {
  const { bound, dimension, values } = number;
  const [value] = values;
  if (bound === undefined || value === undefined) return false;
  const closest = derived[0]?.closest ?? [];
  const candidates = dimension === "count" && closest.length > 0 ? closest : [
    ...derived.flatMap(({ numbers }) => dimension === "count" ? [] : numbers.all(dimension)),
    ...sources.flatMap((source) => numbersNear(source, clause).all(dimension)),
  ];
  return candidates.some((candidate) => bound === "above" ? candidate >= value : candidate > 0 && candidate <= value);
}

/** Numbers of the records that show what the clause names; of the whole result where it names nothing. */
function numbersNear(source: Source, { names }: Clause): Numbers {
  const keys = names.filter(({ matches }) => source.rows.some(({ text }) => matches(text)));
  if (keys.length === 0 || source.program !== undefined) return source.numbers;
  const near = new Numbers();
  for (const { text } of source.rows) if (keys.every(({ matches }) => matches(text))) near.addText(text);
  if (source.numbers.has_percent_sign) { for (const value of near.all("count")) near.add("percent", value); }
  return near;
}

function boundWhy({ bound, dimension }: Claimed, [first]: readonly Derived[]): string {
  const [closest] = first?.closest ?? [];
  return bound === undefined || dimension !== "count" || closest === undefined
    ? ""
    : `what it names is seen ${closest} times`;
}
