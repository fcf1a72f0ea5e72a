/** What was measured, for people: a block for each figure, a line for each contender. */
import { type Baseline, BASELINES, type Measured, type Row } from "./measure.ts";

const WIDTHS = { title: 50, figure: 12 };

/** Medians, and how many times those of the baselines they are. */
export function table({ rows, failures }: Measured): string {
  const figures = Map.groupBy(rows, ({ bench, figure }) => `${bench}: ${figure}`);
  const blocks = [...figures].flatMap(([title, group]) => block(title, group));
  return [...blocks, ...failures.map(({ bench, tool, failure }) => `${bench}: ${tool} failed: ${failure}`)].join("\n");
}

function block(title: string, rows: readonly Row[]): string[] {
  const baselines = BASELINES.filter((name) => base(rows, name) !== undefined);
  return [
    line(title, ["median", ...baselines.map((name) => `÷ ${name}`)]),
    ...rows.map(({ tool, median }) =>
      line(`  ${tool}`, [number(median), ...baselines.map((name) => number(median / (base(rows, name) ?? NaN)))])
    ),
    "",
  ];
}

/** Nothing where a ratio says nothing: to a baseline of zero. */
function base(rows: readonly Row[], name: Baseline): number | undefined {
  return rows.find(({ baseline, median }) => baseline === name && median !== 0)?.median;
}

function line(title: string, figures: readonly string[]): string {
  return title.padEnd(WIDTHS.title) + figures.map((figure) => figure.padStart(WIDTHS.figure)).join("");
}

function number(value: number): string {
  return value.toFixed(Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0);
}
