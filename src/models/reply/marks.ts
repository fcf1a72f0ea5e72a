/** What reading a text leaves behind beside its values: what was mended, and what is not whole. */

/** What was tolerated in the JSON itself, in words that end the sentence "The JSON was mended: …". */
export type Mend =
  | "bare words as text"
  | "comments"
  | "concatenated text left out"
  | "duplicate names"
  | "ellipses left out"
  | "extra brackets"
  | "invalid escapes"
  | "line breaks in text"
  | "missing brackets"
  | "missing commas"
  | "names without quotes"
  | "NaN or Infinity as null"
  | 'other quotes than "'
  | "Python's words for true, false and null"
  | "too deep a nesting left out"
  | "trailing or extra commas"
  | "unescaped quotes in text"
  | "unreadable parts left out";

export interface Marks {
  readonly mends: Set<Mend>;
  /** Objects and arrays that miss something which the model wrote, or wanted to write. */
  readonly partial: Set<object>;
}
