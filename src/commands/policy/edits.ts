/** Changes of a line, by their places in it. */
import type { Place } from "./survey.ts";
import type { Refusal } from "./verdict.ts";

/** A change of the line: text put in at a place, instead of what stands there. */
export interface Edit extends Place {
  readonly text: string;
}

/** A bound that is added, and what it is about. */
export interface Added {
  readonly why: Refusal;
  readonly place: Place;
  /** Undefined when the bound can be put nowhere. */
  readonly edits: readonly Edit[] | undefined;
}

/** The line with all edits made. */
export function edited(line: string, edits: readonly Edit[]): string {
  let result = "";
  let at = 0;
  // Two rules may ask for the same bound.
  const once = edits.filter(({ pos, text }, index) =>
    edits.findIndex((other) => other.pos === pos && other.text === text) === index
  );
  for (const { pos, end, text } of once.toSorted((a, b) => a.pos - b.pos)) {
    result += line.slice(at, pos) + text;
    // A word that is left out takes the blanks behind it along.
    at = text === "" ? end + (/^ */.exec(line.slice(end))?.[0].length ?? 0) : end;
  }
  return result + line.slice(at);
}
