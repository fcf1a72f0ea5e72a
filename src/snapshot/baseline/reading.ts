/** The store, only to look into it. */
import { DatabaseSync } from "node:sqlite";
import { numberOf } from "./database.ts";
import { why } from "./place.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./schema.ts";

/** The state cannot be read, or does not have what was asked for. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";

  constructor(
    message: string,
    /** What to do about it. */
    readonly hint: string,
    options: ErrorOptions = {},
  ) {
    super(message, options);
  }
}

/**
 * Opens the store for reading, and closes it.
 *
 * @throws {HistoryError} no state, or one that cannot be read
 */
export function reading<T>(state_dir: string, work: (db: DatabaseSync) => T): T {
  const path = `${state_dir}/baseline.db`;
  try {
    if (!isThere(path)) throw new HistoryError("there is none", NONE_KEPT);
    return opened(path, (db) => {
      checkOurs(db);
      return work(db);
    });
  } catch (error) {
    const hint = error instanceof HistoryError ? error.hint : "Only the user that keeps a state can read it.";
    throw new HistoryError(`Cannot read the state in ${state_dir}: ${why(error)}.`, hint, { cause: error });
  }
}

/** What to do where nothing is kept. */
export const NONE_KEPT = "ktriage snapshot keeps one; --state DIR says where.";

function checkOurs(db: DatabaseSync): void {
  if (numberOf(db, "PRAGMA application_id") !== APPLICATION_ID) {
    throw new HistoryError("baseline.db is not ktriage's", NONE_KEPT);
  }
  const version = numberOf(db, "PRAGMA user_version");
  if (version <= SCHEMA_VERSION) return;
  throw new HistoryError(`a newer ktriage made it (schema ${version})`, "Read it with that ktriage.");
}

/** What SQLite says where it cannot make its shared memory beside the file. */
const CANNOT_OPEN = /unable to open database file/;

/**
 * On a disk that became read-only, SQLite opens a file with a journal (WAL) only when it is told that nobody writes to it,
 * which is so there (https://sqlite.org/wal.html#readonly).
 */
function opened<T>(path: string, work: (db: DatabaseSync) => T): T {
  const open = (name: string): T => {
    const db = new DatabaseSync(name, { readOnly: true, timeout: BUSY_MS });
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  try {
    return open(path);
  } catch (error) {
    if (!CANNOT_OPEN.test(why(error))) throw error;
    return open(`file:${path.split("/").map(encodeURIComponent).join("/")}?immutable=1`);
  }
}

const BUSY_MS = 2_000;

/** @throws {Error} it cannot be told, for the folder is another user's */
function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
