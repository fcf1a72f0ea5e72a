/** Colours of text for people; plain where the stream takes none. */

export type Style = "bold" | "dim" | "red" | "green" | "yellow" | "cyan";

/** Gives text a style, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

/** How a text for people is to look. */
export interface TextOptions {
  /** Columns to wrap at. */
  readonly width: number;
  readonly paint: Paint;
}

/** For pipes, files, NO_COLOR and terminals without colour. */
export const plain: Paint = (_style, text) => text;

// node:util's styleText would do, but importing it takes 7 ms.
const CODES: Readonly<Record<Style, readonly [number, number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  cyan: [36, 39],
};

/** ANSI escape sequences. */
export const ansi: Paint = (style, text) => {
  const [open, close] = CODES[style];
  return `\x1b[${open}m${text}\x1b[${close}m`;
};
