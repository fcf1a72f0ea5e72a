/** An answer put together from its parts. */
import type { Usage } from "../model.ts";
import type { Part } from "./wire.ts";

export interface Completion {
  /** What the model said; null when it said nothing. */
  readonly text: string | null;
  /** Why it stopped: `stop`, `length`, `content_filter`, `tool_calls`. */
  readonly finish_reason?: string;
  readonly usage?: Usage;
  readonly episode_id?: string;
  readonly answered_by?: string;
}

/** Parts of one answer, in the order in which they came. */
export class Assembly {
  #text: string[] = [];
  #given = false;
  readonly #calls = new Map<number, string>();
  #about: Omit<Completion, "text"> = {};

  /** @returns what of it is text, for whoever watches */
  add({ text, calls = [], ...about }: Part): string {
    if (text !== undefined) {
      this.#given = true;
      this.#text.push(text);
    }
    for (const call of calls) this.#calls.set(call.index, (this.#calls.get(call.index) ?? "") + call.text);
    this.#about = { ...this.#about, ...about };
    return (text ?? "") + calls.map((call) => call.text).join("");
  }

  /** Whether the model said that it had ended. */
  get finished(): boolean {
    return this.#about.finish_reason !== undefined;
  }

  /** What came so far. A reply through a tool counts where there is no text. */
  completion(): Completion {
    const text = this.#text.join("");
    const called = [...this.#calls.values()].filter((args) => args.trim() !== "").join("\n");
    const said = text.trim() === "" && called !== "" ? called : text;
    return { ...this.#about, text: this.#given || called !== "" ? said : null };
  }
}
