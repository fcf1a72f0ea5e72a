/** Trying again, when that can help. */
import { setTimeout as delay } from "node:timers/promises";

/** A gateway that asks for a longer wait than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

export interface Retries {
  /** How often a request is made at most. Default 3. */
  readonly tries: number;
  /** Wait before the second try; doubles from try to try, and varies by half either way. Default 500. */
  readonly base_delay_ms: number;
}

export const DEFAULT_RETRIES: Retries = { tries: 3, base_delay_ms: 500 };

/** What one try came to. */
export type Attempt<T> =
  /** It stands. */
  | { readonly done: T }
  /** Another one may do better; `otherwise` gives, or throws, what holds if there is none. */
  | { readonly otherwise: () => T; readonly wait_ms?: number | undefined };

export interface RetryingOptions {
  readonly retries: Retries;
  readonly signal: AbortSignal;
  /** No new try begins once this has passed since the first one. */
  readonly within_ms: number;
}

/**
 * Tries until a result stands, or no other try is left.
 *
 * @param attempt one try; `last` says that there will be no other
 * @throws the signal's reason when it aborts, and what the last attempt throws
 */
export async function retrying<T>(
  attempt: (last: boolean) => Promise<Attempt<T>>,
  { retries: { tries, base_delay_ms }, signal, within_ms }: RetryingOptions,
): Promise<T> {
  const start = performance.now();
  for (let number = 1;; number++) {
    const outcome = await attempt(number >= tries);
    if ("done" in outcome) return outcome.done;
    const { otherwise, wait_ms = 0 } = outcome;
    const wait = Math.max(wait_ms, base_delay_ms * 2 ** (number - 1) * (0.5 + Math.random()));
    const late = performance.now() - start + wait > within_ms;
    if (number >= tries || wait_ms > MAX_RETRY_AFTER_MS || late) return otherwise();
    await delay(wait, undefined, { signal });
  }
}

/** Milliseconds that an answer asks to wait: `Retry-After` in seconds or as a date (RFC 9110, 10.2.3), or OpenAI's own. */
export function retryAfter(headers: Headers): number | undefined {
  const exact = headers.get("retry-after-ms")?.trim() ?? "";
  if (/^\d+$/.test(exact)) return Number(exact);
  const value = headers.get("retry-after")?.trim() ?? "";
  if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Whether a status may pass: too many requests, a request that came in too slowly, trouble of the server. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 429 || status >= 500;
}
