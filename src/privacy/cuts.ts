/** Words that a cut went through: half a password is no password that any rule knows, and still tells much. */
import type { Span } from "./span.ts";

/** What stands where ktriage left out the middle of an output. */
const MARK = /\n\[ktriage: [^\]\n]{0,80}cut here\]\n/g;
const MAX_WORD = 400;

/** The words on both sides of every cut, unless they are plain words. */
export function findCutWords(text: string): readonly Span[] {
  if (!text.includes("[ktriage: ")) return [];
  return [...text.matchAll(MARK)].flatMap(({ 0: mark, index }) => {
    const after = index + mark.length;
    const [head = ""] = /\S*$/.exec(text.slice(Math.max(0, index - MAX_WORD), index)) ?? [];
    const [tail = ""] = /^\S*/.exec(text.slice(after, after + MAX_WORD)) ?? [];
    return [
      { start: index - head.length, end: index, word: head },
      { start: after, end: after + tail.length, word: tail },
    ].filter(({ word }) => word.length >= 4 && (/\d/.test(word) || word.length >= 12))
      .map(({ start, end, word }): Span => ({ start, end, kind: "cut", value: word }));
  });
}
