import assert from "node:assert/strict";
import type { History, HistoryMetric } from "../../src/protocol/history.ts";
import { ansi, plain } from "../../src/report/paint.ts";
import { historyListText, historyPlotText, type PlotOptions } from "../../src/report/history.ts";
import { assertGolden } from "../support/golden.ts";

const HOUR_MS = 3_600_000, FROM = Date.UTC(2026, 0, 5), DAYS = 7;
const at = (hours: number): string => new Date(FROM + hours * HOUR_MS).toISOString();
const SPAN = { from: at(0), to: at(DAYS * 24) };

/** A day's wave, and from the fifth day on three times as much. */
const LATENCY: HistoryMetric = {
  name: "block.latency_us",
  of: "sda\u001b[2J",
  unit: "us",
  points: Array.from({ length: DAYS * 24 }, (_, hour) => {
    const value = (500 + 300 * Math.sin(hour / 24 * 2 * Math.PI)) * (hour < 100 ? 1 : 3);
    return { time: at(hour), value, low: value * 0.8, high: value * 1.3 };
  }).filter((_, hour) => hour < 30 || hour > 40),
  changes: [{ direction: "higher", began: at(100), last: at(124), usual: 500, limit: 1200, state: "adopted" }],
};
const CONSTANT: HistoryMetric = {
  name: "filesystem.inodes_count",
  unit: "count",
  points: Array.from({ length: 24 }, (_, hour) => ({ time: at(hour * 7), value: 1000, low: 1000, high: 1000 })),
  changes: [],
};
const NOTHING: HistoryMetric = { name: "net.gone_per_s", of: "eth9", unit: "per_s", points: [], changes: [] };
const HISTORY: History = {
  schema: "ktriage.history/1",
  state: "/var/lib/ktriage",
  snapshots: 2016,
  ...SPAN,
  metrics: [LATENCY, CONSTANT, NOTHING],
};

const options = (width: number, characters: PlotOptions["characters"]): PlotOptions => ({
  width,
  characters,
  paint: plain,
});

Deno.test("historyPlotText() draws a metric as wide as the terminal is", () => {
  assertGolden("history_plot", historyPlotText(LATENCY, SPAN, options(100, "unicode")));
  assertGolden("history_plot_narrow_ascii", historyPlotText(LATENCY, SPAN, options(50, "ascii")));
  assertGolden("history_plot_constant", historyPlotText(CONSTANT, SPAN, options(60, "ascii")));
});

Deno.test("historyListText() has a line a metric, and what changed", () => {
  assertGolden("history_list", historyListText(HISTORY, options(100, "unicode")));
  assertGolden("history_list_narrow_ascii", historyListText(HISTORY, options(70, "ascii")));
});

Deno.test("without UTF-8 nothing but ASCII is printed; names from outside cannot move the cursor", () => {
  const texts = [historyPlotText(LATENCY, SPAN, options(80, "ascii")), historyListText(HISTORY, options(80, "ascii"))];
  for (const text of texts) assert.match(text, /^[\n\x20-\x7e]*$/);
});

Deno.test("no line is wider than asked for, whatever the width", () => {
  for (const width of [40, 57, 80, 100]) {
    for (const characters of ["ascii", "unicode"] as const) {
      const text = historyPlotText(LATENCY, SPAN, options(width, characters)) +
        historyPlotText(CONSTANT, SPAN, options(width, characters));
      for (const line of text.split("\n")) assert.ok([...line].length <= width, `${width}: ${line}`);
    }
  }
});

Deno.test("a plot says when nothing was kept, and is coloured only where colours are wanted", () => {
  assert.equal(
    historyPlotText(NOTHING, SPAN, options(80, "ascii")),
    "net.gone_per_s of eth9\nNothing was kept of it in that time.\n",
  );
  assert.ok(!historyPlotText(LATENCY, SPAN, options(80, "unicode")).includes("\u001b"));
  assert.ok(historyPlotText(LATENCY, SPAN, { ...options(80, "unicode"), paint: ansi }).includes("\u001b[36m"));
});
