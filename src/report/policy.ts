/** A verdict on a command line, and the programs that may run, as text for people. */
import type { Explanation, ListedProgram } from "../commands/mod.ts";
import { columns, cut, harmless, indent, wrap } from "./layout.ts";
import type { Style, TextOptions } from "./paint.ts";

/** People read a verdict beside other windows. */
const MAX_WIDTH = 80;
const KINDS = {
  allowed: ["green", "allowed"],
  changed: ["green", "allowed with a change"],
  needs_approval: ["yellow", "needs approval"],
  refused: ["red", "refused"],
} as const satisfies Record<string, readonly [Style, string]>;

/** The verdict first, then why and what instead, then the line taken apart. */
export function explanationText(line: string, { verdict, steps }: Explanation, options: TextOptions): string {
  const { paint } = options;
  const width = Math.min(options.width, MAX_WIDTH);
  const [style, word] = KINDS[verdict.kind];
  const why = verdict.kind === "allowed" ? undefined : verdict;
  const runnable = verdict.kind === "refused" ? undefined : verdict;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["rule", why?.rule],
    ["piece", why?.piece.text],
    ["reason", why?.reason],
    ["instead", why?.alternative],
    ["runs", runnable?.runs === line ? undefined : runnable?.runs],
    ["shell", runnable?.shell === "bash" ? "bash" : undefined],
    ["needs", runnable === undefined ? undefined : needsText(runnable.needs)],
  ];
  const told = rows.flatMap(([label, text]): (readonly [string, string])[] =>
    text === undefined || text === "" ? [] : [[label, harmless(text)]]
  );
  const tree = steps.map(({ depth, what, text }) => {
    const margin = " ".repeat(Math.min(2 + 2 * depth, width / 2));
    return cut(`${margin}${what}: ${harmless(text).replace(/\s+/g, " ")}`, width);
  });
  return [
    `${paint(style, word)}: ${harmless(line)}`,
    ...(told.length === 0 ? [] : [columns(told, width)]),
    ...(tree.length === 0 ? [] : [paint("dim", "The line, taken apart:"), tree.join("\n")]),
  ].join("\n") + "\n";
}

function needsText({ capabilities, calls, local_sockets }: {
  readonly capabilities: readonly string[];
  readonly calls: readonly string[];
  readonly local_sockets: boolean;
}): string {
  return [
    ...capabilities.map((name) => `CAP_${name}`),
    ...calls.map((name) => `${name}()`),
    ...(local_sockets ? ["local sockets"] : []),
  ].join(", ");
}

/** The programs that may run, with what is special about some. */
export function programsText(programs: readonly ListedProgram[], { width, paint }: TextOptions): string {
  const group = (title: string, named: readonly ListedProgram[]): readonly string[] =>
    named.length === 0 ? [] : [paint("bold", title), indent(wrap(named.map(({ name }) => name).join(" "), width - 2))];
  const special = programs.filter(({ says }) => says.length > 1);
  return [
    `${programs.length} programs may run.`,
    ...group("With any arguments:", programs.filter(({ says }) => says.length === 0)),
    ...group("With arguments that only read:", programs.filter(({ says }) => says.length === 1)),
    paint("bold", "With arguments that only read, and more to know:"),
    columns(special.map(({ name, says }) => [name, says.slice(1).join("; ")]), width),
  ].join("\n") + "\n";
}
