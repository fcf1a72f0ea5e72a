/** One completion after another, in one episode: without what the gateway has refused, and again when it was lost. */
import { type Message, ModelError } from "../model.ts";
import type { PrivateOutbound } from "../private_outbound.ts";
import type { Completion } from "./completion.ts";
import { contextTooSmall, cutOff, failed, notAnAnswer } from "./errors.ts";
import {
  type Connection,
  DEFAULT_TIMEOUT_MS,
  exchange,
  type Incoming,
  raising,
  refusalOf,
  withoutKey,
} from "./post.ts";
import { detailOf } from "./error_text.ts";
import { receive, type Received } from "./receive.ts";
import { type Extra, whatIsRefused } from "./refusals.ts";
import { type Attempt, mayPass, type Retries, retryAfter, retrying } from "./retries.ts";
import type { Delivery, Format, Wire, WireRequest } from "./wire.ts";

/** What leaves, but for the key. */
export interface OutboundRequest {
  readonly method: "POST";
  readonly url: string;
  /** Exactly the bytes, in UTF-8. */
  readonly body: string;
}

/** A dry run ends where the first request would leave. */
export class NotSent extends ModelError {
  constructor(url: URL) {
    super(`Nothing was sent to ${url}: this is a dry run.`, "Leave --dry-run out to send it.");
  }
}

export interface CompleterOptions {
  readonly wire: Wire;
  readonly connection: Connection;
  readonly retries: Retries;
  readonly outbound: PrivateOutbound;
  /** Told of each request just before it leaves. */
  readonly on_outbound: (request: OutboundRequest) => void;
  readonly dry_run: boolean;
  readonly purpose: NonNullable<WireRequest["purpose"]>;
}

export interface CompleteOptions {
  readonly signal: AbortSignal;
  /** Told of the text as it comes; after a lost connection it begins anew. */
  readonly on_text?: ((part: string) => void) | undefined;
  /** The episode to go on with, where this gateway has not begun one yet. */
  readonly episode_id?: string | undefined;
}

/** Asks one gateway. It remembers the episode, and what the gateway did not take. */
export class Completer {
  readonly #options: CompleterOptions;
  #episode_id: string | undefined;
  #format = 0;
  #delivery = 0;
  #sent_characters = 0;
  #delivered: "stream" | "whole" | undefined;

  constructor(options: CompleterOptions) {
    this.#options = options;
  }

  /** How strictly the gateway is asked for the contract's JSON, after what it has refused. */
  get format(): Format {
    return this.#options.wire.formats[this.#format] ?? "text";
  }

  /** How the last answer came; undefined before there was one. */
  get delivered(): "stream" | "whole" | undefined {
    return this.#delivered;
  }

  /** Length of the request that was sent last. */
  get sent_characters(): number {
    return this.#sent_characters;
  }

  /**
   * Asks for one completion.
   *
   * @throws {ModelError} there is none; {@link ContextTooSmall} when question and answer do not fit
   * @throws the signal's reason when it aborts
   */
  async complete(messages: readonly Message[], options: CompleteOptions): Promise<Completion> {
    this.#episode_id ??= options.episode_id;
    const { retries, connection: { timeout_ms = DEFAULT_TIMEOUT_MS } } = this.#options;
    let broken = false;
    return await retrying(async (last): Promise<Attempt<Completion>> => {
      // Something between may break streams, so the last try goes without.
      const { attempt, stream } = await this.#try(messages, { ...options, whole: last && broken });
      broken ||= stream === "begun" && !("done" in attempt);
      return attempt;
    }, { retries, signal: options.signal, within_ms: timeout_ms });
  }

  /** One try, repeated without what the gateway refuses; each extra is given up once, so this ends. */
  async #try(
    messages: readonly Message[],
    options: CompleteOptions & { readonly whole: boolean },
  ): Promise<{ readonly attempt: Attempt<Completion>; readonly stream: "begun" | "none" }> {
    const { connection, wire } = this.#options;
    for (;;) {
      let stream: "begun" | "none" = "none";
      const delivery = options.whole ? "whole" : wire.deliveries[this.#delivery] ?? "whole";
      const body = this.#body(messages, delivery);
      const read = (incoming: Incoming): Promise<Received> => {
        if (delivery !== "whole" && incoming.status < 300) stream = "begun";
        return receive(incoming, { wire, on_text: options.on_text ?? ((): void => {}) });
      };
      const exchanged = await exchange({ url: wire.url, body, signal: options.signal }, connection, read);
      if (!exchanged.ok) {
        if (exchanged.retry) return { attempt: { otherwise: raising(exchanged.error) }, stream };
        throw exchanged.error;
      }
      if (this.#stepsDown(exchanged.value, delivery)) continue;
      return { attempt: this.#outcome(exchanged.value), stream };
    }
  }

  #body(messages: readonly Message[], delivery: Delivery): string {
    const { wire, outbound, on_outbound, dry_run, purpose } = this.#options;
    const body = outbound.body(wire.request({
      messages: outbound.write(messages),
      format: this.format,
      delivery,
      episode_id: this.#episode_id,
      purpose,
    }));
    this.#sent_characters = body.length;
    on_outbound({ method: "POST", url: wire.url.href, body });
    if (dry_run) throw new NotSent(wire.url);
    return body;
  }

  /** Gives up what was refused, and says whether that may help. */
  #stepsDown(received: Received, delivery: Delivery): boolean {
    if (received.kind !== "refused" && received.kind !== "failed") return false;
    // Half an answer was given: what was asked for was not the trouble.
    if (received.kind === "failed" && received.when === "within") return false;
    const { wire } = this.#options;
    const asked: Extra[] = [
      ...(delivery === "stream_with_usage" ? ["usage" as const] : []),
      ...(delivery === "whole" ? [] : ["stream" as const]),
      ...(this.format === "text" ? [] : ["format" as const]),
    ];
    const { text } = received;
    const refused = whatIsRefused({ status: received.kind === "refused" ? received.status : 400, text }, asked);
    switch (refused.what) {
      case "context":
        throw contextTooSmall(wire.url, this.#shown(text), refused.limit);
      case "usage":
        this.#delivery++;
        return true;
      case "stream":
        this.#delivery = wire.deliveries.length - 1;
        return true;
      case "format":
        this.#format++;
        return true;
      case "something":
        // An error instead of an answer came late: asking for less is no cure for it.
        if (received.kind === "failed") return false;
        this.#delivery = wire.deliveries.length - 1;
        this.#format = wire.formats.length - 1;
        return true;
      case "all":
        return false;
    }
  }

  #outcome(received: Received): Attempt<Completion> {
    const { wire: { url }, connection } = this.#options;
    switch (received.kind) {
      case "completion": {
        if (received.completion.episode_id !== undefined) this.#episode_id = received.completion.episode_id;
        this.#delivered = received.delivery;
        const episode_id = this.#episode_id;
        return { done: { ...received.completion, ...(episode_id === undefined ? {} : { episode_id }) } };
      }
      case "refused": {
        const refusal = refusalOf(url, received, connection);
        if (!mayPass(received.status)) throw refusal;
        return { otherwise: raising(refusal), wait_ms: retryAfter(received.headers) };
      }
      case "failed":
        return { otherwise: raising(failed(url, detailOf(this.#shown(received.text)))) };
      case "cut":
        return { otherwise: raising(cutOff(url)) };
      case "unreadable":
        throw notAnAnswer(url, this.#shown(received.text));
    }
  }

  #shown(text: string): string {
    return withoutKey(text, this.#options.connection.api_key);
  }
}
