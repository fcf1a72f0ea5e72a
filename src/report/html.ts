/** HTML in which text cannot become markup: all that is put into a template is escaped, but for what is markup already. */

/** Markup: what {@link html} makes, and text of our own that holds nothing from outside. */
export class Markup {
  constructor(readonly text: string) {}
}

export type Content = string | number | Markup | undefined | readonly Content[];

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A template: its own text is markup, what is put in is text, markup, a list of them, or nothing. */
export function html(strings: TemplateStringsArray, ...values: readonly Content[]): Markup {
  return new Markup(strings.reduce((all, part, index) => all + markupOf(values[index - 1]) + part));
}

function markupOf(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Markup) return content.text;
  if (typeof content === "object") return content.map(markupOf).join("");
  return escaped(String(content));
}

/** Safe between tags and in attributes with quotation marks; control characters, which HTML does not allow, are shown. */
export function escaped(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  return text.replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]/g, "\u{fffd}").replace(
    /[&<>"']/g,
    (c) => ENTITIES[c] ?? c,
  );
}
