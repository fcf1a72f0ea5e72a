/** A diagnosis with the operator at the terminal: watched while it runs, and asked on about afterwards. */
import type { Conversation } from "../agent/conversation.ts";
import type { Model } from "../models/model.ts";
import type { Run } from "../protocol/mod.ts";
import { TerminalOperator } from "./operator.ts";
import type { Watcher } from "./watcher.ts";
import type { Writer } from "./writer.ts";

export interface AttendanceOptions {
  readonly model: Model;
  readonly writer: Writer;
  /** Ends every question. */
  readonly signal: AbortSignal;
}

/** An operator who watches, as somebody does. */
export interface Attendance {
  readonly operator: TerminalOperator;
  /** The operator's question after an answer; undefined when there is none, or who answers reads no words. */
  nextQuestion(): Promise<string | undefined>;
}

/** Undefined when nobody watches. */
export function attendanceOf(watcher: Watcher | undefined, options: AttendanceOptions): Attendance | undefined {
  if (watcher === undefined) return undefined;
  const { terminal } = watcher;
  const { model, writer, signal } = options;
  const reads_words = model.name !== "expert";
  const prompt = `\n${writer.notePaint("bold", "A question about this? (Enter: none)")} `;
  return {
    operator: new TerminalOperator({ ...watcher, writer, signal, reads_words }),
    async nextQuestion(): Promise<string | undefined> {
      if (!reads_words || signal.aborted || !terminal.isHeeded()) return undefined;
      const line = await terminal.talk((ask) => ask(prompt, signal));
      return typeof line === "object" && line.text.trim() !== "" ? line.text.trim() : undefined;
    },
  };
}

/**
 * The diagnosis, and then an answer to each question of the operator.
 *
 * @param on_question called before each question is asked
 */
export async function* runsOf(
  conversation: Conversation,
  attendance: Attendance | undefined,
  on_question: () => void,
): AsyncGenerator<Run> {
  yield await attended(attendance, () => conversation.diagnose());
  for (let question = await attendance?.nextQuestion(); question !== undefined;) {
    const asked = question;
    on_question();
    yield await attended(attendance, () => conversation.followUp(asked));
    question = await attendance?.nextQuestion();
  }
}

async function attended(attendance: Attendance | undefined, run: () => Promise<Run>): Promise<Run> {
  await using _listening = attendance?.operator.attend();
  return await run();
}
