/** A conversation with a model about one problem: ask, run what is asked for, hand back what was seen, conclude. */
import { type Answer, ContextTooSmall, type Model, ModelError, type Question } from "../models/model.ts";
import { type DiagnosticReply, type Host, type Run, stringify, type Turn } from "../protocol/mod.ts";
import { type Budget, DEFAULT_BUDGET } from "./budget/budget.ts";
import { Spending, type TimeLimit } from "./budget/spending.ts";
import { ContextWindow } from "./budget/window.ts";
import { checkEvidence } from "./evidence/mod.ts";
import { better, budgetUsedUp, type Failed, failureOf, interrupted } from "./outcome.ts";
import { type Outcome, type Resolved, roundsUsedUp, stopped } from "./outcome.ts";
import type { OnProgress } from "./progress.ts";
import { Transcript, type WrittenQuestion } from "./transcript.ts";
import { type Hands, runTurn } from "./turn.ts";

/** Answers that a model may give before ktriage stops, the resolution included. */
export const DEFAULT_MAX_ROUNDS = 8;

/** Kept of each stream of an output for slices, in bytes; less where a run has gathered much already. */
const OUTPUT_BYTES = { max: 512 << 10, min: 64 << 10 } as const;
/** Kept of all outputs of a run, apart from the least that each stream gets. */
const ALL_OUTPUT_BYTES = 8 << 20;
/** Of the tokens that are left, what a question may take; the rest is for its answer. */
const QUESTION_SHARE = 0.75;
/** Questions that a model refuses as too long before ktriage gives up. */
const MAX_REFUSALS = 8;

/** A person who watches. */
export interface Operator {
  /**
   * Asked before a turn runs.
   *
   * @returns what of the request may run; or "stop": nothing more runs, and the model is to answer with what there is
   */
  review(request: DiagnosticReply): Promise<DiagnosticReply | "stop">;
  /** Asked when a turn has run: what the operator has said meanwhile that the model must know. */
  heard?(): Promise<string | undefined>;
  /** Asked when the answer is there, while it may still be bettered: hints that it was given without. Never waits. */
  lateHint?(): string | undefined;
  /** Aborted when the operator waits for no answer any more; read anew before each question. */
  readonly stopping?: AbortSignal;
}

export interface ConversationOptions {
  /** The problem, in the words of who has it. */
  readonly issue: string;
  readonly host: Host;
  readonly model: Model;
  readonly hands: Hands;
  /** Default {@link DEFAULT_MAX_ROUNDS}; at least 1. */
  readonly max_rounds?: number;
  /** Default {@link DEFAULT_BUDGET}. */
  readonly budget?: Partial<Budget>;
  /** Ends the conversation: what runs is stopped, what it saw is kept, the model is not asked again. */
  readonly signal?: AbortSignal;
  readonly on_progress?: OnProgress;
  /** What was gathered before, in a run that is resumed or in a case. */
  readonly turns?: readonly Turn[];
  readonly episode_id?: string;
  /** Nobody by default. */
  readonly operator?: Operator;
}

/** What the rounds of one answer have come to so far. */
interface Progressed {
  best?: Resolved;
  /** The model was told once that its claims do not stand. */
  corrected: boolean;
  /** The operator wants the answer with what there is. */
  stopped: boolean;
}

/** One problem on one host, with everything gathered for it. */
export class Conversation {
  readonly #options: ConversationOptions;
  readonly #max_rounds: number;
  readonly #budget: Budget;
  readonly #signal: AbortSignal;
  readonly #on_progress: OnProgress;
  readonly #start_time = new Date().toISOString();
  readonly #turns: Turn[];
  readonly #transcript: Transcript;
  readonly #window: ContextWindow;
  readonly #spending: Spending;
  readonly #follow_ups: NonNullable<Run["follow_ups"]> = [];
  #episode_id: string | undefined;
  /** The one that is under way, or was the last. */
  #round = 0;
  /** The last answer, as it came: what a follow-up is asked behind. */
  #answer: { readonly raw: string; readonly resolved: Resolved } | undefined;

