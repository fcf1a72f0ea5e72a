/** Changes: a metric that became unusual is one finding while that lasts, and at last the new normal. */
import { HOUR_MS, levelOf, type Moment } from "./hours.ts";
import type { Direction } from "./scale.ts";
import type { Unusual } from "./unusual.ts";

/** So long back to what is usual, and a change is over; back for less, and it is still the same one. */
const OVER_MS = HOUR_MS;
/** A change that lasts so long is the new normal: it was told for a whole day. */
export const ADOPTED_MS = 24 * HOUR_MS;
/** As often as that within the past compared with, and what comes back is a part of what is usual. */
const RECURRENCES = 3;

export interface Change {
  readonly metric: number;
  readonly direction: Direction;
  /** Milliseconds since the epoch: the first moment at that level. */
  readonly began: number;
  /** The last moment at that level. */
  readonly last: number;
  /** What was usual when it began, and how far it had to go to be a change. */
  readonly usual: number;
  readonly limit: number;
  readonly furthest: number;
  readonly hours: number;
  readonly same_hour: boolean;
  /** How it ended, if it did. */
  readonly outcome?: "over" | "adopted";
}

/** Whether a change is told now, and not only kept in mind. */
export function isOn({ last, outcome }: Change, now: number): boolean {
  return last === now && outcome === undefined;
}

/**
 * The changes after a comparison: begun ones, those that go on, and with their outcome those that ended now.
 *
 * @param open those that had not ended
 */
export function nextChanges(
  open: readonly Change[],
  { kept, unusual }: { readonly kept: readonly Moment[]; readonly unusual: readonly Unusual[] },
): readonly Change[] {
  const now = kept.at(-1)?.time ?? 0;
  const is_open = new Set(open.map(keyOf));
  const begun = unusual.filter((each) => !is_open.has(keyOf(each))).map((each): Change => ({
    metric: each.metric,
    direction: each.direction,
    began: kept[0]?.time ?? now,
    last: now,
    usual: each.usual,
    limit: each.limit,
    furthest: each.furthest,
    hours: each.hours,
    same_hour: each.same_hour,
  }));
  return [...open.map((change) => goneOn(change, kept, now)), ...begun];
}

function goneOn(change: Change, kept: readonly Moment[], now: number): Change {
  // a clock that went back must not keep a change for ever
  if (change.began > now) return { ...change, outcome: "over" };
  if (!isStillBeyond(change, kept)) return now - change.last > OVER_MS ? { ...change, outcome: "over" } : change;
  return { ...change, last: now, ...(now - change.began > ADOPTED_MS ? { outcome: "adopted" } : {}) };
}

/** One of the last values is enough: a change that pauses goes on. */
function isStillBeyond({ metric, direction, limit }: Change, kept: readonly Moment[]): boolean {
  const level = levelOf(metric, kept);
  if (level === undefined) return false;
  return direction === "higher" ? level.low > limit : level.high < limit;
}

/**
 * Which hours are no example of what is usual. Those of changes that are open, or were over and did not recur; and those of
 * the last while, or a leak would be its own example: but not those that count as usual by now.
 *
 * @param recent the first hour that is too recent
 */
export function leftOut(
  changes: readonly Change[],
  { recent }: { readonly recent: number },
): (metric: number, direction: Direction, hour: number) => boolean {
  const of_metric = Map.groupBy(changes, keyOf);
  const is_usual = new Set(
    [...of_metric.values()].flatMap((same) => {
      const over = same.filter(({ outcome }) => outcome === "over");
      return same.filter(({ outcome }) => outcome === "adopted" || outcome === "over" && over.length >= RECURRENCES);
    }),
  );
  return (metric, direction, hour) => {
    const covering = of_metric.size === 0
      ? undefined
      : of_metric.get(keyOf({ metric, direction }))?.findLast((change) =>
        hour >= Math.floor(change.began / HOUR_MS) && (isOpen(change) || hour <= Math.floor(change.last / HOUR_MS))
      );
    return covering === undefined ? hour >= recent : !is_usual.has(covering);
  };
}

function isOpen({ outcome }: Change): boolean {
  return outcome === undefined;
}

function keyOf({ metric, direction }: Pick<Change, "metric" | "direction">): string {
  return `${metric} ${direction}`;
}
