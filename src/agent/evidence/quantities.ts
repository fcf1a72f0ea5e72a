/** Numbers with their units, as claims and outputs write them. */

/** What a number measures; `count` is anything without a unit. */
export type Dimension = "count" | "percent" | "seconds" | "bytes";

export interface Quantity {
  /** As it is written, with its unit. */
  readonly text: string;
  readonly at: number;
  readonly dimension: Dimension;
  /** What it may mean in the dimension's base unit: a GB is 10^9 or 2^30 bytes. */
  readonly values: readonly number[];
  /** Half of the last digit that is written, in the same units as {@link values}. */
  readonly half_digit: readonly number[];
  /** Written without a decimal point. */
  readonly is_whole: boolean;
}

const SECONDS: Readonly<Record<string, number>> = {
  ns: 1e-9,
  nsec: 1e-9,
  nanoseconds: 1e-9,
  us: 1e-6,
  "µs": 1e-6,
  "μs": 1e-6,
  usec: 1e-6,
  microseconds: 1e-6,
  ms: 1e-3,
  msec: 1e-3,
  milliseconds: 1e-3,
  s: 1,
  sec: 1,
  secs: 1,
  seconds: 1,
  min: 60,
  mins: 60,
  minutes: 60,
  h: 3600,
  hours: 3600,
  d: 86400,
  days: 86400,
};

const BYTE_PREFIXES = ["", "K", "M", "G", "T"];

/** Letters that mean something else when a space is before them: the state of a process, a column's heading. */
const UNIT =
  "%|percent|per cent|(?:nano|micro|milli)?seconds?|[nµμm]s(?:ec)?|us(?:ec)?|secs?|s|minutes?|mins?|hours?|days?" +
  "|[kKMGT]i?B|bytes?|B";
const TIGHT_UNIT = `${UNIT}|[hd]|[kKMGT]i?`;

const NUMBER = new RegExp(
  String.raw`(?<![\p{L}\d_.])(?<!\d[:-])(?<![*\]]:)(?<!\p{L}\/)(\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)` +
    String.raw`(?:(${TIGHT_UNIT})(?![\p{L}\d_])|[ \u00a0\u202f](${UNIT})(?![\p{L}\d_]))?(?![\p{L}\d_]|\.\d|:\d|-\d)`,
  "gu",
);

/**
 * Finds the numbers of a text. Parts of addresses, names, versions, dates and times of day are none.
 *
 * @returns in the order of the text
 */
export function readQuantities(text: string): readonly Quantity[] {
  return [...text.matchAll(NUMBER)].map(({ 0: whole, 1: digits = "", 2: tight, 3: apart, index }) => {
    const number = Number(digits.replaceAll(",", ""));
    const decimals = digits.split(".")[1]?.length ?? 0;
    const { dimension, scales } = unitOf(tight ?? apart);
    return {
      text: whole,
      at: index,
      dimension,
      values: scales.map((scale) => number * scale),
      half_digit: scales.map((scale) => 0.5 * 10 ** -decimals * scale),
      is_whole: decimals === 0,
    };
  });
}

function unitOf(unit: string | undefined): { readonly dimension: Dimension; readonly scales: readonly number[] } {
  if (unit === undefined) return { dimension: "count", scales: [1] };
  if (unit === "%" || unit.startsWith("per")) return { dimension: "percent", scales: [1] };
  const seconds = SECONDS[unit] ?? SECONDS[`${unit}s`];
  if (seconds !== undefined) return { dimension: "seconds", scales: [seconds] };
  const power = Math.max(0, BYTE_PREFIXES.indexOf(unit.slice(0, 1).toUpperCase()));
  if (/^[Bb]/.test(unit)) return { dimension: "bytes", scales: [1] };
  const binary = 1024 ** power;
  return { dimension: "bytes", scales: unit.includes("i") ? [binary] : [binary, 1000 ** power] };
}

