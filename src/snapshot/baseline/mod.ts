/** This host's own past: what is kept of each snapshot under the state directory, and what it says of the next one. */
import type { Snapshot } from "../../protocol/snapshot.ts";
import type { Baseline } from "./baseline.ts";
import { NoState, privateStore } from "./place.ts";
import { KeptBaseline } from "./kept.ts";

export { DIAGNOSED_MS } from "./kept.ts";
export type { Baseline, Comparison, Fresh, LastSnapshot } from "./baseline.ts";

/** Where root's state is unless `--state` names another folder. It must be of mode 0700, and is made so. */
export const DEFAULT_STATE_DIR = "/var/lib/ktriage";

export interface BaselineOptions {
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

/**
 * Opens the state, makes it where there is none, sets a damaged one aside.
 *
 * @param state_dir undefined: no state is kept
 */
export function openBaseline(state_dir: string | undefined, { now }: BaselineOptions): Baseline {
  if (state_dir === undefined) return noBaseline("no state directory was named");
  try {
    return new KeptBaseline(privateStore(state_dir), now);
  } catch (error) {
    if (error instanceof NoState) return noBaseline(error.message);
    throw error;
  }
}

/** Stands in where no state can be kept. */
function noBaseline(reason: string): Baseline {
  return {
    kept: { is: false, reason },
    remembered: () => undefined,
    last: () => undefined,
    compare: () => ({ findings: [], baseline: offState(reason), notes: [] }),
    keep: () => [`No state was kept: ${reason}.`],
    claimDiagnosis: () => undefined,
    [Symbol.dispose]: () => {},
  };
}

function offState(reason: string): Snapshot["baseline"] {
  return { state: "off", snapshots: 0, detail: `Not compared with this host's past: ${reason}.` };
}
