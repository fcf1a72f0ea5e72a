import assert from "node:assert/strict";
import type { DatabaseSync } from "node:sqlite";
import { numberOf, openDatabase } from "../../../src/snapshot/baseline/database.ts";
import { keepSnapshot } from "../../../src/snapshot/baseline/keep.ts";
import { makeRoom, sizeOf } from "../../../src/snapshot/baseline/retention.ts";
import { snapshotOf, START, stateDir } from "./support.ts";

const HOUR_MS = 3_600_000, DAY_MS = 24 * HOUR_MS, DAYS = 100;
const now = START + DAYS * DAY_MS;

/** A hundred days, a snapshot every half hour. */
function filled(): Disposable & { readonly db: DatabaseSync } {
  const state = stateDir();
  Deno.mkdirSync(state.path, { mode: 0o700 });
  const { db } = openDatabase(`${state.path}/baseline.db`, now);
  db.exec("BEGIN");
  const snapshot = db.prepare(
    "INSERT INTO snapshots (time, boot_id, verdict, findings, hourly, figures, document) VALUES (?, '', 'ok', '[]', ?, ?, ?)",
  );
  const hour = db.prepare("INSERT INTO hours VALUES (?, ?)");
  for (let half = 0; half < DAYS * 48; half++) {
    const time = START + half * HOUR_MS / 2;
    snapshot.run(time, 1 - half % 2, new Uint8Array(400), new Uint8Array(2000));
    if (half % 2 === 0) hour.run(Math.floor(time / HOUR_MS), new Uint8Array(800));
  }
  db.exec("COMMIT");
  return {
    db,
    [Symbol.dispose]: () => {
      db.close();
      state[Symbol.dispose]();
    },
  };
}

const oldest = (db: DatabaseSync, where: string): number =>
  (now - numberOf(db, `SELECT min(time) FROM snapshots WHERE ${where}`)) / DAY_MS;

Deno.test("makeRoom() keeps all documents for two days, all figures for fourteen, hours for ninety", () => {
  using state = filled();
  const { db } = state;
  for (let i = 0; i < 300; i++) makeRoom(db, now);
  const [every, hourly, figures] = ["document IS NOT NULL AND hourly = 0", "document IS NOT NULL", "hourly = 0"];
  assert.deepEqual([every, hourly, figures].map((where) => Math.round(oldest(db, where!))), [2, 90, 14]);
  const oldest_hour = numberOf(db, "SELECT min(hour) FROM hours");
  assert.ok(Math.abs((now / HOUR_MS - oldest_hour) / 24 - 90) < 0.1);
  assert.equal(numberOf(db, `SELECT count(*) FROM snapshots WHERE time > ${now - 14 * DAY_MS}`), 14 * 48 - 1);
});

Deno.test("makeRoom() lets go a little at a time, so that a clock that is wrong for a run costs little", () => {
  using state = filled();
  const { db } = state;
  const count = (): number => numberOf(db, "SELECT count(*) FROM snapshots");
  const before = count();
  makeRoom(db, now + 3650 * DAY_MS);
  assert.ok(before - count() <= 60 && before - count() > 0, `${before - count()} rows went at once`);
});

Deno.test("makeRoom() stays below a size: documents go first, then old figures, and hours last", () => {
  using state = filled();
  const { db } = state;
  const hours = (): number => numberOf(db, "SELECT count(*) FROM hours");
  const documents = (): number => numberOf(db, "SELECT count(*) FROM snapshots WHERE document IS NOT NULL");
  for (let i = 0; i < 400; i++) makeRoom(db, now, { max_bytes: 6 << 20 });
  assert.ok(sizeOf(db) <= 6 << 20, `${sizeOf(db)} bytes`);
  assert.ok(hours() >= 89 * 24, "the past to compare with is whole");
  assert.ok(oldest(db, "document IS NOT NULL") > 0 && documents() > 100, "the latest documents are still there");
  for (let i = 0; i < 400; i++) makeRoom(db, now, { max_bytes: 200 << 10 });
  assert.ok(sizeOf(db) <= 200 << 10, `${sizeOf(db)} bytes`);
  assert.ok(hours() < 200, "at last hours go as well");
});

Deno.test("rows of a time that has not come go once a thousand others came after them", () => {
  using state = filled();
  const { db } = state;
  const back = START + 2 * DAY_MS;
  const future = (): number => numberOf(db, `SELECT count(*) FROM snapshots WHERE time > ${back}`);
  const before = future();
  makeRoom(db, back);
  assert.ok(future() < before && future() > before - 30);
});

Deno.test("makeRoom() stays below a size also where hours alone fill it: the last snapshots stay, with one document", () => {
  using state = filled();
  const { db } = state;
  const max_bytes = 400 << 10;
  db.exec("BEGIN");
  for (let i = 0; i < 600; i++) makeRoom(db, now, { max_bytes });
  const snapshot = db.prepare(
    "INSERT INTO snapshots (time, boot_id, verdict, findings, hourly, figures, document) VALUES (?, '', 'ok', '[]', 0, ?, ?)",
  );
  const hour = db.prepare("INSERT INTO hours VALUES (?, ?)");
  for (let i = 1; i <= 1000; i++) {
    const time = now + i * HOUR_MS / 12;
    snapshot.run(time, new Uint8Array(2000), new Uint8Array(8000));
    if (i % 12 === 0) hour.run(time / HOUR_MS, new Uint8Array(16_000));
    makeRoom(db, time, { max_bytes });
    assert.ok(sizeOf(db) <= max_bytes, `${sizeOf(db)} bytes after ${i}`);
  }
  db.exec("COMMIT");
  const times = db.prepare("SELECT time FROM snapshots ORDER BY time DESC LIMIT 24").all().map(({ time }) =>
    Number(time)
  );
  assert.equal(times.at(-1), now + (1000 - 23) * HOUR_MS / 12);
  assert.equal(numberOf(db, "SELECT max(time) FROM snapshots WHERE document IS NOT NULL"), times[0]);
  assert.ok(numberOf(db, "SELECT count(*) FROM hours") > 5, "the latest hours");
});

Deno.test("keepSnapshot() gives pages that became free back to the disk, until few are left", () => {
  using state = filled();
  const { db } = state;
  db.exec("DELETE FROM snapshots");
  const free = (): number => numberOf(db, "PRAGMA freelist_count"),
    pages = (): number => numberOf(db, "PRAGMA page_count");
  const before = pages();
  assert.ok(free() > 2000, `${free()} of ${before} pages`);
  const keep = (): void =>
    keepSnapshot(db, { snapshot: snapshotOf([], { time: now }), remembered: {}, changes: undefined, now });
  keep();
  assert.ok(before - pages() > 400, `${before} to ${pages()} pages`);
  for (let i = 0; i < 10; i++) keep();
  assert.ok(free() <= 500, `${free()} pages`);
});
