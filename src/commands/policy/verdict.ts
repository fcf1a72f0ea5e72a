/** What the policy says about a command line. */
import type { Needs } from "../needs.ts";

export interface Refusal {
  /** Stable id, for example `find/exec`. */
  readonly rule: string;
  /** For the asker: what is refused, and why. */
  readonly reason: string;
  /** A line that only reads and answers the same question, where there is one. */
  readonly alternative?: string;
}

/** The part of the line that a rule is about. */
export interface Piece {
  readonly text: string;
  /** Place in the line, in UTF-16 code units. */
  readonly start: number;
  readonly end: number;
}

/** `bash` when the line has syntax that only bash reads; every other line means the same in both. */
export type Shell = "sh" | "bash";

/** How a line runs that is not refused. */
export interface Runnable {
  /** The line that runs: the asked one, or the one with a bound added. */
  readonly runs: string;
  readonly shell: Shell;
  readonly needs: Needs;
}

export type Verdict =
  | ({ readonly kind: "allowed" } & Runnable)
  | ({ readonly kind: "changed"; readonly piece: Piece } & Runnable & Refusal)
  | ({ readonly kind: "needs_approval"; readonly piece: Piece } & Runnable & Refusal)
  | ({ readonly kind: "refused"; readonly piece: Piece } & Refusal);

export function refusal(rule: string, reason: string, alternative?: string): Refusal {
  return { rule, reason, ...(alternative === undefined ? {} : { alternative }) };
}
