/** Takes the middle out of a text, by whole lines where it has any, and says which. */

export interface CutText {
  readonly text: string;
  /** What was left out, for a sentence; undefined when nothing was. */
  readonly omitted?: string;
}

export interface CutOptions {
  /** Characters to keep, half from the head, half from the tail. */
  readonly kept: number;
  /** The number that the first line has, for a text that is itself a part of one. Default 1. */
  readonly first_line?: number;
  /** Lines of texts that were counted before: long ones are cut again and again until they fit. */
  readonly line_counts?: Map<string, number>;
}

/** Keeps the head and the tail of a text. */
export function cutText(text: string, options: CutOptions): CutText {
  const { kept } = options;
  if (text.length <= kept) return { text };
  const line_counts = options.line_counts ?? new Map<string, number>();
  const all = line_counts.get(text) ?? countLines(text);
  line_counts.set(text, all);
  const half = Math.floor(kept / 2);
  const head_end = text.lastIndexOf("\n", half - 1) + 1;
  const tail_line = text.indexOf("\n", text.length - half - 1) + 1;
  const tail_start = tail_line === 0 ? text.length : tail_line;
  return head_end === 0 && tail_start === text.length
    ? cutCharacters(text, { half, all })
    : cutLines({ ...options, all, head: text.slice(0, head_end), tail: text.slice(tail_start) });
}

/** Keeps the head and the tail of a text in at most so many bytes of UTF-8, or as few as it takes to say what is missing. */
export function cutToBytes(text: string, max_bytes: number): string {
  const bytes = sizeOf(text);
  if (bytes <= max_bytes) return text;
  for (let kept = Math.floor(text.length * max_bytes / bytes);; kept = Math.floor(kept * 0.8)) {
    const cut = cutText(text, { kept }).text;
    if (kept === 0 || sizeOf(cut) <= max_bytes) return cut;
  }
}

/** In UTF-8. */
export function sizeOf(text: string): number {
  return new TextEncoder().encode(text).length;
}

function cutLines(
  { all, head, tail, first_line = 1 }: CutOptions & {
    /** Lines of the text. */
    readonly all: number;
    readonly head: string;
    readonly tail: string;
  },
): CutText {
  const first = first_line + countLines(head);
  const last = first_line - 1 + all - countLines(tail);
  const which = first === last ? `line ${first}` : `lines ${first}-${last}`;
  const omitted = `${which} of ${first_line - 1 + all}`;
  return { text: `${head}[… ${omitted} left out …]\n${tail}`, omitted };
}

/** Where not even one line can be kept. */
function cutCharacters(text: string, { half, all }: { readonly half: number; readonly all: number }): CutText {
  const omitted = `${text.length - 2 * half} characters${all > 1 ? ` in ${all} lines` : ""}`;
  if (half === 0) return { text: "", omitted };
  // A cut may fall between the two halves of a character: toWellFormed replaces what is left of it.
  const head = text.slice(0, half).toWellFormed();
  const tail = text.slice(-half).toWellFormed();
  return { text: `${head}\n[… ${omitted} left out …]\n${tail}`, omitted };
}

/** A text that ends in a line's end has no empty line behind it. */
function countLines(text: string): number {
  let count = text === "" || text.endsWith("\n") ? 0 : 1;
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) count++;
  return count;
}
