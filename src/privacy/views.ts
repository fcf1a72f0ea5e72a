/** A text as it reads once decoded, with the way back: what is found there is replaced where it is written. */

export interface View {
  readonly text: string;
  /** Where the characters from `start` to `end` of the decoded text stand in the original. */
  place(start: number, end: number): { readonly start: number; readonly end: number };
}

const JSON_ESCAPE = /\\(?:u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|["'\\/bfnrt])/;
const PERCENT = /%[0-9a-fA-F]{2}/;
const ENTITY = /&(?:quot|apos|lt|gt|amp|#\d{1,5}|#x[0-9a-fA-F]{1,4});/;
const MIN_BASE64 = 12;
const MAX_BASE64 = 1 << 20;
/** Lines of base64 are 64 letters in PEM, 76 in MIME and base64(1). */
const MIN_WRAPPED = 48;
const MAX_WRAPPED = 100;

const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const SIX_BITS = new Uint8Array(128);
[...LETTERS].forEach((letter, bits) => SIX_BITS[letter.charCodeAt(0)] = bits);
SIX_BITS["-".charCodeAt(0)] = LETTERS.indexOf("+");
SIX_BITS["_".charCodeAt(0)] = LETTERS.indexOf("/");
const IS_LETTER = Uint8Array.from({ length: 128 }, (_, code) => SIX_BITS[code] !== 0 || code === 65 ? 1 : 0);

/** Every other way to read a text, one step of decoding each. */
export function viewsOf(text: string): readonly View[] {
  const views: View[] = [];
  if (JSON_ESCAPE.test(text)) views.push(decoded(text, new RegExp(JSON_ESCAPE, "g"), unescapeJson));
  if (PERCENT.test(text)) views.push(decoded(text, /(?:%[0-9a-fA-F]{2})+/g, unescapePercent));
  if (ENTITY.test(text)) views.push(decoded(text, new RegExp(ENTITY, "g"), unescapeEntity));
  if (text.includes("\0")) {
    // An argument list, or an environment: which one, the text does not say.
    views.push(sameLength(text.replaceAll("\0", " ")), sameLength(text.replaceAll("\0", "\n")));
  }
  views.push(...base64Views(text));
  return views;
}

/** What a text stands for when all of it is base64 of plain text; undefined otherwise. */
export function decodeBase64Text(text: string): string | undefined {
  if (text.length < 8 || !/^[A-Za-z0-9+/_-]+={0,2}$/.test(text)) return undefined;
  return readable(bytesOf(text));
}

function sameLength(text: string): View {
  return { text, place: (start, end) => ({ start, end }) };
}

/** Only the lines that hold an escape: the others read the same, and decoding costs time at every level. */
function decoded(text: string, escape: RegExp, unescape: (written: string) => string): View {
  const parts: string[] = [];
  const ends: number[] = [];
  const pieces: { readonly start: number; readonly end: number; readonly plain: boolean }[] = [];
  let length = 0;
  const push = (
    part: string,
    piece: { readonly start: number; readonly end: number; readonly plain: boolean },
  ): void => {
    if (part === "") return;
    parts.push(part);
    ends.push(length += part.length);
    pieces.push(piece);
  };
  const keep = (start: number, end: number): void => push(text.slice(start, end), { start, end, plain: true });
  let at = 0;
  let lineEnd = 0;
  for (const { 0: written, index } of text.matchAll(escape)) {
    if (index >= lineEnd) {
      keep(at, lineEnd);
      at = text.lastIndexOf("\n", index) + 1;
      const newline = text.indexOf("\n", index);
      lineEnd = newline === -1 ? text.length : newline + 1;
    }
    keep(at, index);
    at = index + written.length;
    push(unescape(written), { start: index, end: at, plain: false });
  }
  keep(at, lineEnd);

  const writtenAt = (offset: number, edge: "start" | "end"): number => {
    const number = firstAfter(ends, edge === "start" ? offset : offset - 1);
    const piece = pieces[number];
    if (piece === undefined) return 0;
    return piece.plain ? piece.start + offset - (ends[number - 1] ?? 0) : piece[edge];
  };
  return {
    text: parts.join(""),
    place: (start, end) => ({ start: writtenAt(start, "start"), end: writtenAt(end, "end") }),
  };
}

/** Index of the first number greater than `offset`. */
function firstAfter(ends: readonly number[], offset: number): number {
  let low = 0;
  let high = ends.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ends[middle] ?? 0) > offset) high = middle;
    else low = middle + 1;
  }
  return low;
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = { b: "\b", f: "\f", n: "\n", r: "\r", t: "\t" };

function unescapeJson(written: string): string {
  const kind = written[1] ?? "";
  if (written.length > 2) return String.fromCharCode(parseInt(written.slice(2), 16));
  return SHORT_ESCAPES[kind] ?? kind;
}

function unescapePercent(written: string): string {
  const bytes = Uint8Array.from(written.slice(1).split("%"), (digits) => parseInt(digits, 16));
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
}

const ENTITIES: Readonly<Record<string, string>> = { quot: '"', apos: "'", lt: "<", gt: ">", amp: "&" };

function unescapeEntity(written: string): string {
  const name = written.slice(1, -1);
  if (!name.startsWith("#")) return ENTITIES[name] ?? written;
  return String.fromCharCode(name[1] === "x" ? parseInt(name.slice(2), 16) : Number(name.slice(1)));
}

function base64Views(text: string): View[] {
  const views: View[] = [];
  for (let at = 0; at < text.length;) {
    if (!isLetter(text.charCodeAt(at))) {
      at++;
      continue;
    }
    let end = lettersEnd(text, at);
    if (end - at >= MIN_BASE64 && startsReadable(text, at)) {
      end = wrappedEnd(text, at, end);
      const run = text.slice(at, end);
      const plain = run.length > MAX_BASE64 ? undefined : readable(bytesOf(run));
      if (plain !== undefined) views.push(base64View(plain, { run, index: at }));
    }
    at = end + 1;
  }
  return views;
}

function isLetter(code: number): boolean {
  return code < 128 && IS_LETTER[code] === 1;
}

function lettersEnd(text: string, from: number): number {
  let end = from;
  while (isLetter(text.charCodeAt(end))) end++;
  return end;
}

/** The end of base64 that goes on over lines of the same length, with what fills it up. */
function wrappedEnd(text: string, start: number, firstEnd: number): number {
  const width = firstEnd - start;
  let end = firstEnd;
  while (width >= MIN_WRAPPED && width <= MAX_WRAPPED) {
    const next = /^\r?\n[ \t]{0,16}(?=[A-Za-z0-9+/])/.exec(text.slice(end, end + 20));
    const from = end + (next?.[0].length ?? 0);
    const lineEnd = lettersEnd(text, from);
    if (next === null || lineEnd - from > width) break;
    end = lineEnd;
    if (lineEnd - from < width) break;
  }
  while (text[end] === "=" && end - start < MAX_BASE64) end++;
  return end;
}

function base64View(plain: string, { run, index }: { readonly run: string; readonly index: number }): View {
  const wrapped = /\s/.test(run);
  const letters = wrapped ? [...run.matchAll(/\S/g)].map((match) => match.index) : undefined;
  const total = letters?.length ?? run.length;
  // Bytes before a character: the same number while the text is ASCII, which is nearly always.
  const ascii = !/[^\0-\x7f]/.test(plain);
  const bytesBefore = (offset: number): number =>
    ascii ? offset : new TextEncoder().encode(plain.slice(0, offset)).length;
  const at = (letter: number): number => index + (letters?.[Math.min(letter, total - 1)] ?? letter);
  return {
    text: plain,
    place: (start, end) => {
      const first = Math.floor(bytesBefore(start) * 4 / 3);
      const last = end === plain.length ? total : Math.ceil(bytesBefore(end) * 4 / 3);
      return { start: at(first), end: at(last - 1) + 1 };
    },
  };
}

/** A quick look at the first nine bytes: nearly everything that is no base64 of text ends here. */
function startsReadable(text: string, start: number): boolean {
  let bits = 0;
  // Bytes that must follow the one that began a character of UTF-8.
  let following = 0;
  for (let at = 0; at < 12; at++) {
    bits = (bits << 6) | (SIX_BITS[text.charCodeAt(start + at)] ?? 0);
    if (at % 4 === 0) continue;
    const byte = (bits >> (6 - 2 * (at % 4))) & 0xff;
    if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127) return false;
    if ((byte & 0xc0) === 0x80 ? following-- === 0 : following > 0) return false;
    if (byte >= 0xc0) following = byte >= 0xf0 ? 3 : byte >= 0xe0 ? 2 : 1;
  }
  return true;
}

function bytesOf(run: string): Uint8Array {
  const text = run.replaceAll(/[\s=]+/g, "").replaceAll("-", "+").replaceAll("_", "/");
  // One letter over is no byte.
  const whole = text.length % 4 === 1 ? text.slice(0, -1) : text;
  const binary = atob(whole);
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}

/** UTF-8 without control characters, but for what text has; undefined when it is anything else. */
function readable(bytes: Uint8Array): string | undefined {
  for (const byte of bytes) {
    if ((byte < 32 && byte !== 9 && byte !== 10 && byte !== 13) || byte === 127) return undefined;
  }
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  // A character that the quick look cut through is no fault.
  return /\ufffd(?!$)/.test(text) ? undefined : text;
}
