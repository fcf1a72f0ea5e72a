/** The first evidence of a case: what the built-in expert asks before it concludes. */
import type { OnProgress } from "../agent/progress.ts";
import { type Hands, runTurn } from "../agent/turn.ts";
import { createExpert } from "../models/expert/mod.ts";
import type { Host, Turn } from "../protocol/mod.ts";

const COLLECTED = "ktriage asked this by itself on the host, before a model could be reached.";

export interface CollectOptions {
  readonly issue: string;
  readonly host: Host;
  readonly hands: Hands;
  /** Answers that the whole case may have, the model's included. */
  readonly max_rounds: number;
  /** Ends tracing and commands; what was seen until then is kept. */
  readonly signal: AbortSignal;
  readonly on_progress: OnProgress;
  /** What was seen before the expert asks: a snapshot. */
  readonly before?: readonly Turn[];
}

/** Rounds that a closer look leaves to the model: a question, and the answer. */
const LEFT_TO_MODEL = 2;

/**
 * Runs what the expert asks first, and its closer look where that is called for: one turn or two. Each carry of the file
 * is worth more than a round at a gateway.
 */
export async function collectTurns(options: CollectOptions): Promise<readonly Turn[]> {
  const { issue, host, hands, max_rounds, signal, on_progress, before = [] } = options;
  const expert = createExpert();
  const turns: Turn[] = [...before];
  for (let rounds_left = max_rounds; !signal.aborted; rounds_left--) {
    if (turns.length > before.length && rounds_left <= LEFT_TO_MODEL) break;
    const { reply } = await expert.answer({ issue, host, turns, messages: [], rounds_left }, { signal });
    if (reply.response_type === "resolution") break;
    on_progress({ kind: "reply", round: turns.length + 1, reply });
    const results = await runTurn(reply, hands, { signal, on_progress, earlier: turns });
    turns.push({ request: reply, ...results, notes: [COLLECTED] });
  }
  return turns;
}
