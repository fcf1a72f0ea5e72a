/** Keeps a snapshot: all of it in one transaction, and room for the next ones. */
import type { DatabaseSync } from "node:sqlite";
import type { Figure, Snapshot } from "../../protocol/snapshot.ts";
import type { Remembered } from "../collector.ts";
import type { Change } from "./changes.ts";
import { HOUR_MS, type Moment, rollUp } from "./hours.ts";
import { packHour, packText, packValues } from "./packed.ts";
import { firstOfBoot, hourOf, keyOf, type Metric, readBetween, readMetrics, valuesOf, watchedFigures } from "./rows.ts";
import { makeRoom, MAX_METRICS } from "./retention.ts";

/** After its start a host is busy with that; what it does then is no example. */
export const SETTLED_MS = 30 * 60_000;

export interface Kept {
  readonly snapshot: Snapshot;
  readonly remembered: Readonly<Record<string, Remembered>>;
  /** All changes that are open or ended just now; undefined where nothing was compared. */
  readonly changes: readonly Change[] | undefined;
  readonly now: number;
}

/** @throws {Error} what SQLite says; then nothing of it was kept */
export function keepSnapshot(db: DatabaseSync, kept: Kept): void {
  db.exec("BEGIN IMMEDIATE");
  try {
    const last = lastHour(db);
    if (last !== undefined && last !== hourOf(kept.now)) sumUp(db, last);
    insertSnapshot(db, kept, { hourly: last !== hourOf(kept.now) });
    remember(db, kept.remembered);
    if (kept.changes !== undefined) writeChanges(db, kept.changes);
    makeRoom(db, kept.now);
    db.exec("COMMIT");
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
  giveBack(db);
}

/** Pages that became free go back to the disk, some at a time, once there are many. A row is a page: exec() would stop at one. */
function giveBack(db: DatabaseSync): void {
  const free = Number(db.prepare("PRAGMA freelist_count").get()?.["freelist_count"] ?? 0);
  if (free > MAX_FREE_PAGES) db.prepare(`PRAGMA incremental_vacuum(${MAX_FREE_PAGES})`).all();
}

const MAX_FREE_PAGES = 500;

function lastHour(db: DatabaseSync): number | undefined {
  const row = db.prepare("SELECT time FROM snapshots ORDER BY seq DESC LIMIT 1").get();
  return row === undefined ? undefined : hourOf(Number(row["time"]));
}

function sumUp(db: DatabaseSync, hour: number): void {
  const [from, to] = [hour * HOUR_MS, (hour + 1) * HOUR_MS];
  const starts = new Map<string, number>();
  const isSettled = ({ boot_id, time }: Moment): boolean => {
    const start = starts.get(boot_id) ?? firstOfBoot(db, boot_id) ?? time;
    starts.set(boot_id, start);
    return boot_id === "" || time - start >= SETTLED_MS;
  };
  const summed = rollUp(hour, readBetween(db, { from: from - HOUR_MS, to }).filter(isSettled));
  if (summed.metrics.length === 0) return;
  db.prepare("INSERT OR REPLACE INTO hours VALUES (?, ?)").run(hour, packHour(summed));
  const seen = db.prepare("UPDATE metrics SET seen = ? WHERE id = ?");
  for (const metric of summed.metrics) seen.run(hour, metric);
}

function insertSnapshot(db: DatabaseSync, { snapshot, now }: Kept, { hourly }: { readonly hourly: boolean }): void {
  const figures = watchedFigures(snapshot.figures);
  const values = valuesOf(figures, withNew(db, figures, hourOf(now)));
  db.prepare(
    "INSERT INTO snapshots (time, boot_id, verdict, findings, hourly, figures, document) VALUES (?, ?, ?, ?, ?, ?, ?)",
  ).run(
    now,
    snapshot.host.boot_id,
    snapshot.verdict,
    JSON.stringify(snapshot.findings),
    hourly ? 1 : 0,
    packValues(values),
    packText(JSON.stringify(snapshot)),
  );
}

/** New metrics get the lowest free numbers, for the numbers are places in arrays. */
function withNew(db: DatabaseSync, figures: readonly Figure[], hour: number): ReadonlyMap<string, Metric> {
  const known = readMetrics(db);
  const unknown = figures.filter((figure) => !known.has(keyOf(figure))).slice(0, Math.max(0, MAX_METRICS - known.size));
  if (unknown.length === 0) return known;
  const taken = new Set([...known.values()].map(({ id }) => id));
  const insert = db.prepare("INSERT OR IGNORE INTO metrics VALUES (?, ?, ?, ?, ?)");
  let free = 0;
  for (const { name, of, unit } of unknown) {
    while (taken.has(free)) free++;
    insert.run(free++, name, of ?? "", unit, hour);
  }
  return readMetrics(db);
}

function remember(db: DatabaseSync, remembered: Kept["remembered"]): void {
  const insert = db.prepare("INSERT OR REPLACE INTO remembered VALUES (?, ?)");
  for (const [collector, facts] of Object.entries(remembered)) insert.run(collector, JSON.stringify(facts));
}

function writeChanges(db: DatabaseSync, changes: readonly Change[]): void {
  db.exec("DELETE FROM changes WHERE outcome IS NULL");
  const insert = db.prepare(
    'INSERT INTO changes (metric, direction, began, last, usual, "limit", furthest, hours, same_hour, outcome) ' +
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
  );
  for (const { metric, direction, began, last, usual, limit, furthest, hours, same_hour, outcome } of changes) {
    const numbers = [usual, limit, furthest, hours, same_hour ? 1 : 0] as const;
    insert.run(metric, direction, began, last, ...numbers, outcome ?? null);
  }
}
