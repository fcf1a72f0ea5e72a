/** Whether a text holds something, as it is or within JSON strings, one in the other. */

const LEVELS = 4;
const WRITTEN: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };

/** Backslashes do not count: which of the doubtful ones belong to the text is the reader's choice. */
export function saidIn(text: string): (part: string) => boolean {
  let level = text;
  const levels: string[] = [];
  for (let depth = 0; depth < LEVELS; depth++) {
    levels.push(withoutBackslashes(level));
    level = unescaped(level);
  }
  return (part) => levels.some((said) => said.includes(withoutBackslashes(part)));
}

function withoutBackslashes(text: string): string {
  return text.replaceAll("\\", "");
}

function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:u([0-9a-f]{4})|([^]))/gi,
    (_, hex: string | undefined, char: string) =>
      hex === undefined ? WRITTEN[char] ?? char : String.fromCharCode(Number.parseInt(hex, 16)),
  );
}
