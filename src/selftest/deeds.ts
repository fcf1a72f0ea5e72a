/** What the worker of the self-test does in one round, as it says itself: events are held against this. */

/** First argument of ktriage, which makes it the worker. */
export const WORKER_ARGUMENT = "self-test-worker";

export const OPENS = 20;
/** The worker's name (comm), and the one that it takes for a moment in each round. */
export const WORKER_NAME = "ktriage-worker", OTHER_NAME = "ktriage-other";
/** No descriptor has this number; for an absolute path the kernel does not look at it. */
export const DIRECTORY_FD = 1_234_567;

export interface Deeds {
  readonly pid: number;
  readonly user_id: number;
  /** Opened one after the other, each with {@link DIRECTORY_FD}; none of them exists. */
  readonly paths: readonly string[];
  /** Negative, the same of each. */
  readonly opened: number;
  /** Names that it took, and the one that it had before. */
  readonly names: readonly string[];
  /** Handed to atoi(3), as often as a path was opened. */
  readonly text: string;
  readonly number: number;
}
