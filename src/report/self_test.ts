/** What the self-test found, as a table for people. */
import type { SelfTest, SelfTestItem } from "../protocol/mod.ts";
import { harmless, wrap } from "./layout.ts";
import type { Paint, Style, TextOptions } from "./paint.ts";

const ID_WIDTH = 16, MARK_WIDTH = 6, TIME_WIDTH = 7;
const MARGIN = 2 + MARK_WIDTH + 2 + ID_WIDTH + 2 + TIME_WIDTH + 2;

const MARKS: Readonly<Record<SelfTestItem["outcome"], readonly [mark: string, style: Style]>> = {
  ok: ["ok", "green"],
  absent: ["-", "dim"],
  untried: ["?", "yellow"],
  failed: ["FAILED", "red"],
};

/** A row for each part, and a verdict. */
export function selfTestText(test: SelfTest, options: TextOptions): string {
  const { hostname, kernel, architecture, items } = test;
  const head = `${harmless(hostname)}: kernel ${kernel}, ${architecture}`;
  const rows = items.map((item) => rowText(item, options)).join("\n");
  return `${head}\n\n${rows}\n\n${wrap(verdictOf(test, options.paint), options.width)}\n`;
}

function rowText(item: SelfTestItem, { width, paint }: TextOptions): string {
  const { id, outcome, duration_ms } = item;
  const [mark, style] = MARKS[outcome];
  const time = outcome === "ok" || outcome === "failed" ? `${duration_ms} ms` : "";
  const [first = "", ...below] = linesOf(item).flatMap((line) => wrap(harmless(line), width - MARGIN).split("\n"));
  const row = `  ${paint(style, mark.padEnd(MARK_WIDTH))}  ${id.padEnd(ID_WIDTH)}  ${
    time.padStart(TIME_WIDTH)
  }  ${first}`;
  return [row, ...below.map((line) => " ".repeat(MARGIN) + line)].map((line) => line.trimEnd()).join("\n");
}

function linesOf({ outcome, attached_as, detail, fix }: SelfTestItem): readonly string[] {
  if (outcome === "ok") return [detail, ...(attached_as === undefined ? [] : [`by: ${attached_as}`])];
  if (outcome === "absent") return [`not on this host: ${detail}`];
  if (outcome === "untried") return [`not tried: ${detail}`];
  return [detail, ...(fix === undefined ? [] : [`fix: ${fix}`])];
}

function verdictOf({ items, duration_ms, works }: SelfTest, paint: Paint): string {
  const of = (outcome: SelfTestItem["outcome"]): number => items.filter((item) => item.outcome === outcome).length;
  const figures = [
    `${of("ok")} of ${items.length} ok`,
    ...of("absent") === 0 ? [] : [`${of("absent")} not on this host`],
    ...of("untried") === 0 ? [] : [`${of("untried")} not tried`],
    `in ${(duration_ms / 1000).toFixed(1)} s`,
  ].join(", ");
  if (works) return `${paint("green", "Works: everything that this host has.")} ${figures}.`;
  if (of("failed") === 0) return `${paint("yellow", "Not finished.")} ${figures}.`;
  return `${
    paint("red", `FAILED: ${of("failed")} that should work here and ${of("failed") === 1 ? "does" : "do"} not.`)
  } ${figures}.`;
}
