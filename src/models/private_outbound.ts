/** The boundary: every byte that leaves for a model passes here, and every reply that comes back. */
import { type Identities, readIdentities } from "../privacy/identities.ts";
import type { Category } from "../privacy/categories.ts";
import { type PlaceholderCounts, Redactor } from "../privacy/redactor.ts";
import { type Reply, withoutControls } from "../protocol/mod.ts";
import { mapStrings } from "./map_strings.ts";
import type { Message, Outbound } from "./model.ts";
import { OWN_TEXT } from "./prompts.ts";

/** A message as it leaves. */
export interface WrittenMessage {
  readonly role: Message["role"];
  readonly content: string;
}

/** One run's boundary: placeholders and marks are the same from its first request to its last. */
export class PrivateOutbound {
  readonly #redactor: Redactor;
  #nonce = newNonce();

  /**
   * @param categories what is taken out beside secrets
   * @param foreign placeholders that stand in the messages already, given out on another host
   * @param identities names that are taken out with the hosts and users among the categories; default: those of this host
   */
  constructor(categories: readonly Category[] = [], foreign: PlaceholderCounts = {}, identities?: Identities) {
    const named = categories.includes("hosts") || categories.includes("users");
    this.#redactor = new Redactor({
      categories,
      foreign,
      own_text: OWN_TEXT,
      ...(named ? { identities: identities ?? readIdentities() } : {}),
    });
  }

  /**
   * The messages as they may leave. All of them are looked through first: a secret that a later one gives away is taken
   * out of the earlier ones too.
   */
  write(messages: readonly Message[]): readonly WrittenMessage[] {
    const learn = (text: string): string => {
      this.#redactor.learn(text);
      while (text.includes(this.#nonce)) this.#nonce = newNonce();
      return text;
    };
    messages.forEach((message) => written(message, { redact: learn, mark: (text) => text }, learn));
    const outbound: Outbound = {
      redact: (text) => this.#redactor.redact(text),
      mark: (text) => `«data ${this.#nonce}»\n${text}${text.endsWith("\n") ? "" : "\n"}«end ${this.#nonce}»`,
    };
    const said = (text: string): string => this.#redactor.redact(text, { from: "model" });
    // Half a character, where a text was cut in it, is JSON that strict readers refuse.
    return messages.map((message) => ({
      role: message.role,
      content: written(message, outbound, said).toWellFormed(),
    }));
  }

  /** The body of a request, looked through once more, as ASCII controls would reach a terminal. */
  body(request: unknown): string {
    return this.#redactor.net(withoutControls(JSON.stringify(request)));
  }

  /** A reply with addresses and names put back; secrets stay placeholders. */
  restore(reply: Reply): Reply {
    return mapStrings(reply, (text) => this.#redactor.restore(text));
  }
}

function written({ content }: Message, outbound: Outbound, whole: (text: string) => string): string {
  return typeof content === "string" ? whole(content) : content(outbound);
}

/** Letters and digits that no text of the host can know. */
function newNonce(): string {
  return crypto.getRandomValues(new Uint8Array(8)).toHex();
}
