/** The one owner of the terminal: whoever asks the operator something, or listens, does so here. */
import { type Keyboard, standardKeyboard } from "./keyboard.ts";
import type { Writer } from "./writer.ts";

/** A line that was typed. `ended`: Ctrl-D, or the terminal is gone. `stopped`: the question was withdrawn. */
export type Line = { readonly text: string } | "ended" | "stopped";

/** Prints a prompt and waits for a line; aborting the signal withdraws the question. */
export type AskLine = (prompt: string, signal?: AbortSignal) => Promise<Line>;

/**
 * Keeps questions apart: one at a time, in the order in which they came, and notes of the {@link Writer} wait until the
 * question is answered.
 */
export class Terminal {
  readonly #writer: Writer;
  readonly #keyboard: Keyboard;
  #talking: Promise<unknown> = Promise.resolve();
  #reading = false;
  #answer: ((line: string | null) => void) | undefined;
  #listener: ((text: string) => void) | undefined;

  constructor(writer: Writer, keyboard: Keyboard) {
    this.#writer = writer;
    this.#keyboard = keyboard;
  }

  /** Whether the operator has this program before them, not in the background. */
  isHeeded(): boolean {
    return this.#keyboard.isHeeded();
  }

  /** Has the terminal for one talk with the operator, which may take several questions. */
  async talk<T>(body: (ask: AskLine) => Promise<T>): Promise<T> {
    const turn = this.#talking.then(async () => {
      using _alone = this.#writer.hold();
      return await body((prompt, signal) => this.#ask(prompt, signal));
    });
    // a talk that failed must not keep the others from taking place
    this.#talking = turn.catch(() => undefined);
    return await turn;
  }

  /** Hands over each line that is typed while nothing is asked, until disposed of. */
  listen(on_line: (text: string) => void): Disposable {
    this.#listener = on_line;
    void this.#read();
    return {
      [Symbol.dispose]: (): void => {
        if (this.#listener === on_line) this.#listener = undefined;
      },
    };
  }

  async #ask(prompt: string, signal: AbortSignal | undefined): Promise<Line> {
    if (signal?.aborted) return "stopped";
    const { promise, resolve } = Promise.withResolvers<Line>();
    const stop = (): void => resolve("stopped");
    signal?.addEventListener("abort", stop, { once: true });
    const answer = (text: string | null): void => resolve(text === null ? "ended" : { text });
    this.#answer = answer;
    this.#writer.ask(prompt);
    void this.#read();
    try {
      const line = await promise;
      // nobody pressed Enter: what is printed next gets a line of its own
      if (typeof line === "string") this.#writer.ask("\n");
      return line;
    } finally {
      if (this.#answer === answer) this.#answer = undefined;
      signal?.removeEventListener("abort", stop);
    }
  }

  /** Reads for as long as anybody waits for a line. One that nobody waits for any more is dropped. */
  async #read(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    while (this.#answer !== undefined || this.#listener !== undefined) {
      const line = await this.#keyboard.line();
      const answer = this.#answer;
      this.#answer = undefined;
      if (answer !== undefined) answer(line);
      else if (line !== null) this.#listener?.(line);
      else this.#listener = undefined; // a terminal that is gone would say so for ever
    }
    this.#reading = false;
  }
}

let own: Terminal | undefined;

/** The terminal of this process; undefined when standard input or standard error is none. */
export function processTerminal(writer: Writer): Terminal | undefined {
  if (!Deno.stdin.isTerminal() || !Deno.stderr.isTerminal()) return undefined;
  return own ??= new Terminal(writer, standardKeyboard());
}
