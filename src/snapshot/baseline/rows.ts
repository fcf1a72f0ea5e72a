/** Rows of the store as data, and back. */
import type { DatabaseSync } from "node:sqlite";
import type { Figure } from "../../protocol/snapshot.ts";
import type { Change } from "./changes.ts";
import { type Hour, HOUR_MS, type Moment } from "./hours.ts";
import { unpackHour, unpackText, unpackValues } from "./packed.ts";
import type { Direction, Unit } from "./scale.ts";

export interface Metric {
  readonly id: number;
  readonly name: string;
  readonly of: string;
  readonly unit: Unit;
}

type Row = Readonly<Record<string, unknown>>;

/** Which metric a figure is of. */
export function keyOf({ name, of, unit }: Pick<Figure, "name" | "of" | "unit">): string {
  return `${name}\n${of ?? ""}\n${unit}`;
}

export function readMetrics(db: DatabaseSync): ReadonlyMap<string, Metric> {
  const metrics = db.prepare("SELECT id, name, of, unit FROM metrics").all().map((row): Metric => ({
    id: Number(row["id"]),
    name: String(row["name"]),
    of: String(row["of"]),
    unit: String(row["unit"]) as Unit,
  }));
  return new Map(metrics.map((metric) => [keyOf(metric), metric]));
}

const MOMENTS = "SELECT time, boot_id, figures FROM snapshots";

/** The last snapshots up to a time, in the order of time. */
export function readLast(
  db: DatabaseSync,
  { until, count }: { readonly until: number; readonly count: number },
): Moment[] {
  return db.prepare(`${MOMENTS} WHERE time <= ? ORDER BY time DESC, seq DESC LIMIT ?`).all(until, count)
    .map(momentOf).reverse();
}

/** The snapshots of a span, in the order of time. */
export function readBetween(db: DatabaseSync, { from, to }: { readonly from: number; readonly to: number }): Moment[] {
  return db.prepare(`${MOMENTS} WHERE time >= ? AND time < ? ORDER BY time, seq`).all(from, to).map(momentOf);
}

/** Hours from one up to before another, one after the other: all at once could be many megabytes. */
export function* readHours(
  db: DatabaseSync,
  { from, to }: { readonly from: number; readonly to: number },
): Generator<Hour> {
  const rows = db.prepare("SELECT hour, figures FROM hours WHERE hour >= ? AND hour < ? ORDER BY hour");
  for (const { hour, figures } of rows.iterate(from, to)) yield unpackHour(Number(hour), blob(figures));
}

/** Changes that are open, and those that ended since. */
export function readChanges(db: DatabaseSync, since: number): readonly Change[] {
  return db.prepare("SELECT * FROM changes WHERE outcome IS NULL OR last >= ? ORDER BY id").all(since).map(changeOf);
}

/** When the host was first seen in this boot. */
export function firstOfBoot(db: DatabaseSync, boot_id: string): number | undefined {
  const first = db.prepare("SELECT min(time) AS time FROM snapshots WHERE boot_id = ?").get(boot_id)?.["time"];
  return typeof first === "number" ? first : undefined;
}

/** The documents of kept snapshots: the text of the one that was taken last up to a time. */
export function readDocument(
  db: DatabaseSync,
  until: number,
): { readonly time: number; readonly text: string } | undefined {
  const row = db.prepare(
    "SELECT time, document FROM snapshots WHERE document IS NOT NULL AND time <= ? ORDER BY time DESC, seq DESC LIMIT 1",
  ).get(until);
  return row === undefined ? undefined : { time: Number(row["time"]), text: unpackText(blob(row["document"])) };
}

/** The values of watched figures, by the numbers of their metrics. */
export function valuesOf(figures: readonly Figure[], metrics: ReadonlyMap<string, Metric>): Float32Array {
  const known = figures.flatMap((figure): [number, number][] => {
    const metric = metrics.get(keyOf(figure));
    return metric === undefined || !Number.isFinite(figure.value) ? [] : [[metric.id, figure.value]];
  });
  const values = new Float32Array(known.reduce((most, [id]) => Math.max(most, id), -1) + 1).fill(NaN);
  for (const [id, value] of known) values[id] = value;
  return values;
}

/** Metrics that a snapshot may have: more, and the past would grow out of all bounds. */
const MAX_WATCHED = 4_000;

export function watchedFigures(figures: readonly Figure[]): readonly Figure[] {
  return figures.filter(isWatched).slice(0, MAX_WATCHED);
}

export function countWatched(figures: readonly Figure[]): number {
  return figures.filter(isWatched).length;
}

function isWatched({ baseline, value }: Figure): boolean {
  return baseline === "watched" && Number.isFinite(value);
}

export function hourOf(time: number): number {
  return Math.floor(time / HOUR_MS);
}

function momentOf({ time, boot_id, figures }: Row): Moment {
  return { time: Number(time), boot_id: String(boot_id), values: unpackValues(blob(figures)) };
}

function changeOf(row: Row): Change {
  const { metric, direction, began, last, usual, limit, furthest, hours, same_hour, outcome } = row;
  return {
    metric: Number(metric),
    direction: String(direction) as Direction,
    began: Number(began),
    last: Number(last),
    usual: Number(usual),
    limit: Number(limit),
    furthest: Number(furthest),
    hours: Number(hours),
    same_hour: same_hour === 1,
    ...(outcome === "over" || outcome === "adopted" ? { outcome } : {}),
  };
}

function blob(value: unknown): Uint8Array {
  if (value instanceof Uint8Array) return value;
  throw new RangeError("a row of the store lacks its bytes");
}
