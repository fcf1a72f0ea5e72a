/** What comes back from a gateway becomes a completion, whole or streamed, or the reason why there is none. */
import { Assembly, type Completion } from "./completion.ts";
import { messageIn, parsed, property } from "./error_text.ts";
import { EventStream, type ServerEvent } from "./event_stream.ts";
import { type Incoming, wholeText } from "./post.ts";
import type { Wire } from "./wire.ts";

export type Received =
  | { readonly kind: "completion"; readonly completion: Completion; readonly delivery: "stream" | "whole" }
  /** A status that is no success. */
  | { readonly kind: "refused"; readonly status: number; readonly headers: Headers; readonly text: string }
  /** An error under the status of success, instead of an answer or in the middle of one: the JSON that says it. */
  | { readonly kind: "failed"; readonly when: "before" | "within"; readonly text: string }
  /** The stream ended before the model did. */
  | { readonly kind: "cut" }
  /** Neither an answer nor an error. */
  | { readonly kind: "unreadable"; readonly text: string };

export interface ReceiveOptions {
  readonly wire: Wire;
  /** Told of each part of the text, as it comes. */
  readonly on_text: (part: string) => void;
}

/** A body that is sent as a stream but holds no event is kept this far, to be read as what it is. */
const MAX_PREAMBLE = 1 << 20;

/** Reads one answer. */
export async function receive(incoming: Incoming, options: ReceiveOptions): Promise<Received> {
  const { status, headers, chunks } = incoming;
  if (status < 200 || status > 299) {
    return { kind: "refused", status, headers, text: await wholeText(chunks) };
  }
  if (/event-stream/i.test(headers.get("content-type") ?? "")) return await readStream(chunks, options);
  const text = await wholeText(chunks);
  // Some servers forget to say that it is a stream.
  return /^\s*(data|event|id|retry)?:/.test(text) ? readStreamText(text, options) : readWhole(text, options.wire);
}

function readWhole(text: string, wire: Wire): Received {
  const document = parsed(text);
  const part = wire.answer(document);
  if (part === undefined) {
    return hasError(document) ? { kind: "failed", when: "before", text } : { kind: "unreadable", text };
  }
  const assembly = new Assembly();
  assembly.add(part);
  return { kind: "completion", completion: assembly.completion(), delivery: "whole" };
}

async function readStream(chunks: AsyncIterable<Uint8Array>, options: ReceiveOptions): Promise<Received> {
  const events = new EventStream();
  const answer = new StreamedAnswer(options);
  const decoder = new TextDecoder();
  let preamble = "";
  try {
    for await (const chunk of chunks) {
      if (!answer.begun && preamble.length < MAX_PREAMBLE) preamble += decoder.decode(chunk, { stream: true });
      const received = answer.take(events.push(chunk));
      if (received !== undefined) return received;
    }
  } catch (error) {
    // The connection broke; nothing is lost when the model had ended before.
    if (!answer.finished) throw error;
  }
  return answer.take(events.end()) ?? answer.atEnd(preamble);
}

function readStreamText(text: string, options: ReceiveOptions): Received {
  const events = new EventStream();
  const answer = new StreamedAnswer(options);
  return answer.take(events.push(new TextEncoder().encode(text))) ?? answer.take(events.end()) ?? answer.atEnd(text);
}

/** An answer that comes event by event. */
class StreamedAnswer {
  readonly #options: ReceiveOptions;
  readonly #assembly = new Assembly();
  /** Whether any event came. */
  begun = false;
  /** Whether any text came. */
  #told = false;

  constructor(options: ReceiveOptions) {
    this.#options = options;
  }

  /** Whether the model has said that it had ended; what may follow is a count of tokens. */
  get finished(): boolean {
    return this.#assembly.finished;
  }

  /** @returns what it came to, once that is known */
  take(events: readonly ServerEvent[]): Received | undefined {
    for (const event of events) {
      this.begun = true;
      const received = this.#event(event);
      if (received !== undefined) return received;
    }
    return undefined;
  }

  /** The stream ended without saying so: it is complete when the model has said that it had ended. */
  atEnd(preamble: string): Received {
    if (this.finished) return this.#completion();
    return this.begun || preamble.trim() === "" ? { kind: "cut" } : readWhole(preamble, this.#options.wire);
  }

  #event({ name, data }: ServerEvent): Received | undefined {
    if (data.trim() === "[DONE]") return this.#completion();
    const document = parsed(data);
    if (name === "error" || hasError(document)) {
      return { kind: "failed", when: this.#told ? "within" : "before", text: data };
    }
    // Half an event, before the connection ended or after something between lost a piece: the text would have a hole.
    if (document === undefined && /^\s*\{/.test(data)) return { kind: "cut" };
    const part = this.#options.wire.chunk(document);
    if (part === undefined) return undefined; // a ping, or news of another kind
    const text = this.#assembly.add(part);
    if (text !== "") {
      this.#told = true;
      this.#options.on_text(text);
    }
    return undefined;
  }

  #completion(): Received {
    return { kind: "completion", completion: this.#assembly.completion(), delivery: "stream" };
  }
}

/** Some gateways send `"error": null` with every answer. */
function hasError(document: unknown): boolean {
  const error = property(document, "error");
  return error !== undefined && error !== null && messageIn(document) !== undefined;
}
