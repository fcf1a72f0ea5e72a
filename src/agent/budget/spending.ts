/** What of a budget is used, and when it is time to conclude. */
import type { Usage } from "../../models/model.ts";
import type { Budget } from "./budget.ts";

/** From here on the model is told to conclude. */
const NEARLY = 0.8;
/** A conclusion takes as long as an answer before it, and a little more. */
const ANSWER_MARGIN = 1.5;
/** What an answer may take before any was given, in ms. */
const FIRST_ANSWER_MS = 10_000;

/** No question and no answer is shorter. */
const MIN_TOKENS = 1_000;

/** Ends what takes longer than it may. */
export interface TimeLimit extends Disposable {
  readonly signal: AbortSignal;
}

export class Spending {
  readonly #budget: Budget;
  #start = performance.now();
  #paused_ms = 0;
  #longest_answer_ms = FIRST_ANSWER_MS;
  #input_tokens = 0;
  #output_tokens = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Another answer is wanted: time runs anew, tokens go on to count. */
  restart(): void {
    this.#start = performance.now();
    this.#paused_ms = 0;
  }

  /** Of the whole run. */
  get usage(): Usage {
    return { input_tokens: this.#input_tokens, output_tokens: this.#output_tokens };
  }

  get tokens_left(): number {
    return this.#budget.max_tokens - this.#input_tokens - this.#output_tokens;
  }

  get #time_left_ms(): number {
    return this.#budget.max_time_s * 1000 - (performance.now() - this.#start - this.#paused_ms);
  }

  /** Counts an answer, and the time that it took. */
  answered({ input_tokens, output_tokens }: Usage, duration_ms: number): void {
    this.#input_tokens += input_tokens;
    this.#output_tokens += output_tokens;
    this.#longest_answer_ms = Math.max(this.#longest_answer_ms, duration_ms);
  }

  /** Waits for a person: this time is not counted. */
  async waitFor<T>(person: () => Promise<T>): Promise<T> {
    const start = performance.now();
    try {
      return await person();
    } finally {
      this.#paused_ms += performance.now() - start;
    }
  }

  /** Until the time is used up. */
  limitOfAnswer(): TimeLimit {
    return timeLimit(this.#time_left_ms);
  }

  /** Leaves time for a conclusion, as far as there is any. */
  limitOfTurn(): TimeLimit {
    const left = this.#time_left_ms;
    return timeLimit(left - Math.min(left / 2, this.#longest_answer_ms * ANSWER_MARGIN));
  }

  /** Why the model must conclude now, for a sentence; undefined while there is enough left. */
  nearlyUsed(): "time" | "tokens" | undefined {
    const { max_time_s, max_tokens } = this.#budget;
    const left_ms = this.#time_left_ms;
    const needed_ms = Math.max(
      (1 - NEARLY) * max_time_s * 1000,
      Math.min(max_time_s * 500, this.#longest_answer_ms * 2),
    );
    if (left_ms <= needed_ms) return "time";
    return this.tokens_left < Infinity && this.tokens_left <= (1 - NEARLY) * max_tokens ? "tokens" : undefined;
  }

  /** What is used up; undefined while there is enough of everything for one more answer. */
  usedUp(): "time" | "tokens" | undefined {
    if (this.#time_left_ms <= 0) return "time";
    return this.tokens_left < MIN_TOKENS ? "tokens" : undefined;
  }
}

/** Longer than setTimeout can wait is as good as never. */
const MAX_TIMER_MS = 2 ** 31 - 1;

function timeLimit(ms: number): TimeLimit {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), Math.min(MAX_TIMER_MS, Math.max(0, ms)));
  return { signal: limit.signal, [Symbol.dispose]: (): void => clearTimeout(timer) };
}
