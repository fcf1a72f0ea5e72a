/** When a program's time is over. */

/** Settles after `duration_s`, or as soon as one of the signals is aborted. */
export async function endOf(duration_s: number, signals: readonly AbortSignal[]): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, duration_s * 1000);
  for (const signal of signals) {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve(), { once: true });
  }
  await promise;
  clearTimeout(timer);
}
