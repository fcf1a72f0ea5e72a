/** What is kept for how long, and how much of it. */
import type { DatabaseSync } from "node:sqlite";
import { numberOf } from "./database.ts";
import { HOUR_MS } from "./hours.ts";

const DAY_MS = 24 * HOUR_MS;
/** Documents of all snapshots; after that, those of the first in each hour. */
const DOCUMENTS_MS = 2 * DAY_MS;
/** Figures of all snapshots; after that, hours, and the first in each hour. */
const FIGURES_MS = 14 * DAY_MS;
const HOURS_MS = 90 * DAY_MS;
/** In use. With pages that are free (2 MiB) and the journal (4 MiB, and what one snapshot adds) it stays below 64 MiB. */
export const MAX_BYTES = 56 << 20;
/**
 * Rows that one snapshot may let go: a little more than come in. A clock that is wrong for an hour then costs an hour's
 * worth of the past, and not all of it.
 */
const AT_ONCE = 24;
/** The last snapshots stay, however large hours are: without them nothing is compared, and no verdict is news. */
const ALWAYS_KEPT = 24;
/** Rows of a time that has not come are of a clock that was wrong, once so many came after them. */
const FUTURE_SNAPSHOTS = 1_000;
/** Metrics that have a number, those of containers that are no more among them; others are not kept. */
export const MAX_METRICS = 20_000;

/** Lets go what is too old, or too much. */
export function makeRoom(
  db: DatabaseSync,
  now: number,
  { max_bytes = MAX_BYTES }: { readonly max_bytes?: number } = {},
): void {
  const drop = (sql: string, ...values: number[]): number => Number(db.prepare(sql).run(...values).changes);
  const documents =
    "UPDATE snapshots SET document = NULL WHERE seq IN (SELECT seq FROM snapshots WHERE document IS NOT NULL";
  const snapshots = "DELETE FROM snapshots WHERE seq IN (SELECT seq FROM snapshots WHERE";
  drop(`${documents} AND hourly = 0 AND time < ? ORDER BY time LIMIT ${AT_ONCE})`, now - DOCUMENTS_MS);
  drop(`${snapshots} hourly = 0 AND time < ? ORDER BY time LIMIT ${AT_ONCE})`, now - FIGURES_MS);
  drop(`${snapshots} time < ? ORDER BY time LIMIT ${AT_ONCE})`, now - HOURS_MS);
  drop(`${snapshots} time > ? AND seq < ? LIMIT ${AT_ONCE})`, now + DAY_MS, lastSeq(db) - FUTURE_SNAPSHOTS);
  const hour = Math.floor((now - HOURS_MS) / HOUR_MS);
  drop(`DELETE FROM hours WHERE hour IN (SELECT hour FROM hours WHERE hour < ? ORDER BY hour LIMIT ${AT_ONCE})`, hour);
  drop(`DELETE FROM changes WHERE outcome IS NOT NULL AND last < ?`, now - HOURS_MS);
  drop(`DELETE FROM metrics WHERE id IN (SELECT id FROM metrics WHERE seen < ? LIMIT ${AT_ONCE})`, hour);
  drop("DELETE FROM diagnosed WHERE abs(? - time) > ?", now, DAY_MS);

  const last = lastSeq(db);
  const is_enough = (): boolean => sizeOf(db) <= max_bytes;
  // the oldest documents first: they are most of it, and the past is compared without them
  if (is_enough() || drop(`${documents} AND seq < ? ORDER BY time LIMIT ${AT_ONCE})`, last) === AT_ONCE) return;
  const kept = last - ALWAYS_KEPT;
  if (is_enough() || drop(`${snapshots} seq <= ? ORDER BY time LIMIT ${AT_ONCE})`, kept) === AT_ONCE) return;
  for (let gone = 0; gone < AT_ONCE && !is_enough(); gone++) {
    drop("DELETE FROM hours WHERE hour IN (SELECT min(hour) FROM hours)");
  }
}

/** Bytes that are in use. */
export function sizeOf(db: DatabaseSync): number {
  const pages = numberOf(db, "PRAGMA page_count") - numberOf(db, "PRAGMA freelist_count");
  return pages * numberOf(db, "PRAGMA page_size");
}

function lastSeq(db: DatabaseSync): number {
  return numberOf(db, "SELECT coalesce(max(seq), 0) FROM snapshots");
}
