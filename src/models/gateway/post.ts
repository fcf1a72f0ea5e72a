/** Posting JSON to a gateway: one exchange with its time limits, and a whole answer with tries. */
import { ModelError } from "../model.ts";
import { fellSilent, refused, timedOut, tooMuch } from "./errors.ts";
import { unreachable } from "./network_errors.ts";
import { type Attempt, DEFAULT_RETRIES, mayPass, type Retries, retryAfter, retrying } from "./retries.ts";

/** Bound on each try, from connecting to the last byte: slow models take minutes. */
export const DEFAULT_TIMEOUT_MS = 300_000;
/** Longest pause within an answer: models that think fall silent for minutes after their first byte. */
const DEFAULT_SILENCE_MS = 200_000;
/** No model says this much; what does is no gateway. */
const MAX_ANSWER_BYTES = 32 << 20;

/** How a gateway is reached. */
export interface Connection {
  /** Sent as a bearer token; none by default. */
  readonly api_key?: string | undefined;
  /** Certificate authorities that are trusted beside the usual ones, in PEM. */
  readonly authorities?: string | undefined;
  /** Default {@link DEFAULT_TIMEOUT_MS}. */
  readonly timeout_ms?: number | undefined;
  /** Bound on the time without a byte once the answer has begun. Default {@link DEFAULT_SILENCE_MS}. */
  readonly silence_ms?: number | undefined;
}

/** An answer whose body is read as it comes. */
export interface Incoming {
  readonly status: number;
  readonly headers: Headers;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** What was read of an answer, or why there is none and whether another try may help. */
export type Exchanged<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: ModelError; readonly retry: boolean };

/**
 * Makes one request. Redirects are not followed, for they would turn the POST into a GET and could carry the key
 * elsewhere. Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
 *
 * @param read reads the answer; it need not read all of it
 * @throws the signal's reason when it aborts
 */
export async function exchange<T>(
  request: { readonly url: URL; readonly body: string; readonly signal: AbortSignal },
  connection: Connection,
  read: (incoming: Incoming) => Promise<T>,
): Promise<Exchanged<T>> {
  const { url, body, signal } = request;
  using limits = new TimeLimits(url, connection);
  using client = connection.authorities === undefined ? undefined : clientFor(connection.authorities);
  try {
    const response = await fetch(url, {
      method: "POST",
      redirect: "manual",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
        ...(connection.api_key === undefined ? {} : { authorization: `Bearer ${connection.api_key}` }),
      },
      body,
      signal: AbortSignal.any([signal, limits.signal]),
      ...(client === undefined ? {} : { client }),
    });
    const { status, headers } = response;
    return { ok: true, value: await read({ status, headers, chunks: limited(url, response.body, limits) }) };
  } catch (error) {
    signal.throwIfAborted();
    if (limits.reached !== undefined) return { ok: false, ...limits.reached };
    if (error instanceof ModelError) return { ok: false, error, retry: false };
    const lost = unreachable(url, error);
    return { ok: false, error: lost, retry: lost.reason !== "tls" && lost.reason !== "proxy" };
  }
}

function clientFor(authorities: string): Deno.HttpClient {
  return Deno.createHttpClient({ caCerts: [authorities] });
}

/** An answer with a final status, whichever it is. */
export interface Posted {
  readonly status: number;
  readonly text: string;
  /** What to say when the status is not the wanted one. */
  readonly refusal: () => ModelError;
}

export interface PostOptions extends Connection {
  /** Default {@link DEFAULT_RETRIES}. */
  readonly retries?: Retries;
  readonly signal: AbortSignal;
}

/**
 * Posts JSON and reads the whole answer. Status 408, 429 and 5xx, and a lost connection, are tried again.
 *
 * @throws {ModelError} no answer: unreachable, connection lost every time, or time limit reached
 * @throws the signal's reason when it aborts
 */
export async function postJson(url: URL, body: string, options: PostOptions): Promise<Posted> {
  const { retries = DEFAULT_RETRIES, signal, timeout_ms = DEFAULT_TIMEOUT_MS } = options;
  const attempt = async (): Promise<Attempt<Posted>> => {
    const exchanged = await exchange({ url, body, signal }, options, async ({ status, headers, chunks }) => {
      const text = await wholeText(chunks);
      return { status, text, headers, refusal: () => refusalOf(url, { status, headers, text }, options) };
    });
    if (!exchanged.ok) {
      if (exchanged.retry) return { otherwise: raising(exchanged.error) };
      throw exchanged.error;
    }
    const { value } = exchanged;
    return mayPass(value.status) ? { otherwise: () => value, wait_ms: retryAfter(value.headers) } : { done: value };
  };
  return await retrying(attempt, { retries, signal, within_ms: timeout_ms });
}

export function raising(error: ModelError): () => never {
  return () => {
    throw error;
  };
}

/** What to say to a status that is not the wanted one. A gateway may repeat the key: it is not shown. */
export function refusalOf(
  url: URL,
  { status, headers, text }: { readonly status: number; readonly headers: Headers; readonly text: string },
  { api_key }: Connection,
): ModelError {
  return refused(url, {
    status,
    text: withoutKey(text, api_key),
    location: headers.get("location"),
    retry_after_ms: retryAfter(headers),
    key: api_key === undefined ? "not sent" : "sent",
  });
}

export function withoutKey(text: string, api_key: string | undefined): string {
  return api_key === undefined ? text : text.replaceAll(api_key, "<the key>");
}

/** The whole body as text. */
export async function wholeText(chunks: AsyncIterable<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of chunks) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

async function* limited(
  url: URL,
  body: ReadableStream<Uint8Array> | null,
  limits: TimeLimits,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of body ?? []) {
    limits.heard();
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw tooMuch(url, MAX_ANSWER_BYTES);
    yield chunk;
  }
}

/** The whole time that an exchange may take, and the longest pause within its answer. */
class TimeLimits {
  readonly #url: URL;
  readonly #silence_ms: number;
  readonly #whole: ReturnType<typeof setTimeout>;
  readonly #abort = new AbortController();
  #silence: ReturnType<typeof setTimeout> | undefined;
  /** Which limit was reached; a pause may have been the network's, so another try may help. */
  reached: { readonly error: ModelError; readonly retry: boolean } | undefined;

  constructor(url: URL, { timeout_ms = DEFAULT_TIMEOUT_MS, silence_ms = DEFAULT_SILENCE_MS }: Connection) {
    this.#url = url;
    this.#silence_ms = silence_ms;
    this.#whole = setTimeout(() => this.#end({ error: timedOut(url, timeout_ms), retry: false }), timeout_ms);
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** A part of the answer came: the next one may take its time again. */
  heard(): void {
    clearTimeout(this.#silence);
    const end = (): void => this.#end({ error: fellSilent(this.#url, this.#silence_ms), retry: true });
    this.#silence = setTimeout(end, this.#silence_ms);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#whole);
    clearTimeout(this.#silence);
  }

  #end(reached: { readonly error: ModelError; readonly retry: boolean }): void {
    this.reached ??= reached;
    this.#abort.abort();
  }
}
