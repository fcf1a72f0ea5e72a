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
}

export interface Answer {
  readonly reply: Reply;
  /** The text as it came, for the transcript. */
  readonly raw: string;
  readonly episode_id?: string;
  /** What was mended in it, or brought into its bounds: sentences for the model and for people. */
  readonly notes?: readonly string[];
  /** What the model says that question and answer took. */
  readonly usage?: Usage;
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

/** No usable reply: what could not be done, on what, why, and what to do (`hint`). */
export class ModelError extends Error {
  override readonly name = "ModelError";
  constructor(message: string, readonly hint: string, options?: ErrorOptions) {
    super(message, options);
  }
}
