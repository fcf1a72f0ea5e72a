/**
 * The words of the conversation: its opening, and behind it what the model said and was answered, as much as fits.
 *
 * Text of the host and of people passes through {@link Outbound} when a message is written; our own words do not.
 */
import { AS_IT_IS, type Message, type Outbound } from "../models/model.ts";
import type { Turn } from "../protocol/mod.ts";
import type { ContextWindow, QuestionSize } from "./budget/window.ts";
import { sizeOf } from "./budget/cut_text.ts";
import { type Exchange, sizeOfExchange, writeExchange } from "./exchange.ts";
import { openingMessages, type Problem } from "./opening.ts";
import { sliceSource } from "./slice.ts";

/** Of a question, what its opening may take, and what is kept for the newest results before older ones are shortened. */
const OPENING_SHARE = 0.5;
const NEWEST_SHARE = 0.6;
/** With less than this for all results our own words are kept short as well. */
const TIGHT_BYTES = 8_000;

export interface Room {
  readonly window: ContextWindow;
  /** Tokens that the question may take, where that is less than the window has room for. */
  readonly max_tokens: number;
  /** Bound on each message, in bytes. */
  readonly max_message_bytes: number;
}

export interface WrittenQuestion {
  readonly messages: readonly Message[];
  readonly size: QuestionSize;
}

/** All that was said. What was sent once is sent again in the same words for as long as it fits: gateways remember it. */
export class Transcript {
  readonly #problem: Problem;
  readonly #exchanges: Exchange[] = [];

  constructor(problem: Problem) {
    this.#problem = problem;
  }

  /** What the model asked for, as it came, and what was seen. */
  addTurn({ raw, turn }: { readonly raw: string; readonly turn: Turn }): void {
    this.#exchanges.push({ raw, turn, form: "full" });
  }

  /** What the model said, and what it is told about that, or asked behind it. */
  addWords({ raw, words }: { readonly raw?: string | undefined; readonly words: string }): void {
    this.#exchanges.push({ raw: raw ?? "", words, form: "full" });
  }

  /** What the model must know of the budget when it answers to the newest exchange. Said once: later calls change nothing. */
  setBudget(budget: NonNullable<Exchange["budget"]>): void {
    const newest = this.#exchanges.at(-1);
    if (newest !== undefined) newest.budget ??= budget;
  }

  /** Everything as messages that fit; older rounds are shortened first, the oldest before the others. */
  write(room: Room): WrittenQuestion {
    const { window, max_message_bytes } = room;
    const max_tokens = Math.min(room.max_tokens, window.question_tokens);
    const opening = this.#opening(window, max_tokens);
    const prose = sizeOfAll(opening);
    const bytes = window.bytesFor(max_tokens - window.tokensOf({ prose, results: 0 }), "results");
    this.#shorten(bytes, max_message_bytes);

    const turns = this.#exchanges.flatMap(({ turn }) => turn === undefined ? [] : [turn]);
    const dropped = this.#exchanges.filter(({ form }) => form === "dropped");
    const kept = this.#exchanges.filter(({ form }) => form !== "dropped");
    const messages = [...opening];
    let left = bytes;
    for (const [index, exchange] of kept.entries()) {
      const newest = index === kept.length - 1;
      const own = sizeOfExchange(exchange, max_message_bytes);
      const max_bytes = newest ? Math.min(left, own, max_message_bytes) : own;
      left -= own;
      messages.push(...writeExchange(exchange, {
        max_bytes,
        sourceOf: ({ of, stream }) => sliceSource(of, turns)?.[stream],
        dropped: newest ? dropped : [],
        tight: bytes < TIGHT_BYTES,
      }));
    }
    return { messages: merged(messages), size: { prose, results: Math.min(bytes, bytes - left) } };
  }

  #opening(window: ContextWindow, max_tokens: number): readonly Message[] {
    const most = max_tokens * OPENING_SHARE;
    const full = openingMessages(this.#problem);
    if (window.tokensOf({ prose: sizeOfAll(full), results: 0 }) <= most) return full;
    return openingMessages({ ...this.#problem, max_bytes: window.bytesFor(most, "prose") });
  }

  /** Older exchanges get shorter until the newest has what it needs, or its share. */
  #shorten(bytes: number, max_message_bytes: number): void {
    const older = this.#exchanges.slice(0, -1);
    const newest = this.#exchanges.at(-1);
    if (newest === undefined) return;
    const needed = Math.min(sizeOfExchange(newest, max_message_bytes), bytes * NEWEST_SHARE);
    const tooMuch = (): boolean =>
      older.reduce((sum, exchange) => sum + sizeOfExchange(exchange, max_message_bytes), needed) > bytes;
    while (tooMuch()) {
      const next = older.find(({ form }) => form === "full") ?? older.find(({ form }) => form === "condensed");
      if (next === undefined) return;
      next.form = next.form === "full" ? "condensed" : "dropped";
    }
  }
}

/** Messages of one role behind each other become one: providers refuse them, or keep one of them. */
function merged(messages: readonly Message[]): readonly Message[] {
  const all: Message[] = [];
  for (const message of messages) {
    const before = all.at(-1);
    if (before?.role !== message.role) {
      all.push(message);
      continue;
    }
    const content = (outbound: Outbound): string => `${textOf(before, outbound)}\n\n${textOf(message, outbound)}`;
    all[all.length - 1] = { role: message.role, content };
  }
  return all;
}

function textOf({ content }: Message, outbound: Outbound): string {
  return typeof content === "string" ? outbound.redact(content) : content(outbound);
}

function sizeOfAll(messages: readonly Message[]): number {
  return messages.reduce((sum, message) => sum + sizeOf(textOf(message, AS_IT_IS)), 0);
}
