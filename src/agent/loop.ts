/** The diagnosis: ask, run what is asked for, hand back what was seen, until the answer is a resolution. */
import { type Answer, type Message, type Model, ModelError } from "../models/model.ts";
import type { EvidenceCheck, Failure, Host, ResolutionReply, Run, Turn } from "../protocol/mod.ts";
import { checkEvidence } from "./evidence.ts";
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

type Outcome =
  | { readonly resolution: ResolutionReply; readonly evidence_check: EvidenceCheck }
  | { readonly failure: Failure };

/**
 * Runs a whole diagnosis.
 *
 * @returns the run's document: everything gathered, with a resolution, or with the failure that took its place
 * @throws {RangeError} max_rounds below 1
 */
export async function diagnose(options: DiagnoseOptions): Promise<Run> {
  const { issue, host, model, max_rounds = DEFAULT_MAX_ROUNDS } = options;
  if (!(max_rounds >= 1)) throw new RangeError(`max_rounds must be at least 1, not ${max_rounds}`);
  const start_time = new Date().toISOString();
  const turns: Turn[] = [];
  const conversation = new Conversation({ ...options, max_rounds, turns });
  const outcome = await conversation.run();
  return {
    schema: "ktriage.run/1",
    issue,
    host,
    model: model.name,
    ...(conversation.episode_id === undefined ? {} : { episode_id: conversation.episode_id }),
    start_time,
    end_time: new Date().toISOString(),
    turns,
    ...outcome,
  };
}
