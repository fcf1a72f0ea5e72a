/** Who answers: a gateway, or the built-in expert. */
import type { Host, Reply, Turn } from "../protocol/mod.ts";

/** What is done to text of the host, or of people, on its way to a language model. */
export interface Outbound {
  /** Takes out what must not leave. */
  redact(text: string): string;
  /** Puts text between marks that say that it is data; the text cannot forge them. */
  mark(text: string): string;
}

/** Text as it is: what the host keeps to itself, and what tests compare. */
export const AS_IT_IS: Outbound = { redact: (text) => text, mark: (text) => text };

export interface Message {
  readonly role: "system" | "user" | "assistant";
  /**
   * The text, or how it is written. A text is redacted as a whole; one that is written says itself which of its parts
   * come from outside, for our own words must survive, and what is cut must be redacted before.
   */
  readonly content: string | ((outbound: Outbound) => string);
}

/** Everything known so far, both as data (for the expert) and as the words for a language model. */
export interface Question {
  readonly issue: string;
  readonly host: Host;
  readonly turns: readonly Turn[];
  readonly messages: readonly Message[];
  /** Rounds left, this one included; at 1 the answer must be a resolution. */
  readonly rounds_left: number;
  /** The episode that a gateway began before this run, where it goes on with one. */
  readonly episode_id?: string;
}

export interface Answer {
  readonly reply: Reply;
  /** The text as it came, for the transcript. */
  readonly raw: string;
  readonly episode_id?: string;
  /** What was mended in it, or brought into its bounds: sentences for the model and for people. */
  readonly notes?: readonly string[];
  /** What the model says that question and answer took, complaints about unusable replies included. */
  readonly usage?: Usage;
  /** Who really answered, where the gateway says so, for example `tensorzero::function_name::f::variant_name::v`. */
  readonly answered_by?: string;
}

export interface Usage {
  readonly input_tokens: number;
  readonly output_tokens: number;
}

export interface AnswerOptions {
  readonly signal: AbortSignal;
  /** Told of each part of the answer's text as it comes, where the model gives it in parts. */
  readonly on_text?: (part: string) => void;
}

export interface Model {
  /** For people and for the run document, for example `expert` or `http://gw:3000 tensorzero::function_name::f`. */
  readonly name: string;
  /** What fits into its context, question and answer together; undefined where that is not known. */
  readonly window_tokens?: number;
  /**
   * @throws {ModelError} no usable reply could be had
   */
  answer(question: Question, options: AnswerOptions): Promise<Answer>;
}

/** What kept a model from answering, by a stable name. */
export type ModelErrorReason =
  | "dns"
  | "connection"
  | "tls"
  | "proxy"
  | "timeout"
  | "key"
  | "path"
  | "model"
  | "request"
  | "context"
  | "overloaded"
  | "gateway"
  | "not_an_answer"
  | "reply"
  | "other";

export interface ModelErrorOptions extends ErrorOptions {
  /** Default `other`. */
  readonly reason?: ModelErrorReason;
}

/** No usable reply: what could not be done, on what, why, and what to do (`hint`). */
export class ModelError extends Error {
  override readonly name: string = "ModelError";
  readonly reason: ModelErrorReason;
  constructor(message: string, readonly hint: string, { reason = "other", ...options }: ModelErrorOptions = {}) {
    super(message, options);
    this.reason = reason;
  }
}

/** Question and answer do not fit into the model's context: a shorter question may. */
export class ContextTooSmall extends ModelError {
  override readonly name = "ContextTooSmall";
  /** What fits, question and answer together, where the model says so. */
  readonly limit_tokens?: number;
  constructor(message: string, hint: string, options: ErrorOptions & { readonly limit_tokens?: number } = {}) {
    const { limit_tokens, ...rest } = options;
    super(message, hint, { ...rest, reason: "context" });
    if (limit_tokens !== undefined) this.limit_tokens = limit_tokens;
  }
}
