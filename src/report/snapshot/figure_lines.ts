/** The figures of a page: a line for each subject. */
import type { Figure, Snapshot } from "../../protocol/snapshot.ts";
import { bar, sparkline } from "../bars.ts";
import { cut, harmless } from "../layout.ts";
import type { Style } from "../paint.ts";
import type { PageLayout } from "./page_layout.ts";
import { type AreaRow, areaRows } from "./rows.ts";
import { fillOf, levelOf, nearness } from "./scale.ts";
import { figureLabel, valueText } from "./values.ts";

const LEVEL_STYLE: Readonly<Record<ReturnType<typeof levelOf>, Style | undefined>> = {
  critical: "red",
  warning: "yellow",
  good: undefined,
  plain: undefined,
};
/** Of a bar; and the last snapshots of a way, an hour of them where cron takes one every five minutes. */
export const BAR_WIDTH = 12;
/** Values that make a way. */
const MIN_WAY = 3;
const MAX_AREA_WIDTH = 14;
const SEPARATOR = "  ";
/** A device's or mount's name between two figures. */
const MAX_OF_WIDTH = 24;

/** @param room lines that there are; the subjects nearest to a limit come first where not all fit */
export function figureLines({ figures }: Snapshot, layout: PageLayout, room: number): string[] {
  if (figures.length === 0 || room < 2) return [];
  const all = areaRows(figures);
  const rows = all.filter(saysSomething), quiet = all.filter((row) => !saysSomething(row));
  const quiet_lines = quiet.length === 0 ? 0 : 1;
  const fits = rows.length + quiet_lines <= room - 1 ? rows : chosen(rows, room - 2 - quiet_lines);
  const left_out = rows.length - fits.length;
  const ways = new Map(fits.map(({ area, figures: [headline] }) => [area, wayOf(headline, layout)]));
  const area_width = Math.min(MAX_AREA_WIDTH, Math.max(0, ...fits.map(({ area }) => area.length)));
  return [
    headLine(layout, { area_width, has_ways: ways.values().some((way) => way !== "") }),
    ...fits.map((row) => areaLine(row, { ...layout, area_width, way: ways.get(row.area) ?? "" })),
    ...(left_out === 0
      ? []
      : [layout.paint("dim", cut(`  … and ${left_out} more subjects: ktriage snapshot --json`, layout.width))]),
  ];
}

/** Says what the lines are. */
function headLine(
  { paint, recent }: PageLayout,
  { area_width, has_ways }: { readonly area_width: number; readonly has_ways: boolean },
): string {
  const title = "Figures";
  if (recent === undefined || !has_ways) return paint("bold", title);
  const since = new Date(recent.since).toISOString().slice(0, 16).replace("T", " ");
  const margin = " ".repeat(Math.max(SEPARATOR.length, 2 + area_width + SEPARATOR.length - title.length));
  return `${paint("bold", title)}${margin}${paint("dim", `${sparkline([1, 4, 2, 6, 8])}  since ${since} UTC`)}`;
}

/** The way of a figure without a natural whole; those that have one have a bar. */
function wayOf(figure: Figure | undefined, { bars, recent }: PageLayout): string {
  if (!bars || figure === undefined || recent === undefined || fillOf(figure) !== undefined) return "";
  const values = recent.valuesOf(figure).slice(-BAR_WIDTH);
  // from nought on, where none is below: what wobbles by a little is to look so
  return values.length < MIN_WAY ? "" : sparkline(values, { low: Math.min(0, ...values) });
}

/** Ten seconds are too short for rows of noughts. */
function saysSomething({ figures }: AreaRow): boolean {
  return figures.some((figure) => figure.value !== 0 || ["warning", "critical"].includes(levelOf(figure)));
}

function chosen(rows: readonly AreaRow[], room: number): readonly AreaRow[] {
  const near = ({ figures }: AreaRow): number => Math.max(0, ...figures.map(nearness));
  const kept = new Set(rows.toSorted((a, b) => near(b) - near(a)).slice(0, Math.max(0, room)));
  return rows.filter((row) => kept.has(row));
}

function areaLine(
  { area, figures, others }: AreaRow,
  { width, paint, bars, area_width, way }: PageLayout & { readonly area_width: number; readonly way: string },
): string {
  const [headline] = figures;
  const fill = headline === undefined ? undefined : fillOf(headline);
  const gauge = !bars ? "" : `${gaugeText(headline, { fill, way, paint })}${SEPARATOR}`;
  let room = width - 2 - area_width - SEPARATOR.length - (bars ? BAR_WIDTH + SEPARATOR.length : 0);
  const cells: string[] = [];
  for (const figure of figures) {
    const text = cellText(figure, others.get(figure.name));
    const needed = text.length + (cells.length === 0 ? 0 : SEPARATOR.length + 1);
    if (needed > room && cells.length > 0) break;
    room -= needed;
    const style = LEVEL_STYLE[levelOf(figure)];
    const fitted = cut(text, text.length + Math.min(0, room));
    cells.push(style === undefined ? fitted : paint(style, fitted));
  }
  return `  ${paint("dim", cut(area, area_width).padEnd(area_width))}${SEPARATOR}${gauge}${cells.join(" · ")}`
    .trimEnd();
}

function gaugeText(
  figure: Figure | undefined,
  { fill, way, paint }: { readonly fill: number | undefined; readonly way: string } & Pick<PageLayout, "paint">,
): string {
  if (figure === undefined || fill === undefined) return paint("cyan", way) + " ".repeat(BAR_WIDTH - way.length);
  const drawn = bar(fill, BAR_WIDTH);
  const style = LEVEL_STYLE[levelOf(figure)] ?? "green";
  return paint(style, drawn) + paint("dim", "·".repeat(BAR_WIDTH - drawn.length));
}

/** `used 91% (/var, worst of 12)` */
function cellText(figure: Figure, several: number | undefined): string {
  const of = figure.of === undefined ? undefined : cut(harmless(figure.of).replace(/\s+/g, " "), MAX_OF_WIDTH);
  const which = of === undefined ? "" : several === undefined ? ` (${of})` : ` (${of}, of ${several})`;
  return `${figureLabel(figure)} ${valueText(figure.value, figure.unit)}${which}`;
}
