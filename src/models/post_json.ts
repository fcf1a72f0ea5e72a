/** One POST of JSON, with a time limit, and tried again when that can help. */
import { setTimeout as delay } from "node:timers/promises";
import type { ModelError } from "./model.ts";
import { refused, timedOut, unreachable } from "./gateway_errors.ts";

/** A gateway that asks for a longer wait than this is not waited for. */
const MAX_RETRY_AFTER_MS = 60_000;

export interface Retries {
  /** How often a request is made at most. Default 3. */
  readonly tries: number;
  /** Wait before the second try; doubles from try to try, and varies by half either way. Default 500. */
  readonly base_delay_ms: number;
}

export const DEFAULT_RETRIES: Retries = { tries: 3, base_delay_ms: 500 };

export interface PostOptions {
  readonly api_key?: string | undefined;
  /** Bound on each try, from connecting to the last byte. */
  readonly timeout_ms: number;
  readonly retries: Retries;
  readonly signal: AbortSignal;
}

/** An answer with a final status, whichever it is. */
export interface Posted {
  readonly status: number;
  readonly text: string;
  /** What to say when the status is not the wanted one. */
  readonly refusal: () => ModelError;
}

type Try = { readonly posted: Posted; readonly retry_after_ms?: number | undefined } | { readonly lost: ModelError };

/**
 * Posts JSON. Status 429 and 5xx, and a lost connection, are tried again; redirects are not followed, for they would
 * turn the POST into a GET and could carry the key elsewhere.
 *
 * @throws {ModelError} no answer: unreachable, connection lost every time, or time limit reached
 * @throws the signal's reason when it aborts
 */
export async function postJson(url: URL, body: string, options: PostOptions): Promise<Posted> {
  const { retries: { tries, base_delay_ms }, signal } = options;
  for (let number = 1;; number++) {
    const outcome = await postOnce(url, body, options);
    const lastTry = number >= tries;
    let wait_ms = base_delay_ms * 2 ** (number - 1) * (0.5 + Math.random());
    if ("lost" in outcome) {
      if (lastTry) throw outcome.lost;
    } else {
      const { posted, retry_after_ms = 0 } = outcome;
      const passes = posted.status === 429 || posted.status >= 500;
      if (!passes || lastTry || retry_after_ms > MAX_RETRY_AFTER_MS) return posted;
      wait_ms = Math.max(wait_ms, retry_after_ms);
    }
    await delay(wait_ms, undefined, { signal });
  }
}

async function postOnce(url: URL, body: string, options: PostOptions): Promise<Try> {
  const { api_key, timeout_ms, signal } = options;
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), timeout_ms);
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        accept: "application/json",
        ...(api_key === undefined ? {} : { authorization: `Bearer ${api_key}` }),
      },
      body,
      signal: AbortSignal.any([signal, limit.signal]),
    });
    const text = await response.text();
    const { status, headers } = response;
    const retry_after_ms = retryAfter(headers.get("retry-after"));
    const key = api_key === undefined ? "not sent" : "sent";
    const refusal = (): ModelError =>
      refused(url, { status, text, location: headers.get("location"), retry_after_ms, key });
    return { posted: { status, text, refusal }, retry_after_ms };
  } catch (error) {
    signal.throwIfAborted();
    if (limit.signal.aborted) throw timedOut(url, timeout_ms);
    return { lost: unreachable(url, error) };
  } finally {
    clearTimeout(timer);
  }
}

/** Milliseconds of a Retry-After header: seconds, or a date (RFC 9110, 10.2.3). */
function retryAfter(value: string | null): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}
