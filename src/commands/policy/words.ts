/** What the words of a line become when the shell expands them, as far as that is known beforehand. */
import type { ParsedScript, Word, WordPart } from "unbash";
import { GLOB, isLiteral, NUMBER, TEXT, WORD, WORDS } from "./marks.ts";
import { exampleDate, printsDevices, printsGateway, printsNumbers, printsShape } from "./numeric.ts";

/** More combinations of values than this are not tried one by one: the values count as unknown. */
const MAX_COMBINATIONS = 64;
/** Special parameters that are always numbers: last status, this shell, number of arguments, last background job. */
const NUMERIC_PARAMETERS = new Set(["?", "$", "#", "!"]);
/** `{a,b}` of plain text and `{1..5}`: the only brace expansions that are followed. */
const PLAIN_LIST = /^\{([\w./:@%+-]*(?:,[\w./:@%+-]*)+)\}$/;
const PLAIN_RANGE = /^\{(\d{1,4})\.\.(\d{1,4})\}$/;
const PLAIN_PARTS: ReadonlySet<string> = new Set(["Literal", "SingleQuoted", "Glob", "BraceExpansion", "DoubleQuoted"]);
/** Stands for a home directory, so that what lies in it is recognised; no line can set HOME. */
const HOME = "/root";
/** Stands for the pipe that a process substitution becomes: a file that may be read. */
const PIPE_FILE = "/dev/stdin";

/** One value for each variable of a command. */
export type Binding = ReadonlyMap<string, string>;

interface Atom {
  readonly text: string;
  /** Quoted text is neither split nor matched against file names. */
  readonly quoted: boolean;
}

/** How a variable gets a value: an assignment takes its word whole, a loop takes each field of it or what find finds. */
export type Source =
  | { readonly how: "assigned" | "listed"; readonly word: Word }
  | { readonly how: "found"; readonly path: string };

/**
 * The values that the variables of a line can have, wherever in the line they are assigned: order, subshells and
 * branches are not followed. A variable can also be empty, for it may be used where it is not set, unless all that
 * uses it stands within the loop that sets it.
 */
export class Variables {
  readonly #sources = new Map<string, Source[]>();
  readonly #unknown = new Set<string>();
  readonly #looped = new Set<string>();
  readonly #values = new Map<string, readonly string[]>();

  assign(name: string, source: Source): void {
    this.#sources.set(name, [...(this.#sources.get(name) ?? []), source]);
  }

  /** The variable gets text from outside the line, as `read` does. */
  assignUnknown(name: string): void {
    this.#unknown.add(name);
  }

  /** The variable is only used where a loop has given it a word. */
  setLooped(name: string): void {
    this.#looped.add(name);
  }

