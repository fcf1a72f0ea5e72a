/** Objects of JSON in a text with other things around them, and replies in these. */
import { readJson } from "./json_reader.ts";
import { declarationOf, hasBody, isEntry, kindNamed, kindOf } from "./kind.ts";
import type { Mend } from "./marks.ts";
import { type Fields, isFields } from "./names.ts";

/** How much text is read again, where an object that is no reply runs to the end: the reply may be behind its brace. */
const MAX_CHARACTERS_AGAIN = 200_000;
/** Wrappers around a reply, one in the other. */
const MAX_WRAPPERS = 6;
/** Values looked at in search of a reply: a bound for what is none at all. */
const MAX_LOOKED_AT = 20_000;

export interface Found {
  readonly value: object;
  readonly start: number;
  readonly end: number;
  readonly cut: boolean;
  readonly mends: ReadonlySet<Mend>;
}

/** An object that is meant as a reply. */
export interface Candidate {
  readonly object: Fields;
  /** The text ended in the middle of it. */
  readonly cut: boolean;
  readonly mends: ReadonlySet<Mend>;
  /** Another object, a list or a string was around it. */
  readonly wrapped: boolean;
  /** The words between it and the object before it. */
  readonly lead: string;
}

/** One text: finding anything in it twice gives the same. */
export class Finder {
  #left = MAX_LOOKED_AT;
  /** Objects and arrays that miss something. */
  readonly partial = new Set<object>();

  /** The outermost objects and lists of objects of a text; braces that begin neither are passed over. */
  find(text: string): readonly Found[] {
    const found: Found[] = [];
    const brackets = /[{[]/g;
    let again = MAX_CHARACTERS_AGAIN;
    for (let match = brackets.exec(text); match !== null; match = brackets.exec(text)) {
      const start = match.index;
      if (!begins(text, start)) continue;
      const mends = new Set<Mend>();
      const read = readJson(text, start, { mends, partial: this.partial });
      if (read.cut && again > text.length - start && this.#repliesIn(read.value, 0).length === 0) {
        again -= text.length - start;
        continue;
      }
      found.push({ ...read, start, mends });
      brackets.lastIndex = read.end;
    }
    return found;
  }

  /** The replies among what was found, out of whatever is wrapped around them. */
  candidates(text: string, found: readonly Found[] = this.find(text)): readonly Candidate[] {
    return found.flatMap(({ value, start, cut, mends }, index) => {
      const lead = text.slice(Math.max(found[index - 1]?.end ?? 0, start - 300), start);
      return this.#repliesIn(value, 0).map((object, place) => ({
        object,
        cut: cut && this.partial.has(object),
        mends,
        wrapped: object !== value,
        lead: place === 0 ? lead : "",
      }));
    });
  }

  #repliesIn(value: unknown, depth: number): readonly Fields[] {
    if (depth > MAX_WRAPPERS || this.#left-- <= 0) return [];
    if (typeof value === "string") {
      if (!mayHoldReply(value)) return [];
      return this.find(value).flatMap((found) => this.#repliesIn(found.value, depth + 1));
    }
    if (Array.isArray(value)) return value.flatMap((item) => this.#repliesIn(item, depth + 1));
    if (!isFields(value) || isEntry(value)) return [];
    const kind = kindOf(value);
    if (kind !== undefined && hasBody(value)) return [value];
    const inner = Object.entries(value).flatMap(([name, item]) =>
      this.#repliesIn(item, depth + 1).map((object) => this.#declared(object, kind ?? kindNamed(name)))
    );
    return inner.length === 0 && isMeant(value) ? [value] : inner;
  }

  /** What is said around an object of its kind counts for it too. */
  #declared(object: Fields, kind: string | undefined): Fields {
    if (kind === undefined || declarationOf(object) !== undefined) return object;
    const declared = { response_type: kind, ...object };
    if (this.partial.has(object)) this.partial.add(declared);
    return declared;
  }
}

/** It says that it is a reply, or holds the fields of both kinds: worth a complaint of its own. */
function isMeant(value: Fields): boolean {
  const name = declarationOf(value);
  return hasBody(value) ? name === undefined || typeof value[name] === "string" : kindOf(value) !== undefined;
}

/** Whether a brace begins an object, or a bracket a list of objects: not so in shell, code and prose. */
function begins(text: string, start: number): boolean {
  const first = /[{[](?:\s{0,2000}(?:\/\/[^\n]{0,200}\n|#[^\n]{0,200}\n|\/\*[^*]{0,200}\*\/))?\s{0,2000}/y;
  first.lastIndex = start;
  const next = start + (first.exec(text)?.[0].length ?? 1);
  if (text[start] === "[") return text[next] === "{";
  const name = /["'`“”„‘’]?[A-Za-z_$][^"'`“”\n{}[\],:=]{0,80}["'`“”’]?\s{0,20}[:=]|"__?[^"\n]{0,80}"\s{0,20}:/y;
  name.lastIndex = next;
  return name.test(text);
}

function mayHoldReply(text: string): boolean {
  return text.includes("{") && /response_?type|commands|root_?cause|ebpf/i.test(text);
}