  /** @throws {RangeError} max_rounds is not a whole number of at least 1 */
  constructor(options: ConversationOptions) {
    const { issue, host, model, max_rounds = DEFAULT_MAX_ROUNDS, turns = [] } = options;
    if (!Number.isInteger(max_rounds) || max_rounds < 1) {
      throw new RangeError(`The limit of rounds must be a whole number of at least 1, not ${max_rounds}`);
    }
    this.#options = options;
    this.#max_rounds = max_rounds;
    this.#budget = { ...DEFAULT_BUDGET, ...options.budget };
    this.#signal = options.signal ?? new AbortController().signal;
    this.#on_progress = options.on_progress ?? ((): void => {});
    this.#turns = [...turns];
    this.#episode_id = options.episode_id;
    this.#window = new ContextWindow(model.window_tokens);
    this.#spending = new Spending(this.#budget);
    this.#transcript = new Transcript({ issue, host, max_rounds });
    for (const [index, turn] of turns.entries()) {
      this.#transcript.addTurn({ raw: stringify(turn.request), turn });
      this.#transcript.setBudget({ rounds_left: Math.max(1, max_rounds - index - 1) });
    }
  }

  /**
   * Runs a whole diagnosis, on from what was gathered before. Where that has used up the rounds, one answer is left.
   *
   * @returns the run's document: everything gathered, with a resolution, or with the failure that took its place
   */
  async diagnose(): Promise<Run> {
    this.#spending.restart();
    return this.#document(await this.#concluded(Math.min(this.#turns.length + 1, this.#max_rounds)));
  }

  /**
   * Asks on in the same episode, with everything gathered; rounds and time are granted anew.
   *
   * @returns the document of the whole run, with the answer to this question
   */
  async followUp(question: string): Promise<Run> {
    this.#askOn(question, this.#answer === undefined ? FOLLOW_UP : `${READ}${FOLLOW_UP}`);
    this.#spending.restart();
    return this.#document(await this.#concluded(1));
  }

  /**
   * One step: the model's next reply to what was gathered; nothing is run.
   *
   * @throws {ModelError} no usable reply could be had
   */
  async next(): Promise<Answer> {
    const rounds_left = Math.max(1, this.#max_rounds - this.#turns.length);
    return await this.#answerTo({ rounds_left, signal: this.#signal });
  }

  /** The answer, with every hint of the operator's in it for which there was a round left. */
  async #concluded(first_round: number): Promise<Outcome> {
    let outcome = await this.#converse(first_round);
    while (!("failure" in outcome) && this.#mayGoOn) {
      const hint = this.#options.operator?.lateHint?.();
      if (hint === undefined) break;
      this.#askOn(hint, LATE_HINT);
      const next = await this.#converse(this.#round + 1);
      if ("failure" in next) {
        this.#follow_ups.pop(); // it has no answer
        return withNotes(outcome, [`This answer does not know the operator's hint "${hint}". ${next.failure.message}`]);
      }
      outcome = next;
    }
    return outcome;
  }

