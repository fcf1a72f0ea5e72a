/** Patterns as the shell knows them: `*` for any characters, `?` for one. */

/** A regular expression for whole texts. */
export function globOf(pattern: string): RegExp {
  return new RegExp(`^${globSource(pattern, ".")}$`);
}

/**
 * The source of a regular expression, to be a part of another one.
 *
 * @param character what stands for one character: `\S` inside of lines
 */
export function globSource(pattern: string, character: string): string {
  const escaped = pattern.trim().replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return escaped.replace(/\*+/g, `${character}*`).replaceAll("?", character);
}
