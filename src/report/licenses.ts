/** What is inside of ktriage, as text. */
import type { Component, Licenses } from "../protocol/licenses.ts";
import { columns, indent, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";

/** A line for each component, then what has to be known of some; `full` brings the texts. */
export function licensesText(
  { components, texts }: Licenses,
  { width, paint, full }: TextOptions & { readonly full: boolean },
): string {
  const rows = components.map((component) => [`${component.name} ${component.version}`, terms(component)] as const);
  const notes = components.flatMap(({ name, note }) => note === undefined ? [] : [wrap(`${name}: ${note}`, width)]);
  const summary = [`${paint("bold", "Inside of this ktriage")}\n${columns(rows, width)}`, ...notes];
  if (!full) {
    const end = "The texts: ktriage licenses --full. For programs: ktriage licenses --json.";
    return `${[...summary, wrap(end, width)].join("\n\n")}\n`;
  }
  const whole = Object.entries(texts).map(([name, text]) => {
    const users = components.filter((component) => component.texts.includes(name)).map((component) => component.name);
    return `${paint("bold", `${name} (${users.join(", ")})`)}\n\n${indent(text.trimEnd())}`;
  });
  return `${[...summary, ...whole].join("\n\n")}\n`;
}

function terms({ license, chosen, part_of, source }: Component): string {
  const taken = chosen === undefined ? license : `${chosen} (chosen from: ${license})`;
  const where = part_of === undefined ? "" : `, in ${part_of}`;
  return `${taken}${where}${source === undefined ? "" : `; ${source}`}`;
}
