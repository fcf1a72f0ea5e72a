/** What curated tools read, for browsers: folded, since figures and findings come first. */
import type { SnapshotTool } from "../../protocol/snapshot.ts";
import type { ToolHistogram, ToolReading, ToolTable } from "../../protocol/tool.ts";
import { html, type Markup } from "../html.ts";
import { valueText } from "./values.ts";

const MAX_ROWS = 15;
/** Figures in the line of a tool that is folded. */
const MAX_HEADLINES = 4;

/** One tool. */
export function toolDetails({ name, reading, error }: SnapshotTool): Markup {
  if (reading === undefined) {
    return html`
      <details>
        <summary>${name}<span>could not look</span></summary>
        <div>${error}</div>
      </details>
    `;
  }
  return html`
    <details>
      <summary>${name}<span>${headline(reading)}</span></summary>
      <div>
    ${reading.tables.filter(({ rows }) => rows.length > 0).map(tablePart)}${reading.histograms.filter(({ count }) =>
      count > 0
    ).map(histogramPart)}${reading.notes.map((note) => html`<p class="small">${note}</p>`)}
    <p class="small">From ${reading.source}.</p></div>
    </details>
  `;
}

function headline({ figures }: ToolReading): string {
  return Object.entries(figures).slice(0, MAX_HEADLINES).map(([name, value]) =>
    `${name.replace(/_(?:ns|us|ms|s|bytes|percent)$/, "").replaceAll("_", " ")} ${valueText(value, unitOf(name))}`
  ).join(" · ");
}

/** The unit ends a figure's name. */
function unitOf(name: string): "ns" | "us" | "ms" | "s" | "bytes" | "percent" | "count" {
  const ending = /_(ns|us|ms|s|bytes|percent)$/.exec(name)?.[1];
  return (["ns", "us", "ms", "s", "bytes", "percent"] as const).find((unit) => unit === ending) ?? "count";
}

function tablePart({ name, columns, rows, omitted_rows = 0 }: ToolTable): Markup {
  const hidden = omitted_rows + Math.max(0, rows.length - MAX_ROWS);
  const kind = columns.map(({ unit }) =>
    unit === "text" ? undefined : html`
      class="n"
    `
  );
  return html`
    <h3>${name.replaceAll("_", " ")}</h3><div class="scroll">
      <table><tr>${columns.map((column, index) =>
        html`<th${kind[index]}>${column.name.replaceAll("_", " ")}</th>`
      )}</tr>${rows.slice(0, MAX_ROWS).map((row) =>
        html`<tr>${row.map((cell, index) => html`<td${kind[index]}>${cellText(cell, columns[index])}</td>`)}</tr>`
      )}</table>
    </div>${hidden > 0 ? html`<p class="small">and ${hidden} more</p>` : undefined}
  `;
}

function cellText(cell: string | number | null, column: ToolTable["columns"][number] | undefined): string {
  if (cell === null) return "–";
  if (typeof cell === "string") return cell;
  // an id is no quantity
  return column === undefined || /_id$/.test(column.name) ? String(cell) : valueText(cell, column.unit);
}

function histogramPart({ name, unit, p50, p99, max, count, buckets }: ToolHistogram): Markup {
  const most = Math.max(...buckets.map((bucket) => bucket.count));
  const rows = buckets.map(({ from, to, count: hits }) =>
    html`
      <tr>
        <td class="n">${valueText(from, unit)} – ${valueText(to, unit)}</td>
        <td class="n">${hits.toLocaleString("en-US")}</td>
        <td style="width:60%">
          <div class="bar plain" style="width:100%"><i style="width:${(100 * hits / most).toFixed(1)}%"></i></div>
        </td>
      </tr>
    `
  );
  return html`
    <h3>${name.replaceAll("_", " ")}</h3>
    <p class="small">${count.toLocaleString("en-US")} in all: half within ${valueText(
      p50,
      unit,
    )}, 99% within ${valueText(p99, unit)}, at most ${valueText(max, unit)}</p>
    <div class="scroll">
      <table>${rows}</table>
    </div>
  `;
}
