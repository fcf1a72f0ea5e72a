/** The diagnosis: ask, run what is asked for, hand back what was seen, until the answer is a resolution. */
import { type Answer, type Message, type Model, ModelError, type Question } from "../models/model.ts";
import type { EvidenceCheck, Failure, Host, ResolutionReply, Run, Turn } from "../protocol/mod.ts";
import { checkEvidence, evidenceIds } from "./evidence.ts";
import type { OnProgress } from "./progress.ts";
import { openingMessages, turnMessages } from "./transcript.ts";
import { type Hands, runTurn } from "./turn.ts";

/** Answers that a model may give before ktriage stops, the resolution included. */
export const DEFAULT_MAX_ROUNDS = 8;

export interface DiagnoseOptions {
  /** The problem, in the words of who has it. */
  readonly issue: string;
  readonly host: Host;
  readonly model: Model;
  readonly hands: Hands;
  /** Default {@link DEFAULT_MAX_ROUNDS}; at least 1. */
  readonly max_rounds?: number;
  /** Ends the diagnosis: what runs is stopped, what it saw is kept, the model is not asked again. */
  readonly signal?: AbortSignal;
  readonly on_progress?: OnProgress;
}

/** What a diagnosis has so far, whatever becomes of it. */
interface Gathered {
  readonly turns: Turn[];
  episode_id?: string;
}

type Outcome =
  | { readonly resolution: ResolutionReply; readonly evidence_check: EvidenceCheck }
  | { readonly failure: Failure };

/**
 * Runs a whole diagnosis.
 *
 * @returns the run's document: everything gathered, with a resolution, or with the failure that took its place
 * @throws {RangeError} max_rounds is not a whole number of at least 1
 */
export async function diagnose(options: DiagnoseOptions): Promise<Run> {
  const {
    issue,
    host,
    model,
    max_rounds = DEFAULT_MAX_ROUNDS,
    signal = new AbortController().signal,
    on_progress = () => {},
  } = options;
  if (!Number.isInteger(max_rounds) || max_rounds < 1) {
    throw new RangeError(`The limit of rounds must be a whole number of at least 1, not ${max_rounds}`);
  }
  const start_time = new Date().toISOString();
  const gathered: Gathered = { turns: [] };
  const outcome = await converse({ ...options, max_rounds, signal, on_progress }, gathered);
  return {
    schema: "ktriage.run/1",
    issue,
    host,
    model: model.name,
    start_time,
    end_time: new Date().toISOString(),
    ...gathered,
    ...outcome,
  };
}

async function converse(options: Required<DiagnoseOptions>, gathered: Gathered): Promise<Outcome> {
  const { issue, host, model, hands, max_rounds, signal, on_progress } = options;
  const { turns } = gathered;
  const messages: Message[] = [...openingMessages({ issue, host, max_rounds })];
  for (let round = 1; round <= max_rounds; round++) {
    if (signal.aborted) return { failure: interrupted(turns) };
    const rounds_left = max_rounds - round + 1;
    on_progress({ kind: "asking", round, max_rounds });
    const answer = await ask(model, { issue, host, turns, messages, rounds_left }, signal);
    if ("failure" in answer) return answer;
    if (answer.episode_id !== undefined) gathered.episode_id = answer.episode_id;
    const { reply, raw } = answer;
    on_progress({ kind: "reply", round, reply });
    if (reply.response_type === "resolution") return checkEvidence(reply, turns);
    if (rounds_left === 1) break;
    const results = await runTurn(reply, hands, { signal, on_progress, taken_ids: evidenceIds(turns) });
    const turn = { request: reply, ...results };
    turns.push(turn);
    messages.push(...turnMessages({ raw, turn, rounds_left: rounds_left - 1 }));
  }
  return { failure: limitReached(max_rounds) };
}

async function ask(
  model: Model,
  question: Question,
  signal: AbortSignal,
): Promise<Answer | { readonly failure: Failure }> {
  try {
    return await model.answer(question, { signal });
  } catch (error) {
    if (signal.aborted) return { failure: interrupted(question.turns) };
    if (error instanceof ModelError) return { failure: { kind: "model", message: error.message, hint: error.hint } };
    throw error;
  }
}

function interrupted(turns: readonly Turn[]): Failure {
  return {
    kind: "interrupted",
    message: turns.length === 0
      ? "The diagnosis was interrupted before anything was captured."
      : "The diagnosis was interrupted before a conclusion; what was captured until then is kept.",
  };
}

function limitReached(max_rounds: number): Failure {
  return {
    kind: "limit",
    message: `No conclusion after ${max_rounds} ${max_rounds === 1 ? "round" : "rounds"}: ` +
      "the model still asked for more when it had to conclude. What was captured is kept.",
    hint: "Read the results gathered so far, describe the problem more narrowly, or allow more rounds.",
  };
}
