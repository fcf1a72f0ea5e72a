/** The tables of the store. */

/** "ktri", so that file(1) and we know whose database it is. */
export const APPLICATION_ID = 0x6b747269;
/** Raised when older versions of ktriage could not use the tables any more. */
export const SCHEMA_VERSION = 1;

/** `page_size` and `auto_vacuum` come first: they stand before the first table is made. Times are ms since the epoch. */
export const SCHEMA = `
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
BEGIN IMMEDIATE;
PRAGMA application_id = ${APPLICATION_ID};
PRAGMA user_version = ${SCHEMA_VERSION};
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
-- seen: the last hour (since the epoch) that has it
CREATE TABLE metrics (
  id INTEGER PRIMARY KEY, name TEXT NOT NULL, of TEXT NOT NULL, unit TEXT NOT NULL, seen INTEGER NOT NULL,
  UNIQUE (name, of, unit)) STRICT;
-- hourly: the first of its hour, whose document is kept for longer
CREATE TABLE snapshots (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, boot_id TEXT NOT NULL, verdict TEXT NOT NULL,
  findings TEXT NOT NULL, hourly INTEGER NOT NULL, figures BLOB NOT NULL, document BLOB) STRICT;
CREATE INDEX snapshots_by_time ON snapshots (time);
CREATE INDEX snapshots_by_boot ON snapshots (boot_id, time);
CREATE INDEX documents ON snapshots (hourly, time) WHERE document IS NOT NULL;
CREATE TABLE hours (hour INTEGER PRIMARY KEY, figures BLOB NOT NULL) STRICT;
CREATE TABLE remembered (collector TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT;
CREATE TABLE changes (
  id INTEGER PRIMARY KEY, metric INTEGER NOT NULL, direction TEXT NOT NULL, began INTEGER NOT NULL, last INTEGER NOT NULL,
  usual REAL NOT NULL, "limit" REAL NOT NULL, furthest REAL NOT NULL, hours INTEGER NOT NULL, same_hour INTEGER NOT NULL,
  outcome TEXT) STRICT;
CREATE TABLE diagnosed (finding TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT;
COMMIT;
`;
