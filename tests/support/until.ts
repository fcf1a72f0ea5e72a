/** Waiting for what a test needs to be so, instead of for a time in which it should come about. */
import assert from "node:assert/strict";

/** Longer than anything here takes on a busy machine. */
const PATIENCE_MS = 60_000;
const LOOK_MS = 5;

/** Looks again and again until it is so. @param what of `it did not come about that …` */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const by = performance.now() + PATIENCE_MS;
  while (!await holds()) {
    assert(performance.now() < by, `it did not come about that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
