/** Strings as models write them: other quotes, raw line breaks, inner quotes that nobody escaped. */
import type { Cursor } from "./cursor.ts";

/** Where a string stands: it decides what may follow its closing quote. */
export type Place = "name" | "in object" | "in array";

/** Undefined text: it ends nowhere, nobody can tell where, or the string at the cursor is to be joined to it. */
export type StringRead =
  | { readonly text: string }
  | { readonly text: undefined; readonly ended: "never" | "unclear" | "joined" };

/** What may close a string, by what opened it. */
const CLOSERS: Readonly<Record<string, string>> = {
  '"': '"',
  "'": "'",
  "`": "`",
  "“": '”“"',
  "”": '”"',
  "„": '“”"',
  "‘": "’‘'",
  "’": "’'",
};

const SPECIAL: Readonly<Record<string, RegExp>> = Object.fromEntries(
  Object.entries(CLOSERS).map(([open, closers]) => [open, new RegExp(`[${closers}\\\\\\u0000-\\u001f]`, "g")]),
);

const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

export function isQuote(char: string): boolean {
  return char !== "" && Object.hasOwn(CLOSERS, char);
}

/** Reads the string that begins at the cursor, and moves the cursor behind it. */
export function readString(cursor: Cursor, place: Place): StringRead {
  const { text, mends } = cursor;
  if (text.startsWith('"""', cursor.at)) return readTripleQuoted(cursor);
  const open = cursor.char;
  if (open !== '"') mends.add('other quotes than "');
  const special = SPECIAL[open] ?? /$/g;
  const pieces: string[] = [];
  let from = cursor.at + 1;
  for (let search = from;;) {
    special.lastIndex = search;
    const at = special.exec(text)?.index;
    if (at === undefined) {
      cursor.at = text.length;
      return { text: undefined, ended: "never" };
    }
    search = at + 1;
    if (text[at] === "\\") {
      const { value, length } = readEscape(cursor, { at, open });
      pieces.push(text.slice(from, at), value);
      from = search = at + length;
    } else if (text.charAt(at) < " ") {
      mends.add("line breaks in text");
    } else if (closes(cursor, at, place)) {
      cursor.at = at + 1;
      return { text: pieces.join("") + text.slice(from, at) };
    } else if (isNextName(cursor, at)) {
      cursor.at = at;
      return { text: undefined, ended: "unclear" };
    } else {
      const joined = joinedTo(cursor, at);
      if (joined !== undefined) {
        mends.add("concatenated text left out");
        cursor.at = joined;
        return { text: undefined, ended: "joined" };
      }
      mends.add("unescaped quotes in text");
    }
  }
}

function readTripleQuoted(cursor: Cursor): StringRead {
  const { text, mends } = cursor;
  const from = cursor.at + 3;
  const end = text.indexOf('"""', from);
  cursor.at = end === -1 ? text.length : end + 3;
  if (end === -1) return { text: undefined, ended: "never" };
  mends.add('other quotes than "');
  return { text: text.slice(from, end) };
}

function readEscape(
  { text, mends }: Cursor,
  { at, open }: { readonly at: number; readonly open: string },
): { readonly value: string; readonly length: number } {
  const char = text.charAt(at + 1);
  const plain = Object.hasOwn(ESCAPES, char) ? ESCAPES[char] : undefined;
  if (plain !== undefined) return { value: plain, length: 2 };
  const hex = text.slice(at + 2, at + 6);
  if (char === "u" && /^[0-9a-f]{4}$/i.test(hex)) {
    return { value: String.fromCharCode(Number.parseInt(hex, 16)), length: 6 };
  }
  mends.add("invalid escapes");
  // In a shell's line '\'' is meant as it stands; any other \' is an escape too many.
  const is_shells = text[at - 1] === "'" && text[at + 2] === "'" && open !== "'";
  if (char === open || (char === "'" && !is_shells)) return { value: char, length: 2 };
  return { value: "\\", length: 1 };
}

/** Whether the quote at a place ends its string, or is an inner one that nobody escaped. In valid JSON: always. */
function closes(cursor: Cursor, at: number, place: Place): boolean {
  if (place === "name") return true;
  const { text } = cursor;
  const next = cursor.pastSpace(at + 1);
  if (next >= text.length || text.startsWith("```", next)) return true;
  const char = text.charAt(next);
  if (char === "}") return true;
  if (next > at + 1 && cursor.commentAt(next)) return true;
  if (place === "in array") {
    if (char === "]" || (next > at + 1 && (char === "{" || isQuote(char)))) return true;
    return char === "," && beginsValue(cursor, cursor.pastSpace(next + 1));
  }
  if (char === "]") return /[,}\]]|^$/.test(text.charAt(cursor.pastSpace(next + 1)));
  if (char === ",") return continuesObject(cursor, cursor.pastSpace(next + 1));
  return next > at + 1 && isQuote(char) && cursor.nameAt(next);
}

function beginsValue({ text }: Cursor, place: number): boolean {
  return /[-"'`“”„‘{\[\]\d,tfnNTFI/#.…]|^$/.test(text.charAt(place));
}

/** After a comma in an object: a name, or what a model puts there by mistake. */
function continuesObject(cursor: Cursor, place: number): boolean {
  const char = cursor.text.charAt(place);
  if (char === "" || char === "}" || char === "," || char === "{") return true;
  if (cursor.commentAt(place) || /\.\.\.|```/.test(cursor.text.slice(place, place + 3))) return true;
  if (cursor.nameAt(place)) return true;
  // A name that is too long to look at to its end, or that the text ends with.
  return char === '"' && /^[^"]*$|^[^"]{0,60}"\s*$/.test(cursor.text.slice(place + 1, place + 80));
}

/** Where the string begins that code joins to this one, as in `"a" + "b"`: their value would be a text of nobody. */
function joinedTo(cursor: Cursor, at: number): number | undefined {
  const plus = cursor.pastSpace(at + 1);
  const next = cursor.pastSpace(plus + 1);
  return cursor.text[plus] === "+" && isQuote(cursor.text.charAt(next)) ? next : undefined;
}

/** The quote begins the next name: the string's own closing quote is missing. */
function isNextName(cursor: Cursor, at: number): boolean {
  const before = cursor.text.slice(Math.max(0, at - 40), at).trimEnd().at(-1);
  return (before === "," || before === "{") && cursor.nameAt(at);
}
