/** Who says yes to a command that the policy leaves to the operator. */
import type { CommandRequest } from "../protocol/mod.ts";
import type { ApprovalMode } from "./approval_modes.ts";
import { NO_RULES, type Rules, withAgreed } from "./policy/operator.ts";
import { judge } from "./policy/judge.ts";
import type { Piece, Refusal, Runnable, Verdict } from "./policy/verdict.ts";

/** What an operator is asked. */
export interface Question {
  readonly id: string;
  readonly description: string | undefined;
  /** The line that would run. */
  readonly line: string;
  /** Undefined for a command that the policy allows. */
  readonly piece: Piece | undefined;
  readonly rule: string;
  readonly reason: string;
}

export type Answer =
  | { readonly kind: "once" }
  /** Also for every later command that needs a yes by the same rule. */
  | { readonly kind: "always" }
  | { readonly kind: "no"; readonly reason: string };

/** Puts a question to the operator; aborting the signal withdraws it, and the answer is no. */
export type Ask = (question: Question, signal: AbortSignal | undefined) => Promise<Answer>;

/** What becomes of a command: it runs, as it was judged or as the operator agreed, or it does not. */
export type Decision =
  | { readonly kind: "runs"; readonly verdict: Verdict & Runnable; readonly approved: "once" | "always" | undefined }
  | { readonly kind: "refused"; readonly refused: Refusal & { readonly piece: Piece | undefined } };

export interface ApprovalOptions {
  readonly mode?: ApprovalMode;
  readonly rules?: Rules;
  /** Undefined when there is nobody to ask. */
  readonly ask?: Ask | undefined;
  /** Why there is nobody, for the asker. */
  readonly nobody?: string;
}

/** Under `all`, the rule of commands that the policy allows: a yes to it always ends the questions about them. */
const EVERY_COMMAND = "approval/every-command";

/** Decides about commands: one question at a time, however many commands wait, and it remembers what was agreed. */
export class Approvals {
  readonly #options: Required<Omit<ApprovalOptions, "ask">> & { readonly ask: Ask | undefined };
  readonly #always = new Set<string>();
  #asking: Promise<unknown> = Promise.resolve();

  constructor({ mode = "risky", rules = NO_RULES, ask, nobody = "there is nobody to ask" }: ApprovalOptions = {}) {
    this.#options = { mode, rules, ask, nobody };
  }

  /** Judges a command, and asks where the verdict or the mode wants it. */
  async decide(request: CommandRequest, signal?: AbortSignal): Promise<Decision> {
    const verdict = judge(request.command, this.#rules([]));
    if (verdict.kind === "refused") return { kind: "refused", refused: verdict };
    const asks = verdict.kind === "needs_approval" || this.#options.mode === "all";
    if (!asks) return { kind: "runs", verdict, approved: this.#agreedBefore(request) ? "always" : undefined };
    const turn = this.#asking.then(() => this.#askAbout(request, signal));
    // A question that failed must not keep the others from being asked.
    this.#asking = turn.catch(() => undefined);
    return await turn;
  }

  /** Asks about each rule in turn: yes to one says nothing of another. */
  async #askAbout(request: CommandRequest, signal: AbortSignal | undefined): Promise<Decision> {
    const once: string[] = [];
    let approved: "once" | "always" | undefined;
    let every = this.#options.mode === "all" && !this.#always.has(EVERY_COMMAND);
    for (;;) {
      const verdict = judge(request.command, this.#rules(once));
      if (verdict.kind === "refused") return { kind: "refused", refused: verdict };
      if (verdict.kind !== "needs_approval" && (!every || once.length > 0)) {
        return { kind: "runs", verdict, approved: approved ?? (this.#agreedBefore(request) ? "always" : undefined) };
      }
      const question = questionOf(request, verdict);
      const answer = await this.#answerTo(question, verdict, signal);
      if (answer.kind === "no") {
        const { rule, reason } = question;
        const piece = verdict.kind === "needs_approval" ? verdict.piece : undefined;
        const alternative = verdict.kind === "needs_approval" ? verdict.alternative : undefined;
        const why = rule === EVERY_COMMAND ? answer.reason : `${answer.reason} ${reason}`;
        return {
          kind: "refused",
          refused: { rule, reason: why, piece, ...(alternative === undefined ? {} : { alternative }) },
        };
      }
      if (answer.kind === "always") this.#always.add(question.rule);
      once.push(question.rule);
      every = false;
      approved = answer.kind === "always" && approved !== "once" ? "always" : "once";
    }
  }

  async #answerTo(question: Question, verdict: Verdict, signal: AbortSignal | undefined): Promise<Answer> {
    const { mode, ask, nobody } = this.#options;
    if (mode === "never" && verdict.kind === "needs_approval") {
      return { kind: "no", reason: "It needs an operator's yes, and --approve never answers no." };
    }
    if (ask === undefined) return { kind: "no", reason: `It needs an operator's yes, and ${nobody}.` };
    if (signal?.aborted) return { kind: "no", reason: "The diagnosis was stopped before the operator answered." };
    return await ask(question, signal);
  }

  #rules(once: readonly string[]): Rules {
    return withAgreed(this.#options.rules, [...this.#always, ...once]);
  }

  /** Whether it runs without a question only because of an earlier answer. */
  #agreedBefore({ command }: CommandRequest): boolean {
    return this.#always.size > 0 && judge(command, this.#options.rules).kind === "needs_approval";
  }
}

function questionOf({ id, description }: CommandRequest, verdict: Verdict & Runnable): Question {
  const asked = verdict.kind === "needs_approval";
  return {
    id,
    description,
    line: verdict.runs,
    piece: asked ? verdict.piece : undefined,
    rule: asked ? verdict.rule : EVERY_COMMAND,
    reason: asked ? verdict.reason : "The policy allows it; --approve all asks about every command.",
  };
}
