/** A baseline with its store: what fails in it is told, and never thrown. */
import type { DatabaseSync } from "node:sqlite";
import type { HealthFinding, Snapshot, Verdict } from "../../protocol/snapshot.ts";
import type { Remembered } from "../collector.ts";
import { compareWith } from "./compare.ts";
import type { Change } from "./changes.ts";
import { anew, isDamaged, openDatabase } from "./database.ts";
import { HOUR_MS } from "./hours.ts";
import { keepSnapshot } from "./keep.ts";
import type { Baseline, Comparison, Fresh, LastSnapshot } from "./baseline.ts";
import { NoState, why } from "./place.ts";

/** The same finding is diagnosed once in that time. */
export const DIAGNOSED_MS = HOUR_MS;

// by hand, for every snapshot would have to load zod: 8 MB and 40 ms of CPU
const VERDICTS: readonly Verdict[] = ["ok", "warning", "critical", "unknown"];

export class KeptBaseline implements Baseline {
  readonly #path: string;
  readonly #now: () => number;
  #db: DatabaseSync | undefined;
  /** Where a damaged store is now. */
  #set_aside: string | undefined;
  /** Why there is no store any more. */
  #reason = "";
  /** What the comparison left to be kept, and its time. */
  #compared: { readonly now: number; readonly changes: readonly Change[] | undefined } | undefined;

  /** @throws {NoState} there can be no store */
  constructor(path: string, now: () => number) {
    this.#path = path;
    this.#now = now;
    const { db, set_aside } = openDatabase(path, now());
    [this.#db, this.#set_aside] = [db, set_aside];
  }

  get kept(): Baseline["kept"] {
    return this.#db === undefined ? { is: false, reason: this.#reason } : { is: true };
  }

  remembered = (collector: string): Remembered | undefined =>
    this.#attempt((db) => {
      const facts = db.prepare("SELECT facts FROM remembered WHERE collector = ?").get(collector)?.["facts"];
      return typeof facts === "string" ? JSON.parse(facts) as Remembered : undefined;
    });

  last = (): LastSnapshot | undefined =>
    this.#attempt((db) => {
      const row = db.prepare("SELECT time, verdict, findings FROM snapshots ORDER BY seq DESC LIMIT 1").get();
      const verdict = VERDICTS.find((each) => each === row?.["verdict"]);
      if (row === undefined || verdict === undefined) return undefined;
      const findings = findingsIn(JSON.parse(String(row["findings"])));
      return { time: Number(row["time"]), verdict, findings };
    });

  compare = ({ boot_id, figures }: Fresh): Comparison => {
    const now = this.#now();
    // a damaged store shows itself in the first reading, and the second one has a new store
    const compare = (db: DatabaseSync): ReturnType<typeof compareWith> => compareWith(db, { boot_id, figures, now });
    const compared = this.#attempt(compare) ?? this.#attempt(compare);
    if (compared === undefined) {
      const detail = `Not compared with this host's past: ${this.#reason}.`;
      return { findings: [], baseline: { state: "off", snapshots: 0, detail }, notes: [] };
    }
    this.#compared = { now, changes: compared.changes };
    if (this.#set_aside === undefined) return compared;
    return {
      findings: [],
      baseline: { ...compared.baseline, state: "fresh" },
      notes: [`The state was damaged, is set aside, and begins anew: ${this.#set_aside}.`, ...compared.notes],
    };
  };

  keep = (snapshot: Snapshot, remembered: Readonly<Record<string, Remembered>>): readonly string[] => {
    const { now, changes } = this.#compared ?? { now: this.#now(), changes: undefined };
    let failure = "";
    const keep = (db: DatabaseSync): true | undefined => {
      try {
        keepSnapshot(db, { snapshot, remembered, changes, now });
        return true;
      } catch (error) {
        failure = why(error);
        if (isBroken(error)) throw error;
        return undefined; // a full disk, another writer: the store is as it was
      }
    };
    const before = this.#db;
    const done = this.#attempt(keep) ?? (this.#db === before ? undefined : this.#attempt(keep));
    return done === true
      ? []
      : [`No state was kept: ${this.#db === undefined ? this.#reason : `${this.#path}: ${failure}`}.`];
  };

  claimDiagnosis = (findings: readonly HealthFinding[]): readonly HealthFinding[] | undefined =>
    this.#attempt((db) => {
      const now = this.#now();
      const claim = db.prepare(
        "INSERT INTO diagnosed VALUES (?1, ?2) ON CONFLICT (finding) DO UPDATE SET time = ?2 " +
          "WHERE diagnosed.time <= ?2 - ?3 OR diagnosed.time > ?2 RETURNING time",
      );
      return findings.filter(({ id, of }) => claim.get(`${id} ${of ?? ""}`, now, DIAGNOSED_MS) !== undefined);
    });

  [Symbol.dispose](): void {
    try {
      this.#db?.close();
    } catch {
      // what it could not write back stays in the journal, for the next one
    }
    this.#db = undefined;
  }

  /** Undefined where it failed: a damaged store was set aside by then, and what else fails ends the state. */
  #attempt<T>(work: (db: DatabaseSync) => T): T | undefined {
    if (this.#db === undefined) return undefined;
    try {
      return work(this.#db);
    } catch (error) {
      this.#reason = `${this.#path}: ${why(error)}`;
      this[Symbol.dispose]();
      if (isBroken(error) && this.#set_aside === undefined) this.#beginAnew(error);
      return undefined;
    }
  }

  #beginAnew(error: unknown): void {
    try {
      const { db, set_aside } = anew(this.#path, { now: this.#now(), fault: why(error) });
      [this.#db, this.#set_aside] = [db, set_aside];
    } catch (failure) {
      if (!(failure instanceof NoState)) throw failure;
      this.#reason = failure.message;
    }
  }
}

/** What lies in it is not what was written: as SQLite finds, or as the bytes of a row show. */
function isBroken(error: unknown): boolean {
  return isDamaged(error) || error instanceof RangeError || error instanceof SyntaxError;
}

/** Those that are findings; an older version may have kept others. */
function findingsIn(kept: unknown): HealthFinding[] {
  return Array.isArray(kept) ? kept.filter(isFinding) : [];
}

function isFinding(kept: unknown): kept is HealthFinding {
  if (typeof kept !== "object" || kept === null) return false;
  const value = (name: string): unknown => Reflect.get(kept, name);
  const evidence = value("evidence"), severity = value("severity");
  return ["id", "title", "meaning", "next"].every((name) => typeof value(name) === "string") &&
    ["string", "undefined"].includes(typeof value("of")) && (severity === "warning" || severity === "critical") &&
    Array.isArray(evidence) && evidence.every((line) => typeof line === "string");
}
