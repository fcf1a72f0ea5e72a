/** How much may be said at once: a model's window in tokens becomes room in bytes, which is what we can count. */

/**
 * Bytes of UTF-8 to a token, on the careful side. Measured with the tokenizers of o200k, cl100k, Llama 3 and Llama 2 on
 * our prompts (3.5, 3.5, 3.5, 3.0) and on results as JSON: events 2.9 (Llama 2: 2.0), `ps`, `ls`, `ss`, /proc/net 2.5 to
 * 2.7 (2.0 to 2.1). Hexdumps and tables of numbers are denser (1.8 and 1.3): what a model says it took corrects the rest.
 */
const BYTES_PER_TOKEN = { prose: 2.9, results: 2 } as const;

/** Assumed where nobody says: what models that people put behind a gateway have at least. */
const USUAL_WINDOW_TOKENS = 128_000;
/** Kept free for the answer: a quarter of a small window, no more than a long answer of a large one. */
const ANSWER_TOKENS = { share: 0.25, max: 8_000 } as const;
/** Below this there is no room for the contract, let alone for results. */
const MIN_QUESTION_TOKENS = 1_500;
/** By how much less is said after a refusal that does not tell what would fit. */
const SHRINK = 0.6;
/** A little more than was measured, for the next question holds other text. */
const MARGIN = 1.1;

/** Sizes of a question's parts in bytes. */
export interface QuestionSize {
  readonly prose: number;
  readonly results: number;
}

/** What is known of a model's window; it learns from what the model says. */
export class ContextWindow {
  #window_tokens: number;
  /** Tokens really taken for each one estimated. */
  #factor = 1;

  /** @param window_tokens question and answer together; undefined where it is not known */
  constructor(window_tokens?: number) {
    this.#window_tokens = window_tokens ?? USUAL_WINDOW_TOKENS;
  }

  /** Tokens that a question may take. */
  get question_tokens(): number {
    const answer = Math.min(ANSWER_TOKENS.max, Math.ceil(this.#window_tokens * ANSWER_TOKENS.share));
    return this.#window_tokens - answer;
  }

  /** About how many tokens a question takes. */
  tokensOf({ prose, results }: QuestionSize): number {
    return Math.ceil((prose / BYTES_PER_TOKEN.prose + results / BYTES_PER_TOKEN.results) * this.#factor);
  }

  /** Bytes that so many tokens are enough for. */
  bytesFor(tokens: number, kind: keyof QuestionSize): number {
    return Math.max(0, Math.floor(tokens / this.#factor * BYTES_PER_TOKEN[kind]));
  }

  /** The model says what a question took. */
  measured(size: QuestionSize, input_tokens: number): void {
    const estimated = this.tokensOf(size) / this.#factor;
    if (estimated > 0 && input_tokens > 0) this.#factor = clamp(input_tokens / estimated * MARGIN, 0.75, 4);
  }

  /**
   * A question did not fit.
   *
   * @param limit_tokens what would, where the model says so
   * @returns whether a shorter one is worth a try
   */
  refused(size: QuestionSize, limit_tokens?: number): boolean {
    const tokens = this.tokensOf(size);
    const news = limit_tokens !== undefined && limit_tokens < this.#window_tokens;
    if (news) this.#window_tokens = limit_tokens;
    // By our count it should have fit: the count is wrong, or the window is smaller than anyone says.
    if (!news || tokens <= this.question_tokens) {
      this.#window_tokens = Math.floor(this.#window_tokens * SHRINK * Math.min(1, tokens / this.question_tokens));
    }
    return this.question_tokens >= MIN_QUESTION_TOKENS;
  }
}

function clamp(value: number, min: number, max: number): number {
  return Math.min(max, Math.max(min, value));
}
