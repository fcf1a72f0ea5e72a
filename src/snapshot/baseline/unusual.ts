/** Which metrics are at a level that this host has not known, by its own past. */
import { DAY_HOURS, type Hour, HOUR_MS, type Level, levelOf, type Moment } from "./hours.ts";
import { type Direction, leastOf, scaled, type Unit, unscaled } from "./scale.ts";
import { median, spread, tailThreshold } from "./statistics.ts";

/** The last hours are no part of the past: a leak would be its own example of what is usual. */
export const RECENT_HOURS = 2 * DAY_HOURS;
/** A metric is compared once a whole week before these is known, and so many hours at all. */
export const WARM_UP_HOURS = 7 * DAY_HOURS + RECENT_HOURS;
const MIN_HOURS = 48;
/** Five weeks, so that what happens once a month is known. */
export const COMPARED_HOURS = 35 * DAY_HOURS;
/** Days that must have an hour before it is compared with that hour alone. */
const MIN_SAME_HOUR = 7;
/**
 * Snapshots of a healthy host with a false finding that are aimed at: a tenth of what is promised (one in 1,000), since no
 * past is exactly what the model takes it for. The simulation (tests/snapshot/baseline) tells what comes out.
 */
const AIMED_AT = 1 / 10_000;
/** Snapshots in an hour that an hour's chance is shared between: those of a five-minute timer. */
const SNAPSHOTS_AN_HOUR = 12;
/** On the logarithmic scale: nothing is news that is less than half as much again as what is usual. */
export const MATERIAL = Math.log(1.5);
/** A past that never moved still gets the spread of a tenth. */
const LEAST_SPREAD = 0.1;
/** The least mean excess of a tail, in spreads: of a normal distribution's beyond its 95th percentile it is 0.37. */
const LEAST_EXCESS = 0.4;

export interface Watched {
  /** Its number in the store. */
  readonly metric: number;
  readonly unit: Unit;
  readonly directions: readonly Direction[];
}

/** The hours to compare with, and which of them are no example for a metric. */
export interface Past {
  /** Goes through them again at each call, in any order. */
  readonly hours: () => Iterable<Hour>;
  /** Whether a metric was known to be unusual then. */
  readonly isLeftOut: (metric: number, direction: Direction, hour: number) => boolean;
  /** The hour of the day (0 to 23, on the clock of the host's people) of an hour since the epoch. */
  readonly hourOfDay: (hour: number) => number;
}

export interface Unusual {
  readonly metric: number;
  readonly direction: Direction;
  /** Now: what it did not go back behind for a while. */
  readonly level: number;
  /** The median that it is held against. */
  readonly usual: number;
  /** The furthest that it ever kept in the hours compared with. */
  readonly furthest: number;
  /** Hours that it is compared with. */
  readonly hours: number;
  /** Behind which it is unusual. */
  readonly limit: number;
  readonly same_hour: boolean;
}

export interface Judged {
  readonly unusual: readonly Unusual[];
  /** Metrics that have enough of a past. */
  readonly compared: number;
}

/** What the hours of the past tell at a glance: one pass over them, in which nothing is looked up. */
export interface Bounds {
  /** Whether there is enough of a metric's past. */
  readonly isKnown: (metric: number) => boolean;
  /** Whether a level is further than all that is known. */
  readonly isBeyond: (metric: number, direction: Direction, level: Level) => boolean;
}

export function boundsOf(
  { hours, isLeftOut }: Past,
  { now, metrics: size }: { readonly now: number; readonly metrics: number },
): Bounds {
  const known = new Uint32Array(size), since = new Float64Array(size).fill(Infinity);
  const highest = new Float64Array(size).fill(-Infinity), lowest = new Float64Array(size).fill(Infinity);
  for (const { hour, metrics, low, high } of hours()) {
    for (let i = 0; i < metrics.length; i++) {
      const metric = metrics[i] ?? 0, above = high[i] ?? NaN, below = low[i] ?? NaN;
      known[metric] = (known[metric] ?? 0) + 1;
      if (hour < (since[metric] ?? 0)) since[metric] = hour;
      if (above > (highest[metric] ?? NaN) && !isLeftOut(metric, "higher", hour)) highest[metric] = above;
      if (below < (lowest[metric] ?? NaN) && !isLeftOut(metric, "lower", hour)) lowest[metric] = below;
    }
  }
  return {
    isKnown: (metric) => (known[metric] ?? 0) >= MIN_HOURS && now - (since[metric] ?? Infinity) >= WARM_UP_HOURS,
    isBeyond: (metric, direction, { high, low }) =>
      direction === "higher" ? high > (highest[metric] ?? Infinity) : low < (lowest[metric] ?? -Infinity),
  };
}