  /** Whether another round stays within all budgets, and somebody reads words. */
  get #mayGoOn(): boolean {
    const used = this.#round >= this.#max_rounds || this.#spending.nearlyUsed() !== undefined;
    return !used && !this.#signal.aborted && !this.#isExpert;
  }

  /** Puts words of the operator's behind the answer. */
  #askOn(question: string, introduction: string): void {
    const before = this.#answer;
    this.#follow_ups.push({
      question,
      turns_before: this.#turns.length,
      ...(before === undefined ? {} : { earlier_resolution: before.resolved.resolution }),
    });
    this.#transcript.addWords({ raw: before?.raw, words: `${introduction}\n\n${question}` });
    this.#answer = undefined;
    this.#on_progress({ kind: "follow_up", question });
  }

  async #converse(first_round: number): Promise<Outcome> {
    const so_far: Progressed = { corrected: false, stopped: false };
    const outcome = await this.#rounds(first_round, so_far);
    // An answer that could not be bettered is one still.
    return "failure" in outcome ? so_far.best ?? outcome : outcome;
  }

  async #rounds(first_round: number, so_far: Progressed): Promise<Outcome> {
    const max_rounds = this.#max_rounds;
    for (let round = first_round; round <= max_rounds; round++) {
      this.#round = round;
      const nearly = this.#spending.nearlyUsed();
      const last = round === max_rounds || nearly !== undefined || so_far.stopped;
      this.#on_progress({ kind: "asking", round, max_rounds });
      const answer = await this.#ask(last ? 1 : max_rounds - round + 1, nearly);
      if ("failure" in answer) return answer;
      const { reply, raw, notes = [] } = answer;
      this.#on_progress({ kind: "reply", round, reply });
      if (reply.response_type === "diagnostic") {
        if (so_far.stopped) return stopped();
        if (last) return nearly === undefined ? roundsUsedUp(max_rounds) : budgetUsedUp(nearly, this.#budget);
        so_far.stopped = await this.#turn(reply, { raw, notes }) === "stopped";
        continue;
      }
      const { complaint, ...checked } = checkEvidence(reply, this.#turns, this.#options);
      const resolved = withNotes(checked, notes);
      so_far.best = better(so_far.best, resolved);
      if (so_far.best === resolved) this.#answer = { raw, resolved };
      if (complaint === undefined || so_far.corrected || last || this.#isExpert) return so_far.best;
      so_far.corrected = true;
      this.#transcript.addWords({ raw, words: complaint });
    }
    return roundsUsedUp(max_rounds);
  }

  /** Runs what is asked for, or what the operator leaves of it. */
  async #turn(
    asked: DiagnosticReply,
    { raw, notes }: { readonly raw: string; readonly notes: readonly string[] },
  ): Promise<"ran" | "stopped"> {
    const { operator, hands } = this.#options;
    const allowed = operator === undefined
      ? asked
      : await this.#spending.waitFor(async () => await operator.review(asked));
    if (allowed === "stop") {
      this.#transcript.addWords({ raw, words: OPERATOR_STOPPED });
      return "stopped";
    }
    using limit = this.#spending.limitOfTurn();
    const results = await runTurn(allowed, hands, {
      signal: AbortSignal.any([this.#signal, limit.signal]),
      on_progress: this.#on_progress,
      earlier: this.#turns,
      output_bytes: this.#outputBytes(allowed),
    });
    const heard = await this.#spending.waitFor(async () => await operator?.heard?.());
    const all_notes = [
      ...notes,
      ...(heard === undefined ? [] : [`The operator says: ${heard}`]),
      ...results.notes ?? [],
      ...(limit.signal.aborted ? ["Ended early, for the time of this run is nearly used."] : []),
    ];
    const turn: Turn = { request: asked, ...results, ...(all_notes.length === 0 ? {} : { notes: all_notes }) };
    this.#turns.push(turn);
    this.#transcript.addTurn({ raw, turn });
    this.#on_progress({ kind: "turn", turn, index: this.#turns.length - 1 });
    return "ran";
  }

  /** It reads results, no words. */
  get #isExpert(): boolean {
    return this.#options.model.name === "expert";
  }

  /** What each stream of a command may keep, so that a run with many outputs stays in memory. */
  #outputBytes({ commands }: DiagnosticReply): number {
    const kept = this.#turns.flatMap(({ command_results }) => command_results)
      .reduce((sum, { stdout, stderr }) => sum + stdout.length + stderr.length, 0);
    const share = Math.floor((ALL_OUTPUT_BYTES - kept) / Math.max(1, 2 * commands.length));
    return Math.min(OUTPUT_BYTES.max, Math.max(OUTPUT_BYTES.min, share));
  }

  /** @param nearly what of the budget is nearly used */
  async #ask(rounds_left: number, nearly: "time" | "tokens" | undefined): Promise<Answer | Failed> {
    if (this.#signal.aborted) return interrupted(this.#turns);
    const stopping = this.#options.operator?.stopping;
    if (stopping?.aborted) return stopped();
    const used_up = this.#spending.usedUp();
    if (used_up !== undefined) return budgetUsedUp(used_up, this.#budget);
    using limit: TimeLimit = this.#spending.limitOfAnswer();
    try {
      const signal = AbortSignal.any([this.#signal, limit.signal, ...(stopping === undefined ? [] : [stopping])]);
      const why = nearly === undefined
        ? undefined
        : `The ${nearly} of this run ${VERB[nearly]} nearly used. ${CONCLUDE}`;
      return await this.#answerTo({ rounds_left, signal, why });
    } catch (error) {
      if (this.#signal.aborted) return interrupted(this.#turns);
      if (stopping?.aborted) return stopped();
      if (limit.signal.aborted) return budgetUsedUp("time", this.#budget);
      if (error instanceof ModelError) return failureOf(error);
      throw error;
    }
  }

  /** The model's answer; a question that does not fit is asked again with less in it. */
  async #answerTo(
    { rounds_left, signal, why }: {
      readonly rounds_left: number;
      readonly signal: AbortSignal;
      readonly why?: string | undefined;
    },
  ): Promise<Answer> {
    this.#transcript.setBudget({ rounds_left, why });
    for (let refusals = 0;; refusals++) {
      const written = this.#transcript.write({
        window: this.#window,
        max_tokens: this.#spending.tokens_left * QUESTION_SHARE,
        max_message_bytes: this.#budget.max_message_bytes,
      });
      try {
        return await this.#answerOnce(written, { rounds_left, signal });
      } catch (error) {
        if (!(error instanceof ContextTooSmall) || refusals === MAX_REFUSALS) throw error;
        if (!this.#window.refused(written.size, error.limit_tokens)) throw error;
      }
    }
  }

  async #answerOnce(
    { messages, size }: WrittenQuestion,
    { rounds_left, signal }: { readonly rounds_left: number; readonly signal: AbortSignal },
  ): Promise<Answer> {
    const { issue, host, model } = this.#options;
    const episode_id = this.#episode_id;
    const question: Question = {
      ...{ issue, host, turns: this.#turns, messages, rounds_left },
      ...(episode_id === undefined ? {} : { episode_id }),
    };
    const start = performance.now();
    const on_text = (part: string): void => this.#on_progress({ kind: "text", part });
    const answer = await model.answer(question, { signal, on_text });
    const { usage = this.#estimated(size, answer.raw) } = answer;
    if (answer.usage !== undefined) this.#window.measured(size, answer.usage.input_tokens);
    this.#spending.answered(usage, performance.now() - start);
    this.#episode_id = answer.episode_id ?? episode_id;
    return answer;
  }

  /** For models that do not say; the expert takes none. */
  #estimated(size: WrittenQuestion["size"], raw: string): NonNullable<Answer["usage"]> {
    if (this.#isExpert) return { input_tokens: 0, output_tokens: 0 };
    return {
      input_tokens: this.#window.tokensOf(size),
      output_tokens: this.#window.tokensOf({ prose: 0, results: raw.length }),
    };
  }

  #document(outcome: Outcome): Run {
    const { issue, host, model } = this.#options;
    const { usage } = this.#spending;
    return {
      schema: "ktriage.run/1",
      issue,
      host,
      model: model.name,
      ...(this.#episode_id === undefined ? {} : { episode_id: this.#episode_id }),
      start_time: this.#start_time,
      end_time: new Date().toISOString(),
      turns: [...this.#turns],
      ...(this.#follow_ups.length === 0 ? {} : { follow_ups: [...this.#follow_ups] }),
      ...(usage.input_tokens + usage.output_tokens === 0 ? {} : { usage }),
      ...outcome,
    };
  }
}

const VERB = { time: "is", tokens: "are" } as const;
const CONCLUDE = "Your next reply must be a resolution, with what you have.";
const OPERATOR_STOPPED = "The operator wants the answer now: nothing of this was run, and nothing more will be. " +
  CONCLUDE;
const READ = "The operator has read your resolution. ";
const LATE_HINT =
  "The operator had said this before your resolution came. Reply with the whole resolution again, in the " +
  "light of it, or ask for what you need first.";
const FOLLOW_UP = "The operator asks on: answer with a resolution, or ask for what you need first.";

/** What was mended in an answer belongs to what its reader must know. */
function withNotes({ resolution, evidence_check }: Resolved, notes: readonly string[]): Resolved {
  return { resolution, evidence_check: { ...evidence_check, notes: [...evidence_check.notes, ...notes] } };
}
