/** A snapshot against the past in the store. */
import type { DatabaseSync } from "node:sqlite";
import type { Figure, HealthFinding, Snapshot } from "../../protocol/snapshot.ts";
import { type Change, isOn, leftOut, nextChanges } from "./changes.ts";
import { numberOf } from "./database.ts";
import { DAY_HOURS, HOUR_MS, KEPT_MS, KEPT_SNAPSHOTS, keptMoments, type Moment } from "./hours.ts";
import { SETTLED_MS } from "./keep.ts";
import {
  countWatched,
  firstOfBoot,
  hourOf,
  keyOf,
  type Metric,
  readBetween,
  readChanges,
  readHours,
  readLast,
  readMetrics,
  valuesOf,
  watchedFigures,
} from "./rows.ts";
import { worseWhen } from "./scale.ts";
import { boundsOf, COMPARED_HOURS, judge, type Judged, type Past, RECENT_HOURS, WARM_UP_HOURS } from "./unusual.ts";
import { adoptedText, clockText, findingsOf, overText, type Shown, spanText } from "./words.ts";

export interface Compared {
  readonly findings: readonly HealthFinding[];
  readonly baseline: Snapshot["baseline"];
  readonly notes: readonly string[];
  /** As they are to be kept; undefined where nothing was compared. */
  readonly changes: readonly Change[] | undefined;
}

/** @throws {Error} what SQLite says of a file that it cannot read */
export function compareWith(
  db: DatabaseSync,
  { boot_id, figures, now }: { readonly boot_id: string; readonly figures: readonly Figure[]; readonly now: number },
): Compared {
  const snapshots = numberOf(db, "SELECT count(*) FROM snapshots");
  const none = (detail: string): Compared => ({
    findings: [],
    baseline: { state: known === undefined ? "warming_up" : "ready", snapshots, detail },
    notes: clockNotes(db, now),
    changes: undefined,
  });
  const known = knownHours(db, hourOf(now));
  if (known === undefined) return none(warmUpText(db, now));
  const metrics = readMetrics(db), watched = watchedFigures(figures);
  const moments = [
    ...lately(db, now),
    { time: now, boot_id, values: valuesOf(watched, metrics) },
  ];
  if (boot_id !== "" && now - (firstOfBoot(db, boot_id) ?? now) < SETTLED_MS) {
    return none("Not compared with this host's past: it started less than half an hour ago.");
  }
  const kept = keptMoments(moments);
  if (kept === undefined) {
    return none("Not compared with this host's past: too few snapshots were taken before this one without a break.");
  }
  const changes = readChanges(db, now - COMPARED_HOURS * HOUR_MS);
  const open = changes.filter(({ outcome }) => outcome === undefined);
  const past: Past = {
    hours: () => readHours(db, { from: hourOf(now) - COMPARED_HOURS, to: hourOf(now) }),
    isLeftOut: leftOut(changes, { recent: hourOf(now) - RECENT_HOURS }),
    hourOfDay: (hour) => new Date(hour * HOUR_MS).getHours(),
  };
  const judged = judge(past, boundsOf(past, { now: hourOf(now), metrics: sizeFor(metrics) }), {
    kept,
    watched: watched.flatMap((figure) => {
      const metric = metrics.get(keyOf(figure));
      return metric === undefined ? [] : [{ metric: metric.id, unit: figure.unit, directions: worseWhen(figure) }];
    }),
  });
  const next = nextChanges(open, { kept, unusual: judged.unusual });
  const shown = shownOf(next, metrics, watched);
  return {
    findings: findingsOf(shown.filter(({ change }) => isOn(change, now))),
    baseline: {
      state: "ready",
      snapshots,
      detail: comparedText(judged, { known, watched: watched.length, all: countWatched(figures) }),
    },
    notes: [
      ...clockNotes(db, now),
      ...shown.filter(({ change }) => change.outcome === "adopted").map(adoptedText),
      ...shown.filter(({ change }) => change.outcome === "over").map(overText),
    ],
    changes: next,
  };
}

/** The last snapshots, so many and so far back that they tell which levels were kept. */
function lately(db: DatabaseSync, now: number): readonly Moment[] {
  const moments = readBetween(db, { from: now - LOOKED_BACK_MS, to: now + 1 });
  return moments.length < KEPT_SNAPSHOTS ? readLast(db, { until: now, count: KEPT_SNAPSHOTS }) : moments;
}

/** More than what a level is kept for, by what a timer may be late. */
const LOOKED_BACK_MS = 1.25 * KEPT_MS;

/** Hours that it is compared with, once a whole week of them is known. */
function knownHours(db: DatabaseSync, hour: number): number | undefined {
  const row = db.prepare("SELECT min(hour) AS first, count(*) AS n FROM hours WHERE hour >= ? AND hour < ?")
    .get(hour - COMPARED_HOURS, hour);
  const first = row?.["first"];
  return typeof first === "number" && hour - first >= WARM_UP_HOURS ? hour - first : undefined;
}

function warmUpText(db: DatabaseSync, now: number): string {
  const first = numberOf(db, `SELECT coalesce(min(time), ${now}) FROM snapshots WHERE time <= ${now}`);
  const ready = first + (WARM_UP_HOURS + 1) * HOUR_MS;
  const days = WARM_UP_HOURS / DAY_HOURS;
  return `Warming up: not compared with this host's past before ${
    clockText(Math.max(ready, now))
  }, when ${days} days of ` +
    "it are known. Limits hold already.";
}

function comparedText(
  { compared }: Judged,
  { known, watched, all }: { readonly known: number; readonly watched: number; readonly all: number },
): string {
  const fresh = watched - compared;
  const but = fresh === 0 ? "" : `; ${fresh} are too new for that`;
  const more = all > watched ? `; ${all - watched} more than ${watched} are not kept` : "";
  return `${compared} figures were compared with ${spanText(known)} of this host's own past${but}${more}.`;
}

function shownOf(
  changes: readonly Change[],
  metrics: ReadonlyMap<string, Metric>,
  figures: readonly Figure[],
): readonly Shown[] {
  const by_id = new Map([...metrics.values()].map((metric) => [metric.id, metric]));
  const values = new Map(figures.map((figure) => [keyOf(figure), figure.value]));
  return changes.flatMap((change) => {
    const metric = by_id.get(change.metric);
    return metric === undefined ? [] : [{ change, metric, value: values.get(keyOf(metric)) ?? change.usual }];
  });
}

function clockNotes(db: DatabaseSync, now: number): readonly string[] {
  const last = db.prepare("SELECT time FROM snapshots ORDER BY seq DESC LIMIT 1").get()?.["time"];
  if (typeof last !== "number" || last <= now) return [];
  return [
    `The clock went back: the snapshot before this one bears a later time (${
      clockText(last)
    }). Those of later times are ` +
    "not compared with.",
  ];
}

function sizeFor(metrics: ReadonlyMap<string, Metric>): number {
  return [...metrics.values()].reduce((most, { id }) => Math.max(most, id + 1), 0);
}
