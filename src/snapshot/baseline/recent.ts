/** The last values of figures, for who wants to see on the page which way they go. */
import type { Figure } from "../../protocol/snapshot.ts";
import { HistoryError, reading } from "./reading.ts";
import { keyOf, readLast, readMetrics } from "./rows.ts";

export interface Recent {
  /** When the first of the snapshots was taken, in milliseconds since the epoch. */
  readonly since: number;
  /** From the oldest to the newest; empty for what is not watched. */
  readonly valuesOf: (figure: Figure) => readonly number[];
}

/** The last snapshots, at most `count`; undefined where none can be read. */
export function readRecent(state_dir: string, count: number): Recent | undefined {
  try {
    return reading(state_dir, (db) => {
      const metrics = readMetrics(db), moments = readLast(db, { until: Date.now(), count });
      const [first] = moments;
      if (first === undefined) return undefined;
      const valuesOf = (figure: Figure): readonly number[] => {
        const id = metrics.get(keyOf(figure))?.id;
        return id === undefined ? [] : moments.map(({ values }) => values[id] ?? NaN).filter(Number.isFinite);
      };
      return { since: first.time, valuesOf };
    });
  } catch (error) {
    if (error instanceof HistoryError) return undefined;
    throw error;
  }
}