/**
 * Compares the levels that metrics keep with the past.
 *
 * @param kept the last moments, see {@link keptMoments}
 */
export function judge(
  past: Past,
  bounds: Bounds,
  { kept, watched }: { readonly kept: readonly Moment[]; readonly watched: readonly Watched[] },
): Judged {
  const compared = watched.filter(({ metric }) => bounds.isKnown(metric));
  const candidates = compared.flatMap((each) => {
    const level = levelOf(each.metric, kept);
    return level === undefined ? [] : each.directions
      .filter((direction) => bounds.isBeyond(each.metric, direction, level))
      .map((direction) => ({ ...each, direction, level: direction === "higher" ? level.high : level.low }));
  });
  const chance = AIMED_AT * SNAPSHOTS_AN_HOUR / Math.max(1, compared.length);
  const now = past.hourOfDay(Math.floor((kept.at(-1)?.time ?? 0) / HOUR_MS));
  return {
    compared: compared.length,
    unusual: seriesOf(past, candidates).flatMap(({ candidate, series }) =>
      unusualOf(candidate, series, { chance, now }) ?? []
    ),
  };
}

interface Candidate extends Watched {
  readonly direction: Direction;
  readonly level: number;
}

/** What was kept at the furthest in each hour, on the scale of comparison and with the sign of the direction. */
interface Series {
  readonly hour_of_day: number[];
  readonly kept: number[];
}

function seriesOf(
  { hours, isLeftOut, hourOfDay }: Past,
  candidates: readonly Candidate[],
): readonly { readonly candidate: Candidate; readonly series: Series }[] {
  if (candidates.length === 0) return [];
  const all = candidates.map((candidate) => ({ candidate, series: { hour_of_day: [], kept: [] } as Series }));
  for (const { hour, metrics, low, high } of hours()) {
    const hour_of_day = hourOfDay(hour);
    for (const { candidate: { metric, direction, unit }, series } of all) {
      const at = indexOf(metrics, metric);
      if (at < 0 || isLeftOut(metric, direction, hour)) continue;
      series.hour_of_day.push(hour_of_day);
      series.kept.push(signOf(direction) * scaled((direction === "higher" ? high[at] : low[at]) ?? NaN, unit));
    }
  }
  return all;
}

/** Where a number stands among ascending ones; -1 where it does not. */
function indexOf(numbers: Uint32Array, number: number): number {
  let [from, to] = [0, numbers.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((numbers[middle] ?? 0) < number) from = middle + 1;
    else to = middle;
  }
  return numbers[from] === number ? from : -1;
}

function unusualOf(
  { metric, unit, direction, level }: Candidate,
  { hour_of_day, kept }: Series,
  { chance, now }: { readonly chance: number; readonly now: number },
): Unusual | undefined {
  const sign = signOf(direction), value = sign * scaled(level, unit);
  const all = Float64Array.from(kept), of_all = { middle: median(all), spread: 0, is_own: false };
  const usualAt = (hour: number): typeof of_all => {
    const same = all.filter((_, i) => hour_of_day[i] === hour);
    if (same.length < MIN_SAME_HOUR) return of_all;
    const middle = median(same);
    return { middle, spread: spread(same, middle), is_own: true };
  };
  const own = usualAt(now);
  const worth = Math.max(
    own.middle + MATERIAL,
    sign * scaled(unscaled(sign * own.middle, unit) + sign * leastOf(unit), unit),
  );
  // most that is further than ever is so by a hair: a disk that fills slowly is so in every snapshot
  if (value <= worth) return undefined;

  const usual = Array.from({ length: DAY_HOURS }, (_, hour) => hour === now ? own : usualAt(hour));
  const residuals = all.map((each, i) => each - (usual[hour_of_day[i] ?? 0] ?? of_all).middle);
  const least = Math.max(LEAST_SPREAD, spread(residuals, 0));
  const distances = residuals.map((each, i) => each / Math.max(least, (usual[hour_of_day[i] ?? 0] ?? of_all).spread));
  const needed = tailThreshold(distances, { chance, least: LEAST_EXCESS }) * Math.max(least, own.spread);
  const furthest = all.reduce((most, each) => Math.max(most, each), -Infinity);
  const limit = Math.max(own.middle + needed, worth, furthest);
  if (value <= limit) return undefined;
  return {
    metric,
    direction,
    level,
    usual: unscaled(sign * own.middle, unit),
    furthest: unscaled(sign * furthest, unit),
    limit: unscaled(sign * limit, unit),
    hours: all.length,
    same_hour: own.is_own,
  };
}

function signOf(direction: Direction): 1 | -1 {
  return direction === "higher" ? 1 : -1;
}
