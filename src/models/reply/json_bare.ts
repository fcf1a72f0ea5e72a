/** Values without quotes: numbers, true, false, null, and the words that models put in their place. */
import type { Cursor } from "./cursor.ts";

const LITERALS: Readonly<Record<string, { readonly value: unknown }>> = {
  true: { value: true },
  false: { value: false },
  null: { value: null },
};

const PYTHONS: Readonly<Record<string, { readonly value: unknown }>> = {
  True: { value: true },
  False: { value: false },
  None: { value: null },
  undefined: { value: null },
  nil: { value: null },
};

/**
 * Reads the word that begins at the cursor, and moves the cursor behind it.
 *
 * @returns undefined when it is more than one word, or not known to be whole because the text ends with it
 */
export function readBare(cursor: Cursor): { readonly value: unknown } | undefined {
  const { text, at } = cursor;
  const end = endOf(text, { from: at, stop: /[\s,{}\[\]"]/g });
  const next = cursor.pastSpace(end);
  const is_whole = end > at && end < text.length &&
    (next === text.length || /[,}\]]/.test(text.charAt(next)) || text.slice(end, next).includes("\n") ||
      (next > end && cursor.commentAt(next)));
  // At least one character, or reading would stand still.
  cursor.at = is_whole ? end : Math.max(endOf(text, { from: end, stop: /[,{}\[\]"\n]/g }), at + 1);
  return is_whole ? valueOf(text.slice(at, end), cursor) : undefined;
}

function endOf(text: string, { from, stop }: { readonly from: number; readonly stop: RegExp }): number {
  stop.lastIndex = from;
  return stop.exec(text)?.index ?? text.length;
}

function valueOf(word: string, { mends }: Cursor): { readonly value: unknown } {
  if (Object.hasOwn(LITERALS, word)) return LITERALS[word] ?? { value: null };
  if (/^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:e[+-]?\d+)?$/i.test(word)) return { value: numberIn(word) };
  if (Object.hasOwn(PYTHONS, word)) {
    mends.add("Python's words for true, false and null");
    return PYTHONS[word] ?? { value: null };
  }
  if (/^[+-]?(?:nan|inf|infinity)$/i.test(word)) {
    mends.add("NaN or Infinity as null");
    return { value: null };
  }
  mends.add("bare words as text");
  return { value: word };
}

/** As ktriage reads all JSON: an integer that a Number cannot hold keeps every digit. */
function numberIn(word: string): number | bigint {
  const number = Number(word);
  return Number.isSafeInteger(number) || !/^-?\d+$/.test(word) ? number : BigInt(word);
}
