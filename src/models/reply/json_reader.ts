/**
 * A reader of JSON that forgives what models do to it, in one pass and linear time.
 *
 * Valid JSON reads as `JSON.parse` would read it. Of anything else no value is made up: what cannot be read is left out,
 * and the object or array that misses it is marked as partial.
 */
import { Cursor } from "./cursor.ts";
import { readBare } from "./json_bare.ts";
import { isQuote, readString } from "./json_string.ts";
import type { Marks } from "./marks.ts";

/** Deeper than any reply, and shallow enough for everything that walks through one. */
const MAX_DEPTH = 48;
/** Stand for everything deeper, which is read but not kept. */
const TOO_DEEP = { object: {}, list: [] as unknown[] };

const BARE_NAME = /[A-Za-z_$][\w$.-]*/y;

export interface ReadJson {
  /** An object or an array. */
  readonly value: object;
  /** The place behind it. */
  readonly end: number;
  /** The text ended before it was closed. */
  readonly cut: boolean;
}

interface Frame {
  readonly container: Record<string, unknown> | unknown[];
  /** The name whose value comes next. */
  name: string | undefined;
  last: "start" | "value" | "comma";
  partial: boolean;
}

/**
 * Reads the object or array that begins at `start`.
 *
 * @param marks what was mended and what is partial is added to it
 */
export function readJson(text: string, start: number, marks: Marks): ReadJson {
  return new Reader(text, start, marks).read();
}

class Reader {
  readonly #cursor: Cursor;
  readonly #marks: Marks;
  readonly #frames: Frame[] = [];
  #open_arrays = 0;
  #root: object = {};

  constructor(text: string, start: number, marks: Marks) {
    this.#cursor = new Cursor(text, marks.mends);
    this.#cursor.at = start;
    this.#marks = marks;
  }

  read(): ReadJson {
    const cursor = this.#cursor;
    this.#open();
    for (let frame = this.#top; frame !== undefined; frame = this.#top) {
      cursor.skip();
      if (cursor.ended) return this.#cut();
      const { char } = cursor;
      if (char === "}" || char === "]") this.#bracket(frame, char);
      else if (char === ",") this.#comma(frame);
      else if (char === "…" || cursor.text.startsWith("...", cursor.at)) this.#ellipsis(char);
      else if (!Array.isArray(frame.container) && frame.name === undefined) this.#name(frame);
      else this.#value(frame);
    }
    return { value: this.#root, end: cursor.at, cut: false };
  }

  get #top(): Frame | undefined {
    return this.#frames.at(-1);
  }

