/** Takes out of texts what must not leave, and puts back what may come back. One for each run. */
import { findAddresses } from "./addresses.ts";
import type { Category } from "./categories.ts";
import { findCutWords } from "./cuts.ts";
import { findQualifiedNames, type Identities } from "./identities.ts";
import { findSecrets, findUnmistakable } from "./rules/mod.ts";
import { isDistinctive } from "./rules/names.ts";
import { isWordCharacter } from "./rules/rule.ts";
import { MIN_WORD, Scanner } from "./scanner.ts";
import { type Kind, KINDS, mergeSpans, type Span } from "./span.ts";
import { spellings } from "./variants.ts";
import { type View, viewsOf } from "./views.ts";

export interface RedactorOptions {
  /** Taken out beside secrets; nothing by default. */
  readonly categories?: readonly Category[];
  /** Names of this host and of its users, for `hosts` and `users`. */
  readonly identities?: Identities;
  /** Our own words: a value that stands in them is taken out where it is found only, not wherever it stands. */
  readonly own_text?: string;
  /** What an earlier one knew, whose placeholders go on to stand for the same. */
  readonly state?: RedactorState;
  /** Placeholders that another host's gave out, `<kind:1>` to `<kind:n>`: they stay as they are, and new ones count on. */
  readonly foreign?: PlaceholderCounts;
}

/** How many placeholders of a kind were given out. */
export type PlaceholderCounts = { readonly [K in Kind]?: number | undefined };

/** All that a redactor knows. It holds the secrets themselves: where it is kept, nobody else may read it. */
export interface RedactorState {
  readonly known: readonly Known[];
  /** What each placeholder stands for, in the order in which they were given out. */
  readonly placeholders: readonly (readonly [placeholder: string, value: string])[];
}

export interface RedactOptions {
  /** Who wrote the text: only a model that was given placeholders may use them. Default `host`. */
  readonly from?: "host" | "model";
}

/** A value that is looked for everywhere. */
export interface Known {
  readonly kind: Kind;
  readonly value: string;
  /** Only as a whole word. */
  readonly whole: boolean;
}

/** A text, and the ways to read it; kept, since every request carries the earlier texts again. */
interface Reading {
  readonly text: string;
  readonly secrets: readonly Span[];
  readonly views: readonly { readonly view: View; readonly reading: Reading }[];
}

const PLACEHOLDER = /<(secret|address|host|user|text):(\d{1,9})>/g;
const ONE_PLACEHOLDER = new RegExp(`^${PLACEHOLDER.source}$`);
/** Base64 in JSON in base64: beyond this nothing is decoded. */
const MAX_DEPTH = 4;
/** Shorter texts are read again faster than they are remembered. */
const MIN_REMEMBERED = 256;
/** Characters of a known value that must be there when the rest of it was cut off. */
const MIN_CUT = 10;
/** A longer value is looked for in pieces of this many characters. */
const MAX_PIECE = 200;

export class Redactor {
  readonly #categories: ReadonlySet<Category>;
  readonly #ownText: string;
  readonly #foreign: PlaceholderCounts;
  readonly #known = new Scanner<Known>();
  /** In the order in which they were met. */
  readonly #met: Known[] = [];
  /** Of two letters: too short for the scanner, and only taken out as whole words. */
  readonly #shortNames: Known[] = [];
  readonly #spelled = new Set<string>();
  readonly #placeholders = new Map<string, string>();
  readonly #values = new Map<string, string>();
  readonly #counts = new Map<Kind, number>();
  readonly #readings = new Map<string, Reading>();

