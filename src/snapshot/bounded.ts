/** Work that may hang or throw, held to a time. */

/** It had not answered in its time. */
class TimeIsUp extends Error {
  override readonly name = "TimeIsUp";
}

/** The deadline may end the window: whoever has looked until then still says what was seen. */
const LAST_CHANCE_MS = 1000;

export interface Bounds {
  readonly within_ms: number;
  /** Aborted when nothing is waited for any more, with the reason. */
  readonly deadline: AbortSignal;
}

/**
 * What the work comes to. Work that hangs is left alone: nothing can end it, and the process ends soon.
 *
 * @throws {TimeIsUp} it has not answered in its time
 */
export function bounded<T>(work: () => Promise<T>, { within_ms, deadline }: Bounds): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const giveUp = (why: string, in_ms: number): void => {
    timers.push(setTimeout(() => reject(new TimeIsUp(why)), in_ms));
  };
  const late = (): void => giveUp("had not answered when the time of this snapshot was up", LAST_CHANCE_MS);
  giveUp(`did not answer within ${(within_ms / 1000).toLocaleString("en-US")} s`, within_ms);
  deadline.addEventListener("abort", late, { once: true });
  if (deadline.aborted) late();
  // the work may throw before it is a promise
  (async (): Promise<T> => await work())().then(resolve, reject);
  return promise.finally(() => {
    timers.forEach((timer) => clearTimeout(timer));
    deadline.removeEventListener("abort", late);
  });
}

/** Waits so long, or until the signal. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}
