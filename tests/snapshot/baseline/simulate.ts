/** A host whose snapshots are compared one after the other, in memory: the store's part without the store. */
import { type Change, isOn, leftOut, nextChanges } from "../../../src/snapshot/baseline/changes.ts";
import {
  DAY_HOURS,
  type Hour,
  HOUR_MS,
  keptMoments,
  type Moment,
  rollUp,
} from "../../../src/snapshot/baseline/hours.ts";
import { worseWhen } from "../../../src/snapshot/baseline/scale.ts";
import {
  type Bounds,
  boundsOf,
  COMPARED_HOURS,
  judge,
  type Past,
  RECENT_HOURS,
  type Watched,
} from "../../../src/snapshot/baseline/unusual.ts";
import { type Series, STEP_MS } from "./series.ts";

/** As many as a level is kept for. */
const LOOKED_BACK = 6;

export interface Outcome {
  /** Snapshots that were compared, after the warm-up. */
  readonly compared: number;
  /** Those with a finding. */
  readonly with_finding: number;
  readonly changes: readonly (Change & { readonly series: Series; readonly step: number })[];
}

export function simulate(series: readonly Series[], steps: number): Outcome {
  const watched = series.map(({ name, unit }, metric): Watched => ({
    metric,
    unit,
    directions: worseWhen({ name, unit }),
  }));
  const hours: Hour[] = [], changes: Outcome["changes"][number][] = [];
  let open: readonly Change[] = [], over: readonly Change[] = [], recent: Moment[] = [];
  let [compared, with_finding] = [0, 0], bounds: Bounds | undefined;
  for (let step = 0; step < steps; step++) {
    const time = step * STEP_MS, hour = Math.floor(time / HOUR_MS);
    const last = recent.at(-1);
    if (last !== undefined && Math.floor(last.time / HOUR_MS) < hour) {
      hours.push(rollUp(hour - 1, recent));
      if (hours.length > COMPARED_HOURS) hours.shift();
      recent = recent.slice(-LOOKED_BACK);
      bounds = undefined;
    }
    recent.push({ time, boot_id: "", values: Float32Array.from(series, ({ next }) => next(step)) });
    const past: Past = {
      hours: () => hours,
      isLeftOut: leftOut([...open, ...over], { recent: hour - RECENT_HOURS }),
      hourOfDay: (hour) => hour % DAY_HOURS,
    };
    bounds ??= boundsOf(past, { now: hour, metrics: series.length });
    const kept = keptMoments(recent);
    if (kept === undefined) continue;
    const judged = judge(past, bounds, { kept, watched });
    if (judged.compared === 0) continue;
    compared++;
    const next = nextChanges(open, { kept, unusual: judged.unusual });
    changes.push(...next.slice(open.length).map((change) => ({ ...change, step, series: series[change.metric]! })));
    if (next.some((change) => isOn(change, time))) with_finding++;
    const ended = next.filter(({ outcome }) => outcome !== undefined);
    if (ended.length > 0 || next.length > open.length) bounds = undefined;
    over = [...over, ...ended].filter((change) => time - change.last < COMPARED_HOURS * HOUR_MS);
    open = next.filter(({ outcome }) => outcome === undefined);
  }
  return { compared, with_finding, changes };
}
