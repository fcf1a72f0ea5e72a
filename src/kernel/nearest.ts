/** Which of many names was probably meant. */

export interface NearestOptions {
  /** Names returned at most. Default 3. */
  readonly limit?: number;
}

/** Names further away than this are not suggestions but noise. */
const MAX_EDITS = 4;
/** A shorter word is inside too many names to say anything. */
const MIN_SUBSTRING = 3;

/**
 * The candidates closest to a word, best first: names with few typing errors in between (insert, delete, replace,
 * swap of neighbours), then names that contain the word or are contained in it. Names much further away than the best
 * one are left out.
 *
 * Case and the difference between `-`, `_`, `/`, `:` and `.` do not count.
 */
export function nearest(word: string, candidates: Iterable<string>, options: NearestOptions = {}): string[] {
  const limit = options.limit ?? 3;
  const wanted = normalize(word);
  if (wanted === "") return [];
  const scored: { name: string; score: number; excess: number }[] = [];
  for (const name of candidates) {
    const other = normalize(name);
    const score = scoreOf(wanted, other);
    if (score !== undefined) scored.push({ name, score, excess: Math.abs(other.length - wanted.length) });
  }
  scored.sort((a, b) => a.score - b.score || a.excess - b.excess || (a.name < b.name ? -1 : 1));
  const worst = (scored[0]?.score ?? 0) * 2 + 1;
  const near = scored.filter((entry) => entry.score <= worst);
  return [...new Set(near.map((entry) => entry.name))].slice(0, limit);
}

/**
 * Edits between two strings: insertions, deletions, replacements and swaps of neighbours (optimal string alignment).
 *
 * @param bound no result above it is needed: the computation stops early
 * @returns the distance, or `bound + 1` when it is larger than that
 */
export function editDistance(a: string, b: string, bound = Infinity): number {
  if (Math.abs(a.length - b.length) > bound) return bound + 1;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    let best = i;
    for (let j = 1; j <= b.length; j++) {
      const replace = (last[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let cost = Math.min(replace, (last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1);
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (swapped) cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
      best = Math.min(best, cost);
    }
    if (best > bound) return bound + 1;
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}

/** Smaller is closer; undefined is not close at all. A name with the word inside counts like a name some edits away. */
function scoreOf(wanted: string, other: string): number | undefined {
  // Words in common at the start say nothing about the rest: sys_enter_x is not close to sys_enter_y.
  const common = commonWords(wanted, other);
  const bound = Math.min(MAX_EDITS, Math.max(1, Math.ceil((wanted.length - common) / 3)));
  const edits = editDistance(wanted.slice(common), other.slice(common), bound);
  if (edits <= bound) return edits;
  const [short, long] = wanted.length < other.length ? [wanted, other] : [other, wanted];
  if (short.length < MIN_SUBSTRING) return undefined;
  const at = long.indexOf(short);
  if (at < 0) return undefined;
  const wholeWords = (at === 0 || long[at - 1] === "_") &&
    (at + short.length === long.length || long[at + short.length] === "_");
  return wholeWords ? 2.5 : MAX_EDITS + 1;
}

/** Length of the whole words, with the `_` behind them, that both begin with. */
function commonWords(a: string, b: string): number {
  let end = 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) if (a[i] === "_") end = i + 1;
  return end;
}

function normalize(name: string): string {
  return name.trim().toLowerCase().replace(/[-/:.\s]+/g, "_");
}
