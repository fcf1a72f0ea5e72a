import assert from "node:assert/strict";
import { type Attempt, retryAfter, retrying, type RetryingOptions } from "../../../src/models/gateway/retries.ts";

function options(more: Partial<RetryingOptions> = {}): RetryingOptions {
  const signal = new AbortController().signal;
  return { retries: { tries: 3, base_delay_ms: 1 }, signal, within_ms: 60_000, ...more };
}

/** Fails so often, then succeeds; counts what was tried. */
function failing(times: number, wait_ms?: number): { attempt: () => Promise<Attempt<string>>; tried: () => number } {
  let tried = 0;
  const attempt = (): Promise<Attempt<string>> =>
    Promise.resolve(tried++ < times ? { otherwise: () => `failed ${tried}`, wait_ms } : { done: "done" });
  return { attempt, tried: () => tried };
}

Deno.test("retrying() tries until a result stands, as often as allowed, and says which try is the last", async () => {
  assert.equal(await retrying(failing(2).attempt, options()), "done");
  assert.equal(await retrying(failing(9).attempt, options()), "failed 3");
  const last: boolean[] = [];
  await retrying((is_last) => {
    last.push(is_last);
    return failing(1).attempt();
  }, options());
  assert.deepEqual(last, [false, false, true]);
});

Deno.test("retrying() waits longer from try to try, never twice the same, and at least as long as asked", async () => {
  const waits: number[] = [];
  for (let run = 0; run < 2; run++) {
    let before = performance.now();
    await retrying(() => {
      waits.push(performance.now() - before);
      before = performance.now();
      return Promise.resolve({ otherwise: () => "" });
    }, options({ retries: { tries: 3, base_delay_ms: 40 } }));
  }
  const [, first = 0, second = 0, , third = 0] = waits;
  assert.ok(first >= 19 && second >= 39, `${waits}`);
  assert.notEqual(first, third);
  const start = performance.now();
  await retrying(failing(1, 120).attempt, options());
  assert.ok(performance.now() - start >= 119);
});

Deno.test("retrying() begins no other try when it would be too late, or when too long a wait is asked for", async () => {
  const late = failing(9);
  assert.equal(await retrying(late.attempt, options({ within_ms: 0 })), "failed 1");
  const patient = failing(9, 3_600_000);
  assert.equal(await retrying(patient.attempt, options()), "failed 1");
  assert.deepEqual([late.tried(), patient.tried()], [1, 1]);
});

Deno.test("retryAfter() reads seconds, a date, and OpenAI's milliseconds", () => {
  const wait = (headers: Record<string, string>): number | undefined => retryAfter(new Headers(headers));
  assert.equal(wait({ "retry-after": "2" }), 2000);
  assert.equal(wait({ "retry-after": "0.5" }), 500);
  assert.equal(wait({ "retry-after": "2", "retry-after-ms": "1200" }), 1200);
  const soon = wait({ "retry-after": new Date(Date.now() + 5000).toUTCString() }) ?? 0;
  assert.ok(soon > 3000 && soon <= 5000, `${soon}`);
  assert.equal(wait({ "retry-after": "Wed, 21 Oct 2015 07:28:00 GMT" }), 0);
  assert.deepEqual([wait({}), wait({ "retry-after": "soon" })], [undefined, undefined]);
});
