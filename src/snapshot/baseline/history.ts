/** Looks into the state without changing it: for `ktriage history` and `ktriage diff`. */
import type { DatabaseSync } from "node:sqlite";
import { type Snapshot, snapshot as snapshotSchema } from "../../protocol/snapshot.ts";
import { readVersioned } from "../../protocol/versioned.ts";
import type { Change } from "./changes.ts";
import { numberOf } from "./database.ts";
import { HOUR_MS } from "./hours.ts";
import { HistoryError, NONE_KEPT, reading } from "./reading.ts";
import { hourOf, type Metric, readBetween, readChanges, readDocument, readHours, readMetrics } from "./rows.ts";

export { HistoryError } from "./reading.ts";

/** A value, or the middle, the lowest and the highest level of an hour. */
export interface Point {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

export interface MetricHistory {
  readonly metric: Metric;
  readonly points: readonly Point[];
  readonly changes: readonly Change[];
}

export interface StateSummary {
  readonly snapshots: number;
  /** Milliseconds since the epoch; undefined where nothing is kept yet. */
  readonly first: number | undefined;
  readonly last: number | undefined;
  readonly metrics: readonly Metric[];
  readonly changes: readonly { readonly metric: Metric; readonly change: Change }[];
}

/** @throws {HistoryError} no state, or one that cannot be read */
export function readSummary(state_dir: string): StateSummary {
  return reading(state_dir, (db) => {
    const metrics = [...readMetrics(db).values()];
    const by_id = new Map(metrics.map((metric) => [metric.id, metric]));
    const span = db.prepare("SELECT min(time) AS first, max(time) AS last FROM snapshots").get();
    const first = db.prepare("SELECT min(hour) AS hour FROM hours").get()?.["hour"];
    const times = [...(typeof first === "number" ? [first * HOUR_MS] : []), span?.["first"]].filter(isNumber);
    return {
      snapshots: numberOf(db, "SELECT count(*) FROM snapshots"),
      first: times.length === 0 ? undefined : Math.min(...times),
      last: isNumber(span?.["last"]) ? span["last"] : undefined,
      metrics: metrics.toSorted((one, other) => compareText(one.name, other.name) || compareText(one.of, other.of)),
      changes: readChanges(db, 0).flatMap((change) => {
        const metric = by_id.get(change.metric);
        return metric === undefined ? [] : [{ metric, change }];
      }),
    };
  });
}

/**
 * What became of metrics: hours, then single snapshots where these are all still kept.
 *
 * @param is_wanted which metrics
 * @throws {HistoryError} as {@link readSummary}
 */
export function readHistory(
  state_dir: string,
  { is_wanted, from, to }: {
    readonly is_wanted: (metric: Metric) => boolean;
    readonly from: number;
    readonly to: number;
  },
): readonly MetricHistory[] {
  return reading(state_dir, (db) => {
    const wanted = [...readMetrics(db).values()].filter(is_wanted);
    const points = new Map(wanted.map(({ id }) => [id, [] as Point[]]));
    const hours = to - from <= FINE_MS ? [] : readHours(db, { from: hourOf(from), to: hourOf(to) + 1 });
    for (const { hour, metrics, low, middle, high } of hours) {
      metrics.forEach((metric, i) => {
        const [value = NaN, least = NaN, most = NaN] = [middle[i], low[i], high[i]];
        points.get(metric)?.push({ time: hour * HOUR_MS, value, low: least, high: most });
      });
    }
    const last_hour = Math.max(-Infinity, ...[...points.values()].map((each) => each.at(-1)?.time ?? -Infinity));
    for (const { time, values } of readBetween(db, { from: Math.max(from, last_hour + HOUR_MS), to: to + 1 })) {
      for (const [metric, own] of points) {
        const value = values[metric] ?? NaN;
        if (!Number.isNaN(value)) own.push({ time, value, low: value, high: value });
      }
    }
    const changes = readChanges(db, from);
    return wanted.map((metric) => ({
      metric,
      points: points.get(metric.id) ?? [],
      changes: changes.filter((change) => change.metric === metric.id),
    }));
  });
}

/** Up to so long a span is shown by single snapshots. */
const FINE_MS = 3 * 24 * HOUR_MS;

/**
 * The snapshot that was kept last up to a time.
 *
 * @throws {HistoryError} as {@link readSummary}, or none is kept of that time
 */
export function readSnapshot(state_dir: string, until: number): Snapshot {
  return reading(state_dir, (db) => {
    const document = readDocument(db, until);
    if (document === undefined) throw new HistoryError("no snapshot of that time or before is kept", oldestText(db));
    return readVersioned(document.text, snapshotSchema);
  });
}

function oldestText(db: DatabaseSync): string {
  const oldest = db.prepare("SELECT min(time) AS time FROM snapshots WHERE document IS NOT NULL").get()?.["time"];
  return isNumber(oldest) ? `The oldest is of ${new Date(oldest).toISOString().slice(0, 16)}Z.` : NONE_KEPT;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}

function compareText(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
