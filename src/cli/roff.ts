/** Text as roff with the macros of man(7). */
import { wrap } from "../report/layout.ts";

const SOURCE_WIDTH = 72;

/** A title of the page; a subsection is one within it. */
export const heading = (title: string): string => `.SH ${argument(title.toUpperCase())}`;
export const subheading = (title: string): string => `.SS ${argument(title)}`;
/** A paragraph. */
export const paragraph = (words: string): string => `.PP\n${filled(words)}`;
/** A term in bold, and indented what it means. */
export const term = (words: string, meaning: string): string => `.TP\n\\fB${escaped(words)}\\fR\n${filled(meaning)}`;
/** Lines as they stand, as they are typed. */
export const literal = (words: string): string =>
  `.PP\n.RS 4\n.nf\n${words.split("\n").map(line).join("\n")}\n.fi\n.RE`;

/**
 * A page of section 1. Without a date, so that the page of one version is always the same; words are never divided,
 * since many of them are typed.
 */
export function page(name: string, source: string, parts: readonly string[]): string {
  const head = `.TH ${argument(name.toUpperCase())} 1 "" ${argument(source)} ${argument("User Commands")}\n.nh\n.ad l`;
  // behind a title a paragraph begins by itself
  return `${head}\n${parts.join("\n").replace(/^(\.S[HS] .*)\n\.PP$/gm, "$1")}\n`;
}

/** Text that roff fills: in lines which people can read in the source, too. */
function filled(words: string): string {
  return wrap(words, SOURCE_WIDTH).split("\n").map(line).join("\n");
}

/** A line of text: a dot or a quote at its start would be a command. */
function line(words: string): string {
  return escaped(words).replace(/^([.'])/, "\\&$1");
}

function argument(words: string): string {
  return `"${escaped(words).replaceAll('"', '""')}"`;
}

/** Characters that roff would change: `-` is a hyphen there, and quotes and tildes become typographic ones. */
const GLYPHS: Readonly<Record<string, string>> = {
  "\\": "\\(rs",
  "-": "\\-",
  "'": "\\(aq",
  "`": "\\(ga",
  "^": "\\(ha",
  "~": "\\(ti",
};

function escaped(words: string): string {
  return words.replace(/[\\'`^~-]/g, (character) => GLYPHS[character] ?? character)
    .replace(
      /[^\0-\x7f]/gu,
      (character) => `\\[u${character.codePointAt(0)?.toString(16).toUpperCase().padStart(4, "0")}]`,
    );
}
