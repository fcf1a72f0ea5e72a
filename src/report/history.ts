/** What became of figures over days, drawn for a terminal. */
import type { History, HistoryMetric } from "../protocol/history.ts";
import { sparkline } from "./bars.ts";
import { count, cut, harmless, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";
import { valueText } from "./snapshot/values.ts";

export interface PlotOptions extends TextOptions {
  /** Whether the terminal shows more than ASCII. */
  readonly characters: "unicode" | "ascii";
}

const ROWS = 10;
const MIN_COLUMNS = 16, SPARK_COLUMNS = 24;
/** Below it an axis has no room for two years. */
const WIDE_AXIS = 40;
/** Heights of a line of ASCII, from the lowest to the highest. */
const ASCII_HEIGHTS = ["_", ".", "-", "=", "*", "#"];
const MARKS = {
  unicode: { value: "•", between: "│", axis: "┤", corner: "└", line: "─", change: "▲", dash: "–" },
  ascii: { value: "*", between: "|", axis: "|", corner: "+", line: "-", change: "^", dash: "-" },
} as const;

/** A line a metric: where it is now, where it was, and its way there. */
export function historyListText(history: History, options: PlotOptions): string {
  return inCharacters(listText(history, options), options);
}

function listText({ snapshots, from, to, metrics, state }: History, options: PlotOptions): string {
  const { paint, width, characters } = options;
  const rows = metrics.filter(({ points }) => points.length > 0).map((metric) => {
    const values = metric.points.map(({ value }) => value);
    return {
      name: nameOf(metric),
      now: valueText(values.at(-1) ?? NaN, metric.unit),
      range: `${valueText(Math.min(...values), metric.unit)} ${MARKS[characters].dash} ${
        valueText(Math.max(...values), metric.unit)
      }`,
      way: sparks(thinned(values, SPARK_COLUMNS), characters),
      has_change: metric.changes.some((change) => change.state === "open"),
    };
  });
  const head = `${count(snapshots, "snapshot")} in ${harmless(state)}; shown: ${timeText(from)} to ${timeText(to)}.`;
  if (rows.length === 0) return `${wrap(head, width)}\nNo figure was kept in that time.\n`;
  const most = (key: "now" | "range"): number => Math.max(...rows.map((row) => row[key].length));
  const [now_width, range_width] = [most("now"), most("range")];
  const room = Math.max(MIN_COLUMNS, width - now_width - range_width - SPARK_COLUMNS - 6);
  const name_width = Math.min(room, Math.max(...rows.map(({ name }) => name.length)));
  const lines = rows.map(({ name, now, range, way, has_change }) => {
    const line = `${cut(name, name_width).padEnd(name_width)}  ${now.padStart(now_width)}  ${
      range.padStart(range_width)
    }`;
    return `${has_change ? paint("yellow", line) : line}  ${paint("cyan", way)}`;
  });
  const changes = metrics.flatMap((metric) => metric.changes.map((change) => changeText(metric, change)));
  const told = changes.length === 0 ? [] : ["", "Changes:", ...changes.map((text) => wrap(`  ${text}`, width))];
  return [wrap(head, width), "", ...lines, ...told].join("\n") + "\n";
}

/** One metric as a plot: a column a span of time, its middle as a point, its range as a line. */
export function historyPlotText(
  metric: HistoryMetric,
  span: Pick<History, "from" | "to">,
  options: PlotOptions,
): string {
  return inCharacters(plotText(metric, span, options), options);
}

/** What is left of other characters by then: units, and names from outside. */
function inCharacters(text: string, { characters }: PlotOptions): string {
  if (characters === "unicode") return text;
  // deno-lint-ignore no-control-regex -- escape sequences of colours stay
  return text.replaceAll("µ", "u").replaceAll("…", ".").replace(/[^\x00-\x7f]/gu, "?");
}

function plotText(metric: HistoryMetric, { from, to }: Pick<History, "from" | "to">, options: PlotOptions): string {
  const { paint, width, characters } = options;
  const title = paint("bold", nameOf(metric));
  if (metric.points.length === 0) return `${title}\nNothing was kept of it in that time.\n`;
  const marks = MARKS[characters];
  const [bottom, top] = scaleOf(metric.points);
  const labels = Array.from(
    { length: ROWS },
    (_, row) => row % 3 === 0 ? valueText(bottom + (top - bottom) * (ROWS - 1 - row) / (ROWS - 1), metric.unit) : "",
  );
  const label_width = Math.max(...labels.map(({ length }) => length));
  const columns = Math.max(MIN_COLUMNS, width - label_width - 2);
  const span = { from: Date.parse(from), to: Math.max(Date.parse(to), Date.parse(from) + 1) };
  const cells = columnsOf(metric.points, span, columns);
  const rowOf = (value: number): number => Math.round((top - value) / (top - bottom) * (ROWS - 1));
  const rows = labels.map((label, row) => {
    const line = cells.map((cell) => {
      if (cell === undefined) return " ";
      if (rowOf(cell.value) === row) return marks.value;
      return rowOf(cell.high) <= row && row <= rowOf(cell.low) ? marks.between : " ";
    }).join("").trimEnd();
    return `${label.padStart(label_width)} ${marks.axis}${paint("cyan", line)}`.trimEnd();
  });
  const begun = markLine(metric, span, columns, marks.change);
  const [left = "", right = ""] = [from, to].map((time) =>
    columns < WIDE_AXIS ? timeText(time).slice(5, -1) : timeText(time)
  );
  const margin = " ".repeat(label_width + 1);
  return [
    title,
    ...rows,
    `${margin}${marks.corner}${marks.line.repeat(columns)}`,
    ...(begun === "" ? [] : [`${margin} ${paint("yellow", begun)}`]),
    `${margin} ${left}${right.padStart(Math.max(right.length + 1, columns - left.length))}`,
    ...metric.changes.map((change) => wrap(changeText(metric, change), width)),
    paint("dim", wrap(summary(metric), width)),
  ].join("\n") + "\n";
}

/** Never of no height: a level that did not move is drawn in the middle. */
function scaleOf(points: HistoryMetric["points"]): readonly [bottom: number, top: number] {
  const low = Math.min(...points.map((point) => point.low)), high = Math.max(...points.map((point) => point.high));
  const middle = Math.abs(low) || 1;
  return low === high ? [low - middle, high + middle] : [low > 0 && low < high / 2 ? 0 : low, high];
}

interface Cell {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

interface Span {
  readonly from: number;
  readonly to: number;
}

function columnsOf(points: HistoryMetric["points"], span: Span, columns: number): readonly (Cell | undefined)[] {
  const by_column = Map.groupBy(points, ({ time }) => columnAt(Date.parse(time), span, columns));
  return Array.from({ length: columns }, (_, column) => {
    const own = by_column.get(column);
    if (own === undefined) return undefined;
    const values = own.map(({ value }) => value).toSorted((one, other) => one - other);
    return {
      value: values[values.length >> 1] ?? NaN,
      low: Math.min(...own.map(({ low }) => low)),
      high: Math.max(...own.map(({ high }) => high)),
    };
  });
}

function columnAt(time: number, { from, to }: Span, columns: number): number {
  return Math.max(0, Math.min(columns - 1, Math.floor((time - from) / (to - from) * columns)));
}

/** Under the axis, where changes began. */
function markLine({ changes }: HistoryMetric, span: Span, columns: number, mark: string): string {
  const marked = new Set(
    changes.map(({ began }) => Date.parse(began)).filter((time) => time >= span.from).map((time) =>
      columnAt(time, span, columns)
    ),
  );
  return Array.from({ length: columns }, (_, column) => marked.has(column) ? mark : " ").join("").trimEnd();
}

function changeText(
  metric: HistoryMetric,
  { direction, began, last, usual, state }: HistoryMetric["changes"][number],
): string {
  const ended = {
    open: "and still is",
    over: `until ${timeText(last)}`,
    adopted: "and has counted as usual since a day later",
  }[state];
  return `${nameOf(metric)}: ${direction} than usual (${valueText(usual, metric.unit)}) from ${
    timeText(began)
  }, ${ended}.`;
}

function summary({ points, unit }: HistoryMetric): string {
  const values = points.map(({ value }) => value).toSorted((one, other) => one - other);
  const middle = values[values.length >> 1] ?? NaN;
  return `now ${valueText(points.at(-1)?.value ?? NaN, unit)}, middle ${valueText(middle, unit)}, lowest ${
    valueText(values[0] ?? NaN, unit)
  }, highest ${valueText(values.at(-1) ?? NaN, unit)}; ${count(points.length, "point")}`;
}

/** So many values at most: the middle of as many neighbours. */
function thinned(values: readonly number[], columns: number): readonly number[] {
  if (values.length <= columns) return values;
  return Array.from({ length: columns }, (_, i) => {
    const own = values.slice(Math.floor(i * values.length / columns), Math.floor((i + 1) * values.length / columns));
    return own.toSorted((one, other) => one - other)[own.length >> 1] ?? NaN;
  });
}

function sparks(values: readonly number[], characters: PlotOptions["characters"]): string {
  if (characters === "unicode") return sparkline(values);
  const low = Math.min(...values), range = Math.max(...values) - low;
  return values.map((value) => ASCII_HEIGHTS[range === 0 ? 0 : Math.round((value - low) / range * 5)] ?? "").join("");
}

function nameOf({ name, of }: Pick<HistoryMetric, "name" | "of">): string {
  return harmless(of === undefined ? name : `${name} of ${of}`);
}

function timeText(time: string): string {
  return `${time.slice(0, 16).replace("T", " ")}Z`;
}
