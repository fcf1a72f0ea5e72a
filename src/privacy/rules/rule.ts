/** What a rule is: a word that it looks out for, and a look around each place where that word stands. */

/** A value that must not leave, where it stands in the text; with `value` when it stands for something else. */
export interface Found {
  readonly start: number;
  /** Exclusive. */
  readonly end: number;
  /** What it stands for; the text itself by default. */
  readonly value?: string;
  /** It is only learned, for example the lines of a key that is replaced as a whole. */
  readonly also?: readonly string[];
}

export interface Place {
  readonly text: string;
  /** Where the word begins. */
  readonly index: number;
  /** Length of the word. */
  readonly length: number;
}

export interface Rule {
  /** At least three characters each; case does not matter. */
  readonly words: readonly string[];
  readonly look: (place: Place) => readonly Found[];
}

export const NOTHING: readonly Found[] = [];

/** Whether a character belongs to a word; the text's ends do not. */
export function isWordCharacter(code: number): boolean {
  return (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122);
}

/** The rest of the line that begins at `from`, at most `max` characters of it. */
export function lineFrom(text: string, from: number, max: number): string {
  const piece = text.slice(from, from + max);
  const end = piece.search(/[\r\n]/);
  return end === -1 ? piece : piece.slice(0, end);
}

/** The line up to `to`, at most `max` characters of it. */
export function lineBefore(text: string, to: number, max: number): string {
  const piece = text.slice(Math.max(0, to - max), to);
  return piece.slice(Math.max(piece.lastIndexOf("\n"), piece.lastIndexOf("\r")) + 1);
}