  #open(): void {
    const is_kept = this.#frames.length <= MAX_DEPTH;
    const is_list = this.#cursor.char === "[";
    const container = is_list ? is_kept ? [] : TOO_DEEP.list : is_kept ? {} : TOO_DEEP.object;
    if (is_list) this.#open_arrays++;
    this.#frames.push({ container, name: undefined, last: "start", partial: false });
    this.#cursor.at++;
  }

  #close(): void {
    const frame = this.#frames.pop();
    if (frame === undefined) return;
    const { container } = frame;
    if (frame.name !== undefined) this.#damage(frame);
    const is_kept = this.#frames.length <= MAX_DEPTH;
    if (frame.partial && is_kept) this.#marks.partial.add(container);
    if (Array.isArray(container)) this.#open_arrays--;
    const parent = this.#top;
    if (parent === undefined) {
      this.#root = container;
      return;
    }
    // An item of a list is partial by itself; of anything else the whole is.
    if (frame.partial && !(Array.isArray(parent.container) && !Array.isArray(container))) parent.partial = true;
    if (!is_kept) this.#marks.mends.add("too deep a nesting left out");
    this.#add(parent, container);
  }

  #cut(): ReadJson {
    const top = this.#top;
    if (top !== undefined) top.name = undefined;
    for (const frame of this.#frames) frame.partial = true;
    while (this.#top !== undefined) this.#close();
    return { value: this.#root, end: this.#cursor.at, cut: true };
  }

  #bracket(frame: Frame, char: "}" | "]"): void {
    const cursor = this.#cursor;
    const is_array = Array.isArray(frame.container);
    if (is_array === (char === "]")) {
      if (frame.last === "comma") this.#marks.mends.add("trailing or extra commas");
      cursor.at++;
      if (this.#frames.length === 1 && this.#goesOn(char)) this.#marks.mends.add("extra brackets");
      else this.#close();
    } else if (this.#isExtra(frame, char)) {
      this.#marks.mends.add("extra brackets");
      cursor.at++;
    } else {
      this.#marks.mends.add("missing brackets");
      this.#close();
    }
  }

  /** Behind the brace that would close it all: more names of the same object. */
  #goesOn(char: string): boolean {
    const comma = this.#cursor.pastSpace(this.#cursor.at);
    return char === "}" && this.#cursor.text[comma] === "," &&
      this.#cursor.nameAt(this.#cursor.pastSpace(comma + 1));
  }

  /** Whether a bracket closes nothing: none of its kind is open, or the list goes on with the next object behind it. */
  #isExtra({ container }: Frame, char: "}" | "]"): boolean {
    if (char === "]") return this.#open_arrays === 0;
    if (this.#frames.length - this.#open_arrays === 0) return true;
    const cursor = this.#cursor;
    const next = cursor.pastSpace(cursor.at + 1);
    const last = Array.isArray(container) ? container.at(-1) : undefined;
    return typeof last === "object" && cursor.text[next] === "," && cursor.text[cursor.pastSpace(next + 1)] === "{";
  }

  #comma(frame: Frame): void {
    if (frame.name !== undefined) this.#damage(frame);
    if (frame.last !== "value") this.#marks.mends.add("trailing or extra commas");
    frame.last = "comma";
    this.#cursor.at++;
  }

  #ellipsis(char: string): void {
    this.#marks.mends.add("ellipses left out");
    this.#cursor.at += char === "…" ? 1 : 3;
  }

  #name(frame: Frame): void {
    const cursor = this.#cursor;
    const { at, char } = cursor;
    if (char === "{" && this.#open_arrays > 0) {
      this.#marks.mends.add("missing brackets");
      this.#close();
      return;
    }
    if (frame.last === "value") this.#marks.mends.add("missing commas");
    const name = isQuote(char) ? readString(cursor, "name").text : this.#bareName();
    cursor.skip();
    if (name !== undefined && /[:=]/.test(cursor.char)) {
      cursor.at += cursor.text.startsWith("=>", cursor.at) ? 2 : 1;
      frame.name = name;
    } else if (name === undefined || !cursor.ended) {
      this.#damage(frame);
      cursor.at = Math.max(cursor.at, at + 1);
    }
  }

  #bareName(): string | undefined {
    const name = BARE_NAME;
    name.lastIndex = this.#cursor.at;
    const found = name.exec(this.#cursor.text)?.[0];
    if (found === undefined) return undefined;
    this.#marks.mends.add("names without quotes");
    this.#cursor.at += found.length;
    return found;
  }

  #value(frame: Frame): void {
    const cursor = this.#cursor;
    const in_array = Array.isArray(frame.container);
    if (in_array && frame.last === "value") this.#marks.mends.add("missing commas");
    if (cursor.char === "{" || cursor.char === "[") return this.#open();
    if (!isQuote(cursor.char)) {
      const bare = readBare(cursor);
      return bare === undefined ? this.#damage(frame) : this.#add(frame, bare.value);
    }
    const place = in_array ? "in array" : "in object";
    let read = readString(cursor, place);
    if (read.text !== undefined) return this.#add(frame, read.text);
    while (read.text === undefined && read.ended === "joined") read = readString(cursor, place);
    this.#damage(frame);
  }

  #add(frame: Frame, value: unknown): void {
    const { container, name } = frame;
    const is_kept = this.#frames.length <= MAX_DEPTH && value !== TOO_DEEP.object && value !== TOO_DEEP.list;
    if (!is_kept) {
      // Neither what is too deep, nor anything within it.
    } else if (Array.isArray(container)) {
      container.push(value);
    } else if (name !== undefined && name !== "__proto__") {
      container[name] = Object.hasOwn(container, name) ? this.#both(container[name], value) : value;
    }
    this.#skipValue(frame);
  }

  /** The same name twice: lists are joined, of anything else the last one counts, as everywhere. */
  #both(first: unknown, second: unknown): unknown {
    this.#marks.mends.add("duplicate names");
    if (!Array.isArray(first) || !Array.isArray(second)) return second;
    const both = [...first, ...second];
    if (this.#marks.partial.has(first) || this.#marks.partial.has(second)) this.#marks.partial.add(both);
    return both;
  }

  #skipValue(frame: Frame): void {
    frame.name = undefined;
    frame.last = "value";
  }

  /** What stands here could not be read. */
  #damage(frame: Frame): void {
    frame.partial = true;
    frame.name = undefined;
    frame.last = "value";
    if (!this.#cursor.ended) this.#marks.mends.add("unreadable parts left out");
  }
}
