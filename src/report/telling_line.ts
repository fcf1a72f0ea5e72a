/** The one line of an output that says most about a claim. */
import { harmless } from "./layout.ts";

/** Shorter words are in every line. */
const MIN_WORD = 3;

/**
 * The line that shares the most words and numbers with the claim, the first of equals. Of a text with several lines
 * undefined when none shares any; the only line says what there is to say in any case.
 */
export function tellingLine(text: string, claim: string): string | undefined {
  const lines = harmless(text).split("\n").map((line) => line.trim().replace(/\s+/g, " ")).filter((line) =>
    line !== ""
  );
  if (lines.length === 1) return lines[0];
  const wanted = wordsOf(claim);
  let best: string | undefined;
  let most = 0;
  for (const line of lines) {
    const shared = [...wordsOf(line)].filter((word) => wanted.has(word)).reduce((sum, word) => sum + weight(word), 0);
    if (shared > most) {
      best = line;
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
