/** The store, only to look into it. */
import { DatabaseSync } from "node:sqlite";
import { numberOf } from "./database.ts";
import { why } from "./place.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./schema.ts";

/** The state cannot be read, or does not have what was asked for. */
export class HistoryError extends Error {
  override readonly name = "HistoryError";
}

/**
 * Opens the store for reading, and closes it.
 *
 * @throws {HistoryError} no state, or one that cannot be read
 */
export function reading<T>(state_dir: string, work: (db: DatabaseSync) => T): T {
  const path = `${state_dir}/baseline.db`;
  let db: DatabaseSync | undefined;
  try {
    if (!isThere(path)) throw new HistoryError("there is none; ktriage snapshot keeps it");
    db = new DatabaseSync(path, { readOnly: true, timeout: BUSY_MS });
    const version = numberOf(db, "PRAGMA user_version");
    if (numberOf(db, "PRAGMA application_id") !== APPLICATION_ID) {
      throw new HistoryError("baseline.db is not ktriage's");
    }
    if (version > SCHEMA_VERSION) throw new HistoryError(`a newer ktriage made it (schema ${version})`);
    return work(db);
  } catch (error) {
    throw new HistoryError(`Cannot read the state in ${state_dir}: ${why(error)}.`, { cause: error });
  } finally {
    db?.close();
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
