/** What ktriage tells its helper, and what the helper answers; one line of JSON each. */
import type { Needs } from "../needs.ts";
import type { Plan } from "./plan.ts";

/** What every line runs under. */
export const SHELL = "/bin/sh";

export interface Instructions {
  readonly line: string;
  /** The command's whole environment. */
  readonly environment: Readonly<Record<string, string>>;
  readonly plan: Plan;
  readonly needs: Needs;
  /** Private to the command: it may write here. */
  readonly directory: string;
  /** Device files that it may write. */
  readonly devices: readonly string[];
  /** Capabilities that it keeps of those that it has: a mask as a number's text. */
  readonly kept: string;
  /** How many processes and threads the user may have (RLIMIT_NPROC), where that bounds them. */
  readonly processes: number;
  /** High, so that the kernel kills the command first when memory runs out; and its own, so that orphans are found by it. */
  readonly oom_score: number;
}

export type Answer =
  | { readonly ok: true; readonly listener?: number }
  /**
   * The layer that could not be put on; the command is not run. `broker_taken`: somebody else, such as the manager of a
   * container, answers calls of this process already, and the kernel allows only one.
   */
  | { readonly ok: false; readonly step: string; readonly broker_taken: boolean };

/** First argument of ktriage, which makes it the helper. */
export const HELPER_ARGUMENT = "sandbox-helper";
