/** Who answers: a gateway, or the built-in expert. */
import type { Host, Reply, Turn } from "../protocol/mod.ts";

export interface Message {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
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
}

export interface Model {
  /** For people and for the run document, for example `expert` or `http://gw:3000 tensorzero::function_name::f`. */
  readonly name: string;
  /**
   * @throws {ModelError} no usable reply could be had
   */
  answer(question: Question, options: { readonly signal: AbortSignal }): Promise<Answer>;
}

/** No usable reply: what could not be done, on what, why, and what to do (`hint`). */
export class ModelError extends Error {
  override readonly name = "ModelError";
  constructor(message: string, readonly hint: string, options?: ErrorOptions) {
    super(message, options);
  }
}
