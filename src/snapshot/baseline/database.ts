/** The database file: opened, checked, and made anew where it is damaged. */
import { DatabaseSync } from "node:sqlite";
import { isNoFile, makePrivateFile, NoState, setAside, wasKilled, why } from "./place.ts";
import { APPLICATION_ID, SCHEMA, SCHEMA_VERSION } from "./schema.ts";

const DAY_MS = 86_400_000;
/** Another ktriage may be writing; longer than that it is not waited for. */
const BUSY_MS = 2_000;
/** What SQLITE_NOTADB and SQLITE_CORRUPT are called; Deno 2.9 does not give every error its number. */
const DAMAGED = /file is not a database|database disk image is malformed|malformed database schema/;
const CHECKED = "checked";

export interface Opened {
  readonly db: DatabaseSync;
  /** Where the damaged one is that was there before, and what was wrong with it. */
  readonly set_aside: string | undefined;
}

/**
 * Opens the database for writing, makes it, or sets a damaged one aside and begins anew.
 *
 * @throws {NoState} it cannot be opened or written, or a newer ktriage made it
 */
export function openDatabase(path: string, now: number): Opened {
  try {
    return { db: openSound(path, now), set_aside: undefined };
  } catch (error) {
    if (!isDamaged(error) && !(error instanceof NotOurs)) throw asNoState(path, error);
    return anew(path, { now, fault: why(error) });
  }
}

/** Sets a database aside that turned out to be damaged. @throws {NoState} as {@link openDatabase} */
export function anew(path: string, { now, fault }: { readonly now: number; readonly fault: string }): Opened {
  try {
    const at = setAside(path, now);
    return { db: openSound(path, now), set_aside: `${at} (${fault})` };
  } catch (error) {
    throw asNoState(path, error);
  }
}

/** Whether SQLite found that the file is not sound. */
export function isDamaged(error: unknown): boolean {
  return error instanceof Error && DAMAGED.test(error.message);
}

/** Whether, by its kind, the file can be a store at all. */
class NotOurs extends Error {}

function openSound(path: string, now: number): DatabaseSync {
  if (isNoFile(path)) throw new NotOurs("it is no file");
  const was_killed = wasKilled(path);
  makePrivateFile(path);
  const db = new DatabaseSync(path, { timeout: BUSY_MS });
  try {
    prepare(db);
    if (was_killed || isDue(db, now)) check(db, now);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function prepare(db: DatabaseSync): void {
  // the journal is flushed when it goes into the file: a power cut may take the last snapshots, never what was there before
  db.exec("PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = 4194304; PRAGMA foreign_keys = OFF;");
  const application = numberOf(db, "PRAGMA application_id"), version = numberOf(db, "PRAGMA user_version");
  if (application === 0 && version === 0 && numberOf(db, "SELECT count(*) FROM sqlite_schema") === 0) db.exec(SCHEMA);
  else if (application !== APPLICATION_ID) throw new NotOurs("it is a database of another program");
  else if (version > SCHEMA_VERSION) throw new NoState(newer(version));
}

function isDue(db: DatabaseSync, now: number): boolean {
  const age = now - Number(db.prepare("SELECT value FROM facts WHERE name = ?").get(CHECKED)?.["value"] ?? 0);
  return age > DAY_MS || age < 0;
}

/** All of it is read: 10 ms for 10 MB. So once a day, and after one that was killed. */
function check(db: DatabaseSync, now: number): void {
  const [first] = db.prepare("PRAGMA integrity_check(1)").all();
  const said = String(first?.["integrity_check"]);
  if (said !== "ok") throw new NotOurs(said);
  try {
    db.prepare("INSERT OR REPLACE INTO facts VALUES (?, ?)").run(CHECKED, String(now));
  } catch (error) {
    if (isDamaged(error)) throw error; // a full disk or another writer: it is checked again the next time
  }
}

function newer(version: number): string {
  return `a newer ktriage made it (schema ${version}; this version knows ${SCHEMA_VERSION})`;
}

/** The one number that a statement gives. */
export function numberOf(db: DatabaseSync, sql: string): number {
  return Number(Object.values(db.prepare(sql).get() ?? {})[0] ?? 0);
}

function asNoState(path: string, error: unknown): NoState {
  return error instanceof NoState
    ? new NoState(`${path}: ${error.message}`)
    : new NoState(`${path} cannot be used: ${why(error)}`);
}
