/** How the page of a snapshot is to look. */
import type { Figure } from "../../protocol/snapshot.ts";
import type { TextOptions } from "../paint.ts";

/** The values of the last snapshots. */
export interface RecentValues {
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly valuesOf: (figure: Figure) => readonly number[];
}

export interface PageLayout extends TextOptions {
  /** Lines that the page may take; what does not fit is counted, and never the verdict. */
  readonly rows: number;
  /** Bars beside figures: for terminals. */
  readonly bars: boolean;
  /** With bars: which way figures went that have no natural whole. */
  readonly recent?: RecentValues | undefined;
}
