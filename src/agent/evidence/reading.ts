/** What a curated tool counted, arranged to be searched: a row for each row of its tables, numbers with their units. */
import type { ToolColumn, ToolReading, ToolTable } from "../../protocol/tool.ts";
import type { Numbers } from "./quantities.ts";

/** Numbers of these columns name something; the words before them are those that claims use. */
const NAMING: Readonly<Record<string, string>> = {
  process_id: "pid",
  thread_id: "tid",
  user_id: "uid",
  port: "port",
  exit_code: "exit code",
};

/** `pid=812 process_name=nginx call=openat error=ENOENT count=500`, the gravest first. */
export function readingRows({ tables }: ToolReading): readonly { readonly text: string; readonly table: string }[] {
  return tables.flatMap(({ name, columns, rows }) =>
    rows.map((row) => ({ table: name, text: columns.map((column, i) => cellText(column, row[i] ?? null)).join(" ") }))
  );
}

/** Where it comes from, and its totals. */
export function readingText({ source, figures, notes, tables, histograms }: ToolReading): string {
  return [
    source,
    ...Object.entries(figures).map(([name, value]) => `${name}=${value}`),
    ...notes,
    ...tables.map(({ name }) => name),
    ...histograms.map(({ name }) => name),
  ].join("\n");
}

/** Every number of it, in the unit that its column or its name tells. */
export function addReading({ figures, tables, histograms }: ToolReading, numbers: Numbers): void {
  for (const [name, value] of Object.entries(figures)) numbers.addField(name, value);
  for (const table of tables) {
    for (const [i, column] of table.columns.entries()) {
      for (const row of table.rows) addCell(column, row[i] ?? null, numbers);
    }
  }
  for (const { name, unit, count, buckets, ...measured } of histograms) {
    numbers.add("count", count);
    const field = withUnit({ name, unit });
    for (const value of Object.values(measured)) numbers.addField(field, value);
    for (const bucket of buckets) {
      numbers.add("count", bucket.count);
      numbers.addField(field, bucket.from);
      numbers.addField(field, bucket.to);
    }
  }
}

/** What follows: how many rows there are, means, what share of a column a row has, how much it is in a second. */
export function addReadingShares({ figures, tables }: ToolReading, traced_s: number, numbers: Numbers): void {
  for (const table of tables) {
    numbers.add("count", table.rows.length + (table.omitted_rows ?? 0));
    for (const [i, column] of table.columns.entries()) {
      if (column.unit === "text" || Object.hasOwn(NAMING, column.name)) continue;
      const values = table.rows.flatMap((row) => typeof row[i] === "number" ? [row[i]] : []);
      const total = figures[column.name] ?? values.reduce((sum, value) => sum + value, 0);
      numbers.addField(withUnit(column), total);
      for (const value of values) {
        if (total > 0) numbers.add("percent", value / total * 100);
        if (column.unit === "count") numbers.add("count", Math.round(value / traced_s));
      }
    }
  }
  for (const value of Object.values(figures)) numbers.add("count", Math.round(value / traced_s));
}

/** All rows are here: what is in none was not there. */
export function isWhole({ tables }: ToolReading): boolean {
  return tables.every(({ omitted_rows = 0 }: ToolTable) => omitted_rows === 0);
}

function cellText({ name }: ToolColumn, cell: string | number | null): string {
  return `${NAMING[name] ?? name}=${cell ?? "unknown"}`;
}

function addCell(column: ToolColumn, cell: string | number | null, numbers: Numbers): void {
  if (typeof cell === "string") numbers.addText(cell);
  else if (cell !== null && !Object.hasOwn(NAMING, column.name)) numbers.addField(withUnit(column), cell);
}

/** The name with the ending by which numbers know its unit. */
function withUnit({ name, unit }: Pick<ToolColumn, "name" | "unit">): string {
  return unit === "count" || unit === "text" || name.endsWith(`_${unit}`) ? name : `${name}_${unit}`;
}
