/** Figures by their names: the unit is what the name ends in. */
import type { UNITS } from "../../protocol/tool.ts";
import type { Figure } from "../../protocol/snapshot.ts";
import { printable } from "./words.ts";

type Unit = (typeof UNITS)[number];

/** The longest ending first: `_bytes_per_s` also ends in `_per_s` and `_s`. */
const ENDINGS: readonly Unit[] = ["bytes_per_s", "per_s", "percent", "bytes", "ns", "us", "ms", "s"];

/** No figure is below 0 but where `min` says so: -Infinity where there is no end to it. */
type More = Partial<Pick<Figure, "of" | "warn" | "crit" | "min" | "max">>;

/** A figure that is compared with this host's own past. */
export function watched(name: string, value: number, more: More = {}): Figure {
  return { ...plain(name, value, more), ...plainMore(more), baseline: "watched" };
}

/** A figure that says nothing by how it moves: a size, a setting, a count of rare events. */
export function shown(name: string, value: number, more: More = {}): Figure {
  return { ...plain(name, value, more), ...plainMore(more), baseline: "none" };
}

/** What a counter rose by; 0 when it was reset in between, or is not counted. */
export function rise(before: number | undefined, after: number | undefined): number {
  const rose = before === undefined || after === undefined ? 0 : after - before;
  return Number.isFinite(rose) ? Math.max(0, rose) : 0;
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

/** Files that do not belong together (LXC makes up some of a container's) give shares below nothing and above all. */
function plain(
  name: string,
  value: number,
  { min = 0, max = Infinity }: Pick<More, "min" | "max">,
): Pick<Figure, "name" | "value" | "unit"> {
  const unit = ENDINGS.find((ending) => name.endsWith(`_${ending}`)) ?? "count";
  const possible = Number.isFinite(value) ? Math.min(Math.max(value, min), unit === "percent" ? max : Infinity) : 0;
  const rounded = Math.round(1e6 * possible) / 1e6;
  return { name, value: Number.isFinite(rounded) ? rounded : possible, unit };
}

/** A file that is not what it should be may give a number that is none, for which JSON has no word, and any name. */
function plainMore(more: More): More {
  return Object.fromEntries(
    Object.entries(more).filter(([, value]) => typeof value !== "number" || Number.isFinite(value))
      .map(([name, value]) => [name, typeof value === "string" ? printable(value) : value]),
  );
}
