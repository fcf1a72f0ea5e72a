/** Signals to processes that may be gone already. */

/** Negative ids are groups. */
export function kill(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(pid, signal);
  } catch (error) {
    // No such process: it has ended, which is what was wanted.
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}

export async function pause(milliseconds: number): Promise<void> {
  await new Promise((done) => setTimeout(done, milliseconds));
}

/** Waits for all promises, at most so long. */
export async function settledWithin(promises: readonly Promise<unknown>[], milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([Promise.allSettled(promises), promise]);
  clearTimeout(timer);
}
