/**
 * The operator at the terminal, while a diagnosis runs.
 *
 * Nothing waits for them: the plan of each turn is shown and runs at once, for who starts a diagnosis at three in the
 * morning wants the answer, not a dialogue, and what may run was decided by the policy. Enter opens a menu whenever there
 * is something to say; only with `--interactive` it opens by itself before each turn. Commands are lines, not keys: a line
 * that was meant for the shell must not skip anything, and the terminal can stay in its ordinary mode.
 */
import type { Operator } from "../agent/conversation.ts";
import type { Hands } from "../agent/turn.ts";
import { DEFAULT_TIMEOUT_MS } from "../commands/execute.ts";
import type { DiagnosticReply } from "../protocol/mod.ts";
import { harmless } from "../report/layout.ts";
import { planDuration } from "../report/plan.ts";
import { type OperatorWord, understand } from "./operator_words.ts";
import { PlannedTurn, type Skipped, steeredHands } from "./planned_turn.ts";
import type { AskLine, Terminal } from "./terminal.ts";
import type { Writer } from "./writer.ts";

/** A menu that was opened by a stray Enter must not hold up the diagnosis. */
const IDLE_MS = 60_000;
const CHOICES =
  "Enter: go on | s 1 2: skip these (s: all) | h <words>: tell the AI | q: stop with the best answer so far";
/** In the operator's name: the model has not heard of stopping. */
const CONCLUDE = "Stop asking for more: reply with a resolution now, with what you have.";

export interface OperatorOptions {
  readonly terminal: Terminal;
  readonly writer: Writer;
  /** Ends every question. */
  readonly signal: AbortSignal;
  /** Opens the menu before each turn. */
  readonly before_turns: boolean;
  /** Whether the model reads words; the built-in expert does not. */
  readonly reads_words: boolean;
  /** After how long without an answer a menu that Enter opened goes on; default 60,000. */
  readonly idle_ms?: number;
}

/** Shows plans, takes what the operator types, and acts on it. */
export class TerminalOperator implements Operator {
  readonly #options: OperatorOptions;
  #turn: PlannedTurn | undefined;
  #hints: string[] = [];
  #stopped = false;
  #stopping = new AbortController();
  #menu: { readonly closed: Promise<void>; readonly closing: AbortController } | undefined;

  constructor(options: OperatorOptions) {
    this.#options = options;
  }

  /** Listens for a run that begins, until disposed of when it has ended; then the terminal is free. */
  attend(): AsyncDisposable {
    this.#stopped = false;
    this.#stopping = new AbortController();
    this.#turn = undefined;
    this.#hints = [];
    const listening = this.#options.terminal.listen((line) => this.#typed(line));
    return {
      [Symbol.asyncDispose]: async (): Promise<void> => {
        listening[Symbol.dispose]();
        this.#menu?.closing.abort();
        await this.#menu?.closed;
        for (const hint of this.#hints) {
          this.#options.writer.note(`The AI could not be told any more: ${harmless(hint)}`);
        }
      },
    };
  }

