/** Finds many words in a text in one pass, without regard to ASCII case. */

/** Characters that every word has at least. */
export const MIN_WORD = 3;

interface Word<T> {
  readonly folded: string;
  readonly value: T;
}

/** Three times five bits. */
const SLOTS = 1 << 15;

/** A table of words by their first three characters: what a text costs hardly depends on how many there are. */
export class Scanner<T> {
  readonly #slots = new Uint8Array(SLOTS);
  readonly #words = new Map<number, Word<T>[]>();

  /** Adds a word of at least {@link MIN_WORD} characters. */
  add(word: string, value: T): void {
    const folded = fold(word);
    const slot = slotOf(folded);
    this.#slots[slot] = 1;
    const words = this.#words.get(slot);
    if (words === undefined) this.#words.set(slot, [{ folded, value }]);
    else words.push({ folded, value });
  }

  /** Calls back for every word at every place where it stands, in the text's order. */
  scan(text: string, found: (index: number, value: T, length: number) => void): void {
    this.#each(text, (index, { folded, value }) => {
      if (standsAt(text, index, folded) === folded.length) found(index, value, folded.length);
    });
  }

  /** As {@link scan}, and for the beginning of a word that the text's end cut off, of at least `min` characters. */
  scanCut(text: string, min: number, found: (index: number, value: T, length: number) => void): void {
    this.#each(text, (index, { folded, value }) => {
      const length = standsAt(text, index, folded);
      const whole = length === folded.length;
      const cut = length >= min && (index + length === text.length || text[index + length] === "…");
      if (whole || cut) found(index, value, length);
    });
  }

  #each(text: string, visit: (index: number, word: Word<T>) => void): void {
    if (this.#words.size === 0) return;
    const slots = this.#slots;
    // Each character moves the earlier ones up by five bits; after three more they are out of the slot's number.
    let slot = 0;
    for (let at = 0; at < text.length; at++) {
      slot = ((slot << 5) ^ (FOLDED[text.charCodeAt(at) & 127] ?? 0)) & (SLOTS - 1);
      if (slots[slot] === 1 && at > 1) {
        for (const word of this.#words.get(slot) ?? []) visit(at - 2, word);
      }
    }
  }
}

const FOLDED = Uint8Array.from({ length: 128 }, (_, code) => foldCode(code));

function slotOf(word: string): number {
  let slot = 0;
  for (let at = 0; at < MIN_WORD; at++) {
    slot = ((slot << 5) ^ (FOLDED[word.charCodeAt(at) & 127] ?? 0)) & (SLOTS - 1);
  }
  return slot;
}

function foldCode(code: number): number {
  return code >= 65 && code <= 90 ? code | 32 : code;
}

/** ASCII only: other letters may change their length. */
function fold(text: string): string {
  return text.replaceAll(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** How many characters of a folded word stand at a place. */
function standsAt(text: string, index: number, folded: string): number {
  let length = 0;
  while (length < folded.length && foldCode(text.charCodeAt(index + length)) === folded.charCodeAt(length)) length++;
  return length;
}
