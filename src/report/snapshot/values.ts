/** Figures as a person writes them. */
import { timeText } from "../../probes/result/time_text.ts";
import type { Figure } from "../../protocol/snapshot.ts";
import { harmless } from "../layout.ts";

type Unit = Figure["unit"];

const NS_PER: Readonly<Partial<Record<Unit, number>>> = { ns: 1, us: 1e3, ms: 1e6, s: 1e9 };
const LONG_S = 600;
/** Ends of names that repeat the unit. */
const UNIT_ENDING = /_(?:count|ns|us|ms|s|bytes|percent|per_s|bytes_per_s)$/;
const BINARY = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
const PERCENT_DECIMALS_BELOW = 10;

/** `1.2 GiB`, `34%`, `12.3 ms`: three digits, in the unit that fits. */
export function valueText(value: number, unit: Unit): string {
  const per = NS_PER[unit];
  if (per !== undefined) return value === 0 ? "0 s" : signed(value, (size) => durationText(size * per));
  if (unit === "bytes") return signed(value, bytesText);
  if (unit === "bytes_per_s") return `${signed(value, bytesText)}/s`;
  if (unit === "percent") return `${rounded(value, Math.abs(value) < PERCENT_DECIMALS_BELOW ? 1 : 0)}%`;
  return unit === "per_s" ? `${numberText(value)}/s` : numberText(value);
}

/** What a figure is called in a line of its subject: `available`, `load 1m`. */
export function figureLabel({ name }: Pick<Figure, "name">): string {
  const what = name.slice(name.indexOf(".") + 1);
  return harmless(what.replace(UNIT_ENDING, "").replaceAll("_", " ").replaceAll(".", " "));
}

/** What a figure is about: `memory`, `filesystem`. */
export function areaOf({ name }: Pick<Figure, "name">): string {
  return harmless(name.split(".")[0] ?? name);
}

function durationText(ns: number): string {
  const s = ns / 1e9;
  if (s < LONG_S) return timeText(Math.round(ns * 10) / 10);
  if (s < 2 * 3600) return `${Math.round(s / 60)} min`;
  return s < 2 * 86_400 ? `${Math.round(s / 3600)} h` : `${numberText(Math.round(s / 86_400))} days`;
}

function bytesText(bytes: number): string {
  let size = bytes, unit = 0;
  while (size >= 999.5 && unit < BINARY.length - 1) {
    size /= 1024;
    unit++;
  }
  return `${unit === 0 ? Math.round(size) : threeDigits(size)} ${BINARY[unit]}`;
}

function numberText(value: number): string {
  const decimals = Number.isInteger(value) ? 0 : Math.abs(value) < 10 ? 2 : Math.abs(value) < 100 ? 1 : 0;
  return value.toLocaleString("en-US", { maximumFractionDigits: decimals });
}

function threeDigits(value: number): string {
  return rounded(value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}

function rounded(value: number, decimals: number): string {
  return value.toFixed(decimals).replace(/\.0+$/, "");
}

function signed(value: number, text: (size: number) => string): string {
  return value < 0 ? `-${text(-value)}` : text(value);
}