  /** Hands that leave out what the operator skips. */
  steer(hands: Hands): Hands {
    return steeredHands(hands, () => this.#turn);
  }

  /** Shows the plan; waits only where the operator is in the menu, or wants to be asked. */
  async review(request: DiagnosticReply): Promise<DiagnosticReply | "stop"> {
    if (this.#stopped) return "stop";
    this.#turn = new PlannedTurn(request);
    this.#plan(request).forEach((line) => this.#options.writer.note(line));
    if (this.#options.before_turns) this.#openMenu({ stays: true });
    await this.#menu?.closed;
    if (!this.#stopped) return request;
    this.#turn = undefined;
    return "stop";
  }

  /** Aborted when the operator has stopped while only the model was at work. */
  get stopping(): AbortSignal {
    return this.#stopping.signal;
  }

  /** What the operator has said for the model. */
  async heard(): Promise<string | undefined> {
    await this.#menu?.closed;
    this.#turn = undefined;
    const words = [...this.#hints.splice(0), ...(this.#stopped && this.#options.reads_words ? [CONCLUDE] : [])];
    return words.length === 0 ? undefined : words.join("\n");
  }

  /** Hints for which the answer came too soon; none of an operator who wants no more. */
  lateHint(): string | undefined {
    if (this.#stopped || this.#hints.length === 0) return undefined;
    const hint = this.#hints.splice(0).join("\n");
    this.#options.writer.note(`The AI had answered before it could be told, and is asked once more: ${harmless(hint)}`);
    return hint;
  }

  #plan(request: DiagnosticReply): readonly string[] {
    const { notePaint } = this.#options.writer;
    const duration = planDuration(request, { command_limit_s: DEFAULT_TIMEOUT_MS / 1000 });
    return [`  ${notePaint("bold", "plan")}: ${duration}`, ...this.#turn?.lines(notePaint) ?? []];
  }

  #typed(line: string): void {
    const word = understand(line);
    if (word.kind === "go" || word.kind === "menu") this.#openMenu({ stays: false });
    else this.#options.writer.note(this.#act(word));
  }

  #openMenu({ stays }: { readonly stays: boolean }): void {
    if (this.#menu !== undefined) return;
    const closing = new AbortController();
    const closed = this.#options.terminal.talk((ask) => this.#converse(ask, { closing, stays }))
      .finally(() => this.#menu = undefined);
    this.#menu = { closed, closing };
  }

  async #converse(
    ask: AskLine,
    { closing, stays }: { readonly closing: AbortController; readonly stays: boolean },
  ): Promise<void> {
    const { writer, signal, idle_ms = IDLE_MS } = this.#options;
    const withdrawn = AbortSignal.any([signal, closing.signal]);
    // the plan was shown just before where the menu opened by itself
    for (let told = stays ? this.#choices() : this.#menuText();;) {
      const timer = stays ? undefined : setTimeout(() => closing.abort(), idle_ms);
      const line = await ask(`${told}> `, withdrawn);
      clearTimeout(timer);
      // who wants to be asked has not said yes by closing the input
      if (line === "ended" && stays) return writer.ask(`${this.#act({ kind: "stop" })}\n`);
      if (typeof line === "string") return;
      const word = understand(line.text);
      if (word.kind === "go") return;
      told = word.kind === "menu" ? this.#menuText() : `${this.#act(word)}\n`;
      if (word.kind === "stop") return writer.ask(told);
    }
  }

  /** The plan as it stands, and what may be done. */
  #menuText(): string {
    const lines = this.#turn?.lines(this.#options.writer.notePaint) ?? [];
    return lines.map((line) => `${line}\n`).join("") + this.#choices();
  }

  #choices(): string {
    return `${this.#options.writer.notePaint("bold", CHOICES)}\n`;
  }

  /** Does what was said, and tells what was done. */
  #act(word: Exclude<OperatorWord, { readonly kind: "go" | "menu" }>): string {
    switch (word.kind) {
      case "skip":
        return skippedText(this.#turn?.skip(word.which) ?? { names: [], unknown: word.which });
      case "hint":
        if (!this.#options.reads_words) return "The built-in expert cannot read hints.";
        this.#hints.push(word.text);
        return "The AI is told with the next results that it gets.";
      case "stop":
        this.#stopped = true;
        if (this.#turn === undefined) {
          this.#stopping.abort();
          return "Stopping: the AI is not waited for any longer.";
        }
        this.#turn.skip([]);
        return "Stopping: nothing more is run, and the AI is to answer with what there is. q once more does not wait for it.";
      case "unknown":
        return `Cannot understand "${harmless(word.text)}". ${CHOICES}`;
    }
  }
}

function skippedText({ names, unknown }: Skipped): string {
  const missing = unknown.map((word) => `Nothing in the plan that could be skipped is called ${harmless(word)}.`);
  if (names.length === 0) return missing.length === 0 ? "Nothing runs that could be skipped." : missing.join(" ");
  return [`Skipped: ${harmless(names.join(", "))}.`, ...missing].join(" ");
}
