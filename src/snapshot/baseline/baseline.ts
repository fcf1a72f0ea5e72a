/** What a snapshot asks of this host's past. */
import type { Figure, HealthFinding, Snapshot, Verdict } from "../../protocol/snapshot.ts";
import type { Remembered } from "../collector.ts";

/** The snapshot before. */
export interface LastSnapshot {
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly verdict: Verdict;
  readonly findings: readonly HealthFinding[];
}

/** What a comparison needs of a snapshot that is being made. */
export interface Fresh {
  readonly boot_id: string;
  readonly figures: readonly Figure[];
}

export interface Comparison {
  /** Warnings `baseline.unusual`, one an area of figures, for as long as a change lasts. */
  readonly findings: readonly HealthFinding[];
  /** The snapshot's field of that name. */
  readonly baseline: Snapshot["baseline"];
  /** For the snapshot's notes: the clock went back, the old state was set aside, what became usual. */
  readonly notes: readonly string[];
}

/** Nothing of it throws: what fails is told, and the snapshot goes on without. */
export interface Baseline extends Disposable {
  /** Whether there is a state at all; `reason` says why not. */
  readonly kept: { readonly is: true } | { readonly is: false; readonly reason: string };
  /** What a collector left in the snapshot before. */
  readonly remembered: (collector: string) => Remembered | undefined;
  readonly last: () => LastSnapshot | undefined;
  /** Holds figures against the past. Changes nothing on the disk. */
  readonly compare: (fresh: Fresh) => Comparison;
  /**
   * Keeps a snapshot whole or not at all, and what its collectors remember, by their names.
   *
   * @returns why it could not be kept, for the notes of what is printed; empty when it was
   */
  readonly keep: (snapshot: Snapshot, remembered: Readonly<Record<string, Remembered>>) => readonly string[];
  /**
   * Those findings for which a diagnosis may start now, since none did in the last hour; they count as diagnosed from
   * now on. Undefined where no state can be kept, which could tell when the last one was.
   */
  readonly claimDiagnosis: (findings: readonly HealthFinding[]) => readonly HealthFinding[] | undefined;
}
