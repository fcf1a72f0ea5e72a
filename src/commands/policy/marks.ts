/**
 * What stands in an argument for text that only the shell knows when it runs. The marks are private-use characters, so
 * that an argument stays a plain string; a line that holds one of them is refused before anything else.
 */

/** Digits with an optional minus; unquoted, also several numbers or none. */
export const NUMBER = "\uE000";
/** Any text that stays within its argument. */
export const TEXT = "\uE001";
/** Any text that the shell splits: further arguments, or none. */
export const WORDS = "\uE002";
/** What a pattern (`*`, `?`, `[…]`) matches within one path component. */
export const GLOB = "\uE003";
/** In the value of a variable only: one word, without white space. */
export const WORD = "\uE004";

const MARKS = /[\uE000-\uE004]/g;
const SHOWN: Readonly<Record<string, string>> = { [NUMBER]: "<number>", [GLOB]: "*" };

/** True when the text holds no mark: it is exactly what the program will get. */
export function isLiteral(text: string): boolean {
  return text.search(MARKS) < 0;
}

/** The text as a person reads it. */
export function show(text: string): string {
  return text.replace(MARKS, (mark) => SHOWN[mark] ?? "<unknown>");
}

/** True when the argument may turn out to be an option that is not written in the line. */
export function mayHideOption(argument: string): boolean {
  if (argument.includes(WORDS) || argument.startsWith(TEXT) || argument.startsWith(GLOB)) return true;
  return argument.startsWith("-") && /[\uE001\uE003]/.test(argument.replace(/^(--[a-z-]+=).*$/s, "$1"));
}

/** A text with numbers in it, with and without digits there; undefined when anything else in it is not known. */
export function numberVariants(text: string): readonly string[] | undefined {
  const variants = ["", "1"].map((digits) => text.replaceAll(NUMBER, digits));
  return variants.every(isLiteral) ? [...new Set(variants)] : undefined;
}