  /** The possible values; they may hold marks. */
  values(name: string): readonly string[] {
    if (NUMERIC_PARAMETERS.has(name)) return [NUMBER];
    if (name === "HOME") return [HOME];
    const sources = this.#sources.get(name);
    if (sources === undefined || this.#unknown.has(name)) return [TEXT];
    const known = this.#values.get(name);
    if (known !== undefined) return known;
    this.#values.set(name, [TEXT]); // what a variable that is assigned from itself finds
    const unset = this.#looped.has(name) ? [] : [""];
    const values = [...new Set([...unset, ...sources.flatMap((source) => this.#valuesOf(source))])];
    const bounded = values.length > MAX_COMBINATIONS ? [TEXT] : values;
    this.#values.set(name, bounded);
    return bounded;
  }

  #valuesOf(source: Source): string[] {
    if (source.how === "found") return [source.path];
    return this.bindings([source.word]).flatMap((binding) => {
      if (source.how === "listed") {
        return expandFields(source.word, binding).map((field) => field.replaceAll(WORDS, WORD));
      }
      return [atomsOf(source.word, binding).map((atom) => atom.text).join("")];
    });
  }

  /** Every combination of values for the variables that the words use. */
  bindings(words: readonly Word[]): Binding[] {
    const names = [...new Set(words.flatMap(variablesOf))];
    let bindings: Map<string, string>[] = [new Map()];
    for (const name of names) {
      const values = this.values(name);
      if (bindings.length * values.length > MAX_COMBINATIONS) return [new Map(names.map((each) => [each, TEXT]))];
      bindings = bindings.flatMap((binding) => values.map((value) => new Map([...binding, [name, value]])));
    }
    return bindings;
  }
}

/** The arguments that a word becomes: split and with marks for what is not known. */
export function expandFields(word: Word, binding: Binding): string[] {
  const fields: string[] = [];
  let field: string | undefined;
  const end = (): void => {
    if (field !== undefined) fields.push(settle(field));
    field = undefined;
  };
  for (const { text, quoted } of atomsOf(word, binding)) {
    if (quoted) {
      field = (field ?? "") + text.replace(/[\uE002\uE004]/g, TEXT);
      continue;
    }
    const pieces = text.replaceAll(TEXT, WORDS).replace(/[*?\\]|\[[^\s/]*/g, GLOB).split(/[ \t\n]+/);
    pieces.forEach((piece, index) => {
      if (index > 0) end();
      if (piece !== "") field = (field ?? "") + piece;
    });
  }
  end();
  return fields;
}

/** The word when it is the same whatever the line does, without any expansion; undefined otherwise. */
export function literalOf(word: Word): string | undefined {
  if (variablesOf(word).length > 0) return undefined;
  const text = atomsOf(word, new Map()).map((atom) => atom.text).join("");
  return isLiteral(text) ? text : undefined;
}

/** An unquoted word that is nothing but unknown can also vanish, so that the next argument takes its place. */
function settle(field: string): string {
  return /^[\uE002\uE004]+$/.test(field) ? WORDS : field.replaceAll(WORD, TEXT);
}

/** The words that a word becomes by its braces; undefined when that is not certain. */
export function withoutBraces(word: Word): readonly Word[] | undefined {
  const at = (word.parts ?? []).findIndex((part) => part.type === "BraceExpansion");
  const brace = word.parts?.[at];
  if (brace === undefined) return [word];
  // bash expands braces first, as text: `$x{a,b}` becomes `$xa $xb`.
  const others = word.parts?.toSpliced(at, 1) ?? [];
  if (!(word.parts ?? []).every(standsAlone)) return undefined;
  // Each further pair multiplies the words.
  if (others.filter(({ type }) => type === "BraceExpansion").length > 1) return undefined;
  const texts = bracedTexts(brace.text);
  // A word that becomes nothing vanishes.
  if (!others.some(({ type }) => type !== "BraceExpansion") && texts?.includes("")) return undefined;
  const words = texts?.map((text) => ({
    ...word,
    parts: word.parts?.with(at, { type: "Literal", pos: brace.pos, end: brace.end, text, value: text }),
  }));
  const expanded = words?.map(withoutBraces);
  const all = expanded?.flatMap((each) => each ?? []);
  return expanded?.includes(undefined) || (all?.length ?? 0) > MAX_COMBINATIONS ? undefined : all;
}

/** Whether a part is the same whatever the braces put behind it. */
function standsAlone(part: WordPart, index: number, parts: readonly WordPart[]): boolean {
  if (part.type === "CommandExpansion") return part.text.startsWith("$(");
  if (part.type === "ParameterExpansion") return true;
  const next = parts[index + 1];
  if (part.type === "SimpleExpansion") return next?.type === "Literal" && /^[/.:,-]/.test(next.text);
  return PLAIN_PARTS.has(part.type);
}

function bracedTexts(text: string): readonly string[] | undefined {
  const list = PLAIN_LIST.exec(text)?.[1];
  if (list !== undefined) return list.split(",");
  const [first = NaN, last = NaN] = PLAIN_RANGE.exec(text)?.slice(1).map(Number) ?? [];
  const length = last - first + 1;
  // A range that counts down or has leading zeros is rare, and the limit keeps the words few.
  const plain = length >= 1 && length <= MAX_COMBINATIONS && text === `{${first}..${last}}`;
  return plain ? Array.from({ length }, (_, index) => String(first + index)) : undefined;
}

function atomsOf(word: Word, binding: Binding): Atom[] {
  const parts: readonly Readable[] = word.parts ?? [{ type: "Literal", text: word.text, value: word.value }];
  const [first] = parts;
  const atoms = parts.flatMap((part) => atomsOfPart(part, binding, "unquoted"));
  const [start] = atoms;
  if (start === undefined || first?.type !== "Literal" || !/^~[\w+.-]*(\/|$)/.test(first.text)) return atoms;
  const text = start.text.replace(/^~(?=\/|$)/, HOME).replace(/^~[\d+-]+(?=\/|$)/, "").replace(/^~sys(?=\/|$)/, "/dev")
    .replace(/^~/, "/home/");
  return [{ ...start, text }, ...atoms.slice(1)];
}

type Readable = WordPart | { readonly type: "Literal"; readonly text: string; readonly value: string };

function atomsOfPart(part: Readable, binding: Binding, context: "quoted" | "unquoted"): Atom[] {
  const quoted = context === "quoted";
  switch (part.type) {
    case "Literal":
    case "SingleQuoted":
    case "AnsiCQuoted":
      return [{ text: part.value, quoted: true }];
    case "ProcessSubstitution":
      return [{ text: PIPE_FILE, quoted: true }];
    case "Glob":
      // One digit stands for all: the names that matter differ in more than a number.
      return [{ text: part.text === "[0-9]" ? `1${GLOB}` : GLOB, quoted: true }];
    case "DoubleQuoted":
      return [{ text: "", quoted: true }, ...part.parts.flatMap((child) => atomsOfPart(child, binding, "quoted"))];
    case "SimpleExpansion":
      return [{ text: binding.get(part.text.slice(1)) ?? TEXT, quoted }];
    case "ParameterExpansion":
      return [{ text: parameterText(part, binding), quoted }];
    case "CommandExpansion":
      return [{ text: outputOf(part.script as ParsedScript | undefined), quoted }];
    case "ArithmeticExpansion":
      return [{ text: NUMBER, quoted }];
    default:
      return [{ text: TEXT, quoted }];
  }
}

/** What a command substitution becomes. */
function outputOf(script: ParsedScript | undefined): string {
  if (script === undefined) return TEXT;
  if (printsNumbers(script)) return NUMBER;
  const date = exampleDate(script);
  if (date !== undefined) return date;
  const shaped = printsShape(script);
  if (shaped !== undefined) return shaped;
  const device = printsDevices(script);
  if (device !== undefined) return device + GLOB;
  // An address of which the last number is not known: several, and names of devices, are nothing that does harm.
  return printsGateway(script) ? `192.0.2.${NUMBER}` : TEXT;
}

function parameterText(part: Extract<WordPart, { type: "ParameterExpansion" }>, binding: Binding): string {
  if (part.prefix === "#") return NUMBER;
  const value = binding.get(part.parameter) ?? TEXT;
  if (part.prefix !== undefined) return TEXT;
  if (part.operation === undefined) return value;
  // A piece of one word is one word.
  const cut = part.operation.type === "Remove" || part.operation.type === "CaseModification";
  return cut && !/[\s\uE001\uE002]/.test(value) ? WORD : TEXT;
}

function variablesOf(word: Word): string[] {
  return (word.parts ?? []).flatMap(variablesOfPart);
}

function variablesOfPart(part: WordPart): string[] {
  if (part.type === "SimpleExpansion") return [part.text.slice(1)];
  if (part.type === "ParameterExpansion") return [part.parameter];
  if (part.type === "DoubleQuoted") return part.parts.flatMap(variablesOfPart);
  return [];
}
