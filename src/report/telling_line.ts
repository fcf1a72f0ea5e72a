/** The one line of an output that says most about a claim. */
import { harmless } from "./layout.ts";

/** Shorter words are in every line. */
const MIN_WORD = 3;

/**
 * The line that shares the most words and numbers with the claim; the first of equals, and the first line at all when
 * none shares any. Empty when the text is.
 */
export function tellingLine(text: string, claim: string): string {
  const wanted = wordsOf(claim);
  let best = "";
  let most = -1;
  for (const line of harmless(text).split("\n")) {
    if (line.trim() === "") continue;
    const shared = [...wordsOf(line)].filter((word) => wanted.has(word)).reduce((sum, word) => sum + weight(word), 0);
    if (shared > most) {
      best = line.trim().replace(/\s+/g, " ");
      most = shared;
    }
  }
  return best;
}

/** A number says more than a word: words stand in the heading of a table as well. */
function weight(word: string): number {
  return /^\d+$/.test(word) ? 3 : 1;
}

function wordsOf(text: string): ReadonlySet<string> {
  return new Set(text.toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter((word) => word.length >= MIN_WORD));
}