  constructor(options: RedactorOptions = {}) {
    this.#categories = new Set(options.categories);
    this.#ownText = options.own_text?.toLowerCase() ?? "";
    this.#foreign = options.foreign ?? {};
    for (const kind of KINDS) this.#counts.set(kind, this.#foreign[kind] ?? 0);
    for (const known of options.state?.known ?? []) this.#look(known);
    for (const [placeholder, value] of options.state?.placeholders ?? []) this.#remember(placeholder, value);
    const { hosts = [], users = [] } = options.identities ?? {};
    if (this.#categories.has("hosts")) hosts.forEach((value) => this.#look({ kind: "host", value, whole: true }));
    if (this.#categories.has("users")) users.forEach((value) => this.#look({ kind: "user", value, whole: true }));
  }

  /** How many different values were taken out so far, each kind that was met. */
  get counts(): ReadonlyMap<Kind, number> {
    return new Map([...this.#counts].filter(([, count]) => count > 0));
  }

  /** To go on with in another process. */
  get state(): RedactorState {
    return { known: [...this.#met], placeholders: [...this.#values] };
  }

  /** Remembers the secrets of a text, so that they are found in others as well. */
  learn(text: string): void {
    this.#read(text, 0);
  }

  /** The text with placeholders; it is learned as well. The same value has the same placeholder, however it is written. */
  redact(text: string, options: RedactOptions = {}): string {
    const reading = this.#read(text, 0);
    return this.#replace(text, [...this.#spans(reading, options.from ?? "host")]);
  }

  /**
   * The last look at what is about to leave: known values in any spelling, and what is a secret in any text. What
   * was redacted before it stays as it is.
   */
  net(text: string): string {
    const secrets = findUnmistakable(text).filter(({ value }) => !isTakenOut(value))
      .map((secret): Span => ({ ...secret, kind: "secret" }));
    const known = this.#knownIn(text).filter(({ kind }) => kind === "secret");
    // Half of an escape is no text.
    const whole = [...secrets, ...known].filter(({ start }) => !endsInEscape(text, start));
    return this.#replace(text, whole);
  }

  /** Puts back addresses and names, in one pass; secrets stay placeholders, and so does what was never given out. */
  restore(text: string): string {
    return text.replaceAll(
      PLACEHOLDER,
      (placeholder, kind) => kind === "secret" ? placeholder : this.#values.get(placeholder) ?? placeholder,
    );
  }

  #read(text: string, depth: number): Reading {
    const remembered = this.#readings.get(text);
    if (remembered !== undefined) return remembered;
    const found = findSecrets(text).filter(({ value }) => !isTakenOut(value));
    for (const { value, also } of found) {
      this.#learnSecret(value);
      for (const other of also) if (isDistinctive(other)) this.#look({ kind: "secret", value: other, whole: false });
    }
    const secrets = found.map(({ start, end, value }): Span => ({ start, end, kind: "secret", value }));
    const views = depth === MAX_DEPTH || text.length < 8
      ? []
      : viewsOf(text).map((view) => ({ view, reading: this.#read(view.text, depth + 1) }));
    const reading = { text, secrets, views };
    if (depth === 0 && text.length >= MIN_REMEMBERED) this.#readings.set(text, reading);
    return reading;
  }

  #learnSecret(value: string): void {
    if (isDistinctive(value) && !this.#ownText.includes(value.toLowerCase())) {
      this.#look({ kind: "secret", value, whole: value.length < 8 });
    }
  }

  #look(known: Known): void {
    const key = `${known.kind} ${known.value}`;
    if (this.#spelled.has(key)) return;
    this.#spelled.add(key);
    this.#met.push(known);
    const names = known.kind !== "secret";
    if (known.value.length < MIN_WORD) {
      if (names) this.#shortNames.push(known);
      return;
    }
    if (known.value.length > MAX_PIECE) {
      // As it is and in JSON: whoever encodes a file of keys encodes all of it, and that is read as a whole.
      for (let at = 0; at + MIN_CUT <= known.value.length; at += MAX_PIECE) {
        const piece = known.value.slice(at, at + MAX_PIECE);
        for (const text of [piece, JSON.stringify(piece).slice(1, -1)]) {
          if (this.#spelled.has(text)) continue;
          this.#spelled.add(text);
          this.#known.add(text, known);
        }
      }
      return;
    }
    for (const spelling of spellings(known.value)) {
      const plain = spelling === known.value;
      // A name in base64 or hex would have to be a long one to be told from chance.
      if (names && !plain && spelling.length < 8) continue;
      this.#known.add(spelling, { ...known, whole: known.whole && plain });
    }
  }

  /** Everything to take out of a text, found in it and in whatever it decodes to. */
  *#spans(reading: Reading, from: "host" | "model"): Iterable<Span> {
    const { text, secrets, views } = reading;
    yield* secrets;
    yield* this.#knownIn(text);
    yield* findCutWords(text);
    if (this.#categories.has("addresses")) yield* findAddresses(text);
    if (this.#categories.has("hosts")) {
      for (const name of findQualifiedNames(text)) yield { ...name, kind: "host" };
    }
    for (const { 0: written, 1: kind, 2: number, index } of text.matchAll(PLACEHOLDER)) {
      if (isWithin(this.#foreign, kind, number)) continue;
      if (from === "model" && this.#values.has(written)) continue;
      yield { start: index, end: index + written.length, kind: "text", value: written };
    }
    for (const { view, reading: inner } of views) {
      for (const span of this.#spans(inner, from)) yield { ...span, ...view.place(span.start, span.end) };
    }
  }

  #knownIn(text: string): Span[] {
    const spans: Span[] = [];
    this.#known.scanCut(text, MIN_CUT, (start, { kind, value, whole }, length) => {
      const end = start + length;
      if (kind !== "secret" && length < value.length) return;
      // Names of users are told apart by case, names of hosts are not.
      if (kind === "user" && whole && text.slice(start, end) !== value) return;
      if (!whole || (isEdge(text, start) && isEdge(text, end))) {
        spans.push({ start, end, kind, value: kind === "host" ? value.toLowerCase() : value });
      }
    });
    for (const { kind, value } of this.#shortNames) {
      for (let start = text.indexOf(value); start !== -1; start = text.indexOf(value, start + 1)) {
        const end = start + value.length;
        if (isEdge(text, start) && isEdge(text, end)) spans.push({ start, end, kind, value });
      }
    }
    return spans;
  }

  #replace(text: string, spans: readonly Span[]): string {
    if (spans.length === 0) return text;
    const parts: string[] = [];
    let at = 0;
    for (const { start, end, kind, value } of mergeSpans(spans)) {
      parts.push(text.slice(at, start), this.#placeholder(kind, value));
      at = end;
    }
    return parts.join("") + text.slice(at);
  }

  #placeholder(kind: Kind, value: string): string {
    if (kind === "cut") return "…";
    const key = `${kind} ${value}`;
    const given = this.#placeholders.get(key);
    if (given !== undefined) return given;
    const number = (this.#counts.get(kind) ?? 0) + 1;
    const placeholder = `<${kind}:${number}>`;
    this.#remember(placeholder, value);
    return placeholder;
  }

  #remember(placeholder: string, value: string): void {
    const [, name, number] = placeholder.match(ONE_PLACEHOLDER) ?? [];
    const kind = KINDS.find((each) => each === name);
    if (kind === undefined) return;
    this.#counts.set(kind, Math.max(this.#counts.get(kind) ?? 0, Number(number)));
    this.#placeholders.set(`${kind} ${value}`, placeholder);
    this.#values.set(placeholder, value);
  }
}

function isWithin(counts: PlaceholderCounts, name: string | undefined, number: string | undefined): boolean {
  const kind = KINDS.find((each) => each === name);
  return kind !== undefined && Number(number) >= 1 && Number(number) <= (counts[kind] ?? 0);
}

/** Whether a placeholder is all that is left of it: what stood there was taken out before. */
function isTakenOut(value: string): boolean {
  return value.includes("<") && value.replace(PLACEHOLDER, "").replace(/\\[nrt]|\s/g, "") === "";
}

/** Whether no word goes on across this place. */
function isEdge(text: string, at: number): boolean {
  return !(isWordCharacter(text.charCodeAt(at - 1)) && isWordCharacter(text.charCodeAt(at)));
}

function endsInEscape(text: string, at: number): boolean {
  let backslashes = 0;
  while (text[at - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}