/** The dimension and scale that the name of a field tells: `latency_ns`, `size_bytes`, `used_percent`. */
function unitOfField(name: string): { readonly dimension: Dimension; readonly scale: number } {
  const suffix = /_(ns|us|ms|s|bytes|kb|percent)$/.exec(name)?.[1];
  switch (suffix) {
    case undefined:
      return { dimension: "count", scale: 1 };
    case "bytes":
      return { dimension: "bytes", scale: 1 };
    case "kb":
      return { dimension: "bytes", scale: 1024 };
    case "percent":
      return { dimension: "percent", scale: 1 };
    default:
      return { dimension: "seconds", scale: SECONDS[suffix] ?? 1 };
  }
}

/** Units in which tables, and fields of the kernel, give times and sizes without saying so: ticks, pages, blocks. */
const SILENT_SCALES = {
  none: { seconds: [], bytes: [] },
  table: { seconds: [1, 1e-3, 1e-6, 1e-9, 1e-2, 60], bytes: [1, 512, 1024, 4096, 1024 ** 2] },
  kernel: { seconds: [1e-9], bytes: [1, 512, 1024, 4096] },
} as const;

/** Numbers of evidence, to look for one. */
export class Numbers {
  readonly #byDimension: Record<Dimension, number[]> = { count: [], percent: [], seconds: [], bytes: [] };
  #isSorted = true;
  /** What plain numbers may stand for. */
  silent_units: keyof typeof SILENT_SCALES = "none";
  /** True when plain numbers may be percentages: the text has a `%` (a table's heading has). */
  has_percent_sign = false;

  add(dimension: Dimension, value: number): void {
    this.#byDimension[dimension].push(Math.abs(value));
    this.#isSorted = false;
  }

  addText(text: string): void {
    if (text.includes("%")) this.has_percent_sign = true;
    // ids are names: "812 connections" does not stand on process 812
    for (
      const { dimension, values, text: written } of readQuantities(
        text.replace(/\b(?:pid|ppid|tid|port|fd)\b[=: ]+\d+/gi, ""),
      )
    ) {
      for (const value of values) this.add(dimension, value);
      // 100,200 may be a hundred thousand and something, or two columns
      if (written.includes(",")) { for (const part of written.match(/\d+/g) ?? []) this.add("count", Number(part)); }
    }
  }

  /** A number of a document, with the unit that its field's name tells. */
  addField(name: string, value: number | bigint): void {
    const { dimension, scale } = unitOfField(name);
    this.add(dimension, Number(value) * scale);
    // "latency_ns 41000000" is written so as well
    if (dimension !== "count") this.add("count", Number(value));
  }

  all(dimension: Dimension): readonly number[] {
    this.#sort();
    return this.#byDimension[dimension];
  }

  /** True when a number of that dimension, or one without a unit that may be of it, lies in the range. */
  has(dimension: Dimension, { low, high }: { readonly low: number; readonly high: number }): boolean {
    this.#sort();
    if (includes(this.#byDimension[dimension], low, high)) return true;
    const counts = this.#byDimension.count;
    if (dimension === "percent") {
      // beyond 100 (a process on several CPUs) only what is told exactly: a pid in the line may be as large
      const top = high - low <= 1 ? high : Math.min(high, 100);
      return this.has_percent_sign && this.silent_units === "table" && includes(counts, low, top);
    }
    if (dimension === "count") return false;
    return SILENT_SCALES[this.silent_units][dimension].some((scale) => includes(counts, low / scale, high / scale));
  }

  #sort(): void {
    if (this.#isSorted) return;
    for (const list of Object.values(this.#byDimension)) list.sort((a, b) => a - b);
    this.#isSorted = true;
  }
}

/** Binary search in ascending numbers. */
function includes(numbers: readonly number[], low: number, high: number): boolean {
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((numbers[middle] ?? 0) < low) from = middle + 1;
    else to = middle;
  }
  return (numbers[from] ?? Infinity) <= high;
}
