/** Figures by their names: the unit is what the name ends in. */
import type { UNITS } from "../../protocol/tool.ts";
import type { Figure } from "../../protocol/snapshot.ts";
import { printable } from "./words.ts";

type Unit = (typeof UNITS)[number];

/** The longest ending first: `_bytes_per_s` also ends in `_per_s` and `_s`. */
const ENDINGS: readonly Unit[] = ["bytes_per_s", "per_s", "percent", "bytes", "ns", "us", "ms", "s"];

type More = Partial<Pick<Figure, "of" | "warn" | "crit" | "min" | "max">>;

/** A figure that is compared with this host's own past. */
export function watched(name: string, value: number, more: More = {}): Figure {
  return { ...plain(name, value), ...plainMore(more), baseline: "watched" };
}

/** A figure that says nothing by how it moves: a size, a setting, a count of rare events. */
export function shown(name: string, value: number, more: More = {}): Figure {
  return { ...plain(name, value), ...plainMore(more), baseline: "none" };
}

/** What a counter rose by; 0 when it was reset in between, or is not counted. */
export function rise(before: number | undefined, after: number | undefined): number {
  return before === undefined || after === undefined ? 0 : Math.max(0, after - before);
}

/** In percent, to two decimals; 0 of nothing. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.round(10_000 * part / whole) / 100 : 0;
}

/** A number as people read it in a sentence. */
export function number(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Math.round(10 * value) / 10);
}

/** Bytes in binary units: 1.5 GiB. */
export function bytes(value: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  return `${number(value / 1024 ** power)} ${units[power]}`;
}

/** Seconds in the largest unit that fits: 3 days, 90 s. */
export function time(value_s: number): string {
  if (value_s < 120) return `${number(value_s)} s`;
  if (value_s < 7200) return `${number(value_s / 60)} minutes`;
  return value_s < 172_800 ? `${number(value_s / 3600)} hours` : `${number(value_s / 86_400)} days`;
}

function plain(name: string, value: number): Pick<Figure, "name" | "value" | "unit"> {
  const unit = ENDINGS.find((ending) => name.endsWith(`_${ending}`)) ?? "count";
  return { name, value: Number.isFinite(value) ? Math.round(1e6 * value) / 1e6 : 0, unit };
}

/** A file that is not what it should be may give a number that is none, for which JSON has no word, and any name. */
function plainMore(more: More): More {
  return Object.fromEntries(
    Object.entries(more).filter(([, value]) => typeof value !== "number" || Number.isFinite(value))
      .map(([name, value]) => [name, typeof value === "string" ? printable(value) : value]),
  );
}
