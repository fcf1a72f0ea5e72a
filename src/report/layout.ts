/** Text in lines: wrapping, indenting, two columns. Widths are in characters. */

/** The least that the second of two columns gets, however long the first is. */
const MIN_COLUMN = 24;

/**
 * Breaks text at spaces so that no line is longer than the width, unless a single word is. Line breaks in the text
 * stay, and so does the indentation of each line.
 */
export function wrap(text: string, width: number): string {
  return text.split("\n").map((line) => wrapLine(line, width)).join("\n");
}

/** Puts spaces in front of every line that is not empty. */
export function indent(text: string, by = 2): string {
  return text.replace(/^(?=.)/gm, " ".repeat(by));
}

/** Cuts a text that is too long, and shows that it was cut. */
export function cut(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width ? text : characters.slice(0, Math.max(0, width - 1)).join("") + "…";
}

/** Rows of a word and its explanation, the explanations aligned and wrapped. */
export function columns(rows: readonly (readonly [string, string])[], width: number): string {
  const first = Math.min(Math.max(0, ...rows.map(([word]) => word.length)), width - MIN_COLUMN);
  const left = first + 4;
  return rows.map(([word, text]) => {
    const lines = wrap(text, Math.max(MIN_COLUMN, width - left)).split("\n");
    return [`  ${word.padEnd(first)}  ${lines[0]}`, ...lines.slice(1).map((line) => " ".repeat(left) + line)].join(
      "\n",
    );
  }).join("\n");
}

/** `1 event`, `2 events` */
export function count(n: number, noun: string, plural = `${noun}s`): string {
  return `${n.toLocaleString("en-US")} ${n === 1 ? noun : plural}`;
}

/**
 * Text that came from outside, made harmless for a terminal: no escape sequences, no control characters that move the
 * cursor. Line breaks and tabs stay.
 */
export function harmless(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  return text.replace(/\r\n/g, "\n").replace(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "\u{fffd}");
}

function wrapLine(line: string, width: number): string {
  const margin = /^\s*/.exec(line)?.[0] ?? "";
  const lines: string[] = [];
  let current = "";
  for (const word of line.split(" ").filter((part) => part !== "")) {
    if (current !== "" && margin.length + current.length + 1 + word.length > width) {
      lines.push(margin + current);
      current = word;
    } else {
      current = current === "" ? word : `${current} ${word}`;
    }
  }
  return [...lines, margin + current].join("\n").trimEnd();
}
