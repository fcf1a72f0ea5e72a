/** What a curated tool counted, as text: figures, tables with bars, histograms. */
import type { ToolColumn, ToolHistogram, ToolReading, ToolTable } from "../protocol/tool.ts";
import { bar } from "./bars.ts";
import { columns, cut, harmless, indent, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";
import { valueText } from "./snapshot/values.ts";

/** Numbers that name something: neither grouped nor compared. */
const NAMES_SOMETHING = /(?:^|_)(?:id|pid|tid|port|code|cpu|irq|errno)$/;
const MIN_BAR = 6, MAX_BAR = 30;
/** A path or a stack may be longer than a line. */
const MAX_CELL = 60;

/** The figures, then each table and histogram under its name, then what the reader must know. */
export function readingText(reading: ToolReading, options: TextOptions): string {
  const { paint, width } = options;
  const parts = [
    figuresText(reading, width),
    ...reading.tables.filter(({ rows }) => rows.length > 0).map((table) => tableText(table, options)),
    ...reading.histograms.map((histogram) => toolHistogramText(histogram, options)),
    reading.notes.map((note) => paint("dim", indent(wrap(`Note: ${harmless(note)}`, width - 2)))).join("\n"),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** A line for each tool: its name and what it counts. */
export function toolListText(
  tools: readonly { readonly name: string; readonly summary: string; readonly needs: string }[],
  { width, paint }: TextOptions,
): string {
  const more = "ktriage tool run NAME counts; docs/tools.md says what each needs of a kernel.";
  return `${columns(tools.map(({ name, summary }) => [name, summary]), width)}\n\n${paint("dim", wrap(more, width))}\n`;
}

function figuresText({ figures }: ToolReading, width: number): string {
  const lines: string[] = [];
  for (const [name, value] of Object.entries(figures)) {
    const text = `${titleOf(name)} ${numberText(value, name, unitOf(name))}`;
    const longer = `${lines.at(-1)}${GAP}${text}`;
    if (lines.length > 0 && longer.length + 2 <= width) lines[lines.length - 1] = longer;
    else lines.push(text);
  }
  return indent(lines.join("\n"));
}

/** Between two figures of a line. */
const GAP = "   ";

function tableText({ name, columns, rows, omitted_rows }: ToolTable, { width, paint }: TextOptions): string {
  const cells = rows.map((row) => columns.map((column, i) => cellText(row[i] ?? null, column)));
  const widths = columns.map(({ name }, i) =>
    Math.max(titleOf(name).length, ...cells.map((row) => [...row[i] ?? ""].length))
  );
  const used = widths.reduce((sum, each) => sum + each + 2, 2);
  const at = columns.findIndex((column, i) => isCompared(column) && isDescending(rows, i));
  const room = Math.min(MAX_BAR, width - used);
  const largest = Math.max(...rows.map((row) => amount(row[at])));
  const line = (texts: readonly string[]): string =>
    "  " +
    texts.map((text, i) => isText(columns[i]) ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)).join("  ");
  const lines = cells.map((row, i) => {
    const share = at < 0 || room < MIN_BAR || largest <= 0 ? 0 : amount(rows[i]?.[at]) / largest;
    return `${line(row)}  ${paint("cyan", bar(Math.max(0, share), room))}`.trimEnd();
  });
  const more = omitted_rows === undefined ? [] : [paint("dim", `  … and ${omitted_rows} more`)];
  const head = paint("dim", line(columns.map(({ name }) => titleOf(name))).trimEnd());
  return [paint("bold", titleOf(name)), head, ...lines, ...more].join("\n");
}

function toolHistogramText({ name, unit, buckets, ...figures }: ToolHistogram, { width, paint }: TextOptions): string {
  const { count, mean, p50, p99, max } = figures;
  const value = (number: number): string => valueText(number, unit);
  const head = `${count.toLocaleString("en-US")} in all, mean ${value(mean)}, half below ${value(p50)}, 99% below ${
    value(p99)
  }, longest ${value(max)}`;
  const rows = buckets.map(({ from, to, count }) =>
    [value(from), value(to), count.toLocaleString("en-US"), count] as const
  );
  const [from = 0, to = 0, counts = 0] = [0, 1, 2].map((i) => Math.max(...rows.map((row) => String(row[i]).length)));
  const most = Math.max(...buckets.map(({ count }) => count));
  const room = Math.max(MIN_BAR, Math.min(2 * MAX_BAR, width - from - to - counts - "   –    ".length));
  const lines = rows.map(([a, b, shown, hits]) =>
    `  ${a.padStart(from)} – ${b.padStart(to)}  ${shown.padStart(counts)}  ${paint("cyan", bar(hits / most, room))}`
      .trimEnd()
  );
  return [paint("bold", titleOf(name)), indent(wrap(head, width - 2)), ...lines].join("\n");
}

function cellText(cell: string | number | null, { name, unit }: ToolColumn): string {
  if (cell === null) return "?";
  if (typeof cell === "string") return cut(harmless(cell).replace(/\s+/g, " "), MAX_CELL);
  return numberText(cell, name, unit);
}

function numberText(value: number, name: string, unit: ToolColumn["unit"]): string {
  return NAMES_SOMETHING.test(name) ? String(value) : valueText(value, unit);
}

function isText(column: ToolColumn | undefined): boolean {
  return column?.unit === "text";
}

function isCompared({ name, unit }: ToolColumn): boolean {
  return unit !== "text" && !NAMES_SOMETHING.test(name);
}

/** The gravest row is the first: by which column? */
function isDescending(rows: ToolTable["rows"], column: number): boolean {
  return rows.every((row, i) => i === 0 || amount(rows[i - 1]?.[column]) >= amount(row[column]));
}

function amount(cell: string | number | null | undefined): number {
  return typeof cell === "number" ? cell : 0;
}

const ENDINGS = ["bytes_per_s", "per_s", "percent", "bytes", "ns", "us", "ms", "s"] as const;

/** The unit that a figure's name ends in. */
function unitOf(name: string): ToolColumn["unit"] {
  return ENDINGS.find((ending) => name.endsWith(`_${ending}`)) ?? "count";
}

/** `total wait` of total_wait_ns: the value has its unit. */
function titleOf(name: string): string {
  const unit = unitOf(name);
  const bare = unit === "count" ? name : name.slice(0, -unit.length - 1);
  return harmless(bare).replaceAll("_", " ");
}
