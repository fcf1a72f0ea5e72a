/** Hours of the past: of each metric its middle, and the highest and the lowest level that it kept for a while. */
import { median } from "./statistics.ts";

export const HOUR_MS = 3_600_000;
export const DAY_HOURS = 24;
/** A level counts once it was kept over so many snapshots and so long: what passes by itself is nobody's concern. */
export const KEPT_SNAPSHOTS = 3;
/** Just under 25 minutes, which six snapshots of a five-minute timer span give or take its jitter. */
export const KEPT_MS = 24 * 60_000;

/** The values of one snapshot. */
export interface Moment {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly boot_id: string;
  /** At each metric's number in the store; NaN: the snapshot has it not. */
  readonly values: Float32Array;
}

/** What metrics did in one hour: arrays side by side. */
export interface Hour {
  /** Hours since the epoch. */
  readonly hour: number;
  /** Their numbers in the store, ascending. */
  readonly metrics: Uint32Array;
  readonly low: Float32Array;
  readonly middle: Float32Array;
  readonly high: Float32Array;
}

/** No value of the last while was below `high`, none was above `low`. */
export interface Level {
  readonly high: number;
  readonly low: number;
}

/**
 * The moments that tell which levels were kept at the last one of them: so many, for so long, in one boot.
 *
 * @param moments in the order of time
 * @returns undefined where there are too few
 */
export function keptMoments(moments: readonly Moment[]): readonly Moment[] | undefined {
  const last = moments.at(-1);
  if (last === undefined) return undefined;
  const first = moments.findLastIndex((moment, index) =>
    moments.length - index >= KEPT_SNAPSHOTS && last.time - moment.time >= KEPT_MS
  );
  const kept = first < 0 ? [] : moments.slice(first);
  return kept.length > 0 && kept.every(({ boot_id }) => boot_id === last.boot_id) ? kept : undefined;
}

/** The level of one metric over these moments; undefined where one of them lacks it. */
export function levelOf(metric: number, moments: readonly Moment[]): Level | undefined {
  let [high, low] = [Infinity, -Infinity];
  for (const { values } of moments) {
    const value = values[metric] ?? NaN;
    if (Number.isNaN(value)) return undefined;
    if (value < high) high = value;
    if (value > low) low = value;
  }
  return { high, low };
}

/**
 * Sums an hour up.
 *
 * @param moments of this hour and of a while before it, in the order of time
 */
export function rollUp(hour: number, moments: readonly Moment[]): Hour {
  const first = moments.findIndex(({ time }) => Math.floor(time / HOUR_MS) >= hour);
  const own = first < 0 ? [] : moments.slice(first);
  const windows = own.flatMap((_, index) => {
    const kept = keptMoments(moments.slice(0, first + index + 1));
    return kept === undefined ? [] : [kept];
  });
  const metrics: number[] = [], low: number[] = [], middle: number[] = [], high: number[] = [];
  for (let metric = 0; metric < Math.max(0, ...own.map(({ values }) => values.length)); metric++) {
    const levels = windows.map((kept) => levelOf(metric, kept)).filter((level) => level !== undefined);
    if (levels.length === 0) continue;
    metrics.push(metric);
    low.push(Math.min(...levels.map((level) => level.low)));
    high.push(Math.max(...levels.map((level) => level.high)));
    middle.push(median(Float64Array.from(own.map(({ values }) => values[metric] ?? NaN)).filter(isNumber)));
  }
  return {
    hour,
    metrics: Uint32Array.from(metrics),
    low: Float32Array.from(low),
    middle: Float32Array.from(middle),
    high: Float32Array.from(high),
  };
}

function isNumber(value: number): boolean {
  return !Number.isNaN(value);
}
