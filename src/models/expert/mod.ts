/** The built-in expert: answers as a language model would, offline, and the same way every time. */
import type { CommandRequest, Reply, ResolutionReply } from "../../protocol/mod.ts";
import { stringify } from "../../protocol/mod.ts";
import { isSnapshotTurn } from "../../protocol/snapshot_turn.ts";
import type { Answer, Model, Question } from "../model.ts";
import { best, conclude, rank } from "./conclude.ts";
import { diagnose } from "./diagnoses/mod.ts";
import { gatherEvidence } from "./evidence.ts";
import { readIntent } from "./intent.ts";
import { closerLook, firstQuestions, longerLook } from "./questions.ts";

export interface ExpertOptions {
  /** Seconds that each program of the first round traces. Default 10. */
  readonly duration_s?: number;
}

/**
 * Makes the expert. It asks one round by the issue's words and the host's figures; a second one only to look closer at
 * what it found, or to look longer for a fault that comes and goes; then it resolves. It never throws.
 */
export function createExpert(options: ExpertOptions = {}): Model {
  const duration_s = options.duration_s ?? 10;
  return {
    name: "expert",
    answer(question): Promise<Answer> {
      const reply = replyTo(question, { duration_s });
      return Promise.resolve({ reply, raw: stringify(reply) });
    },
  };
}

function replyTo(question: Question, options: { readonly duration_s: number }): Reply {
  const { issue, host, rounds_left } = question;
  const turns = question.turns.filter((turn) => !isSnapshotTurn(turn)); // it has asked for none of that
  const intent = readIntent(issue, host.figures);
  const [first] = turns;
  if (first === undefined) {
    return rounds_left > 1 ? firstQuestions(intent, options) : nothingAsked();
  }
  const evidence = gatherEvidence({ issue, intent, host, turns });
  const ranked = rank(diagnose(evidence), evidence);
  if (turns.length === 1 && rounds_left > 1) {
    const cause = best(ranked);
    const more = unanswered(cause?.follow_up ?? [], evidence.commands);
    if (cause !== undefined && more.length > 0) return closerLook(`A closer look: ${cause.root_cause}`, more);
    if (cause === undefined && intent.intermittent && evidence.programs.length > 0) return longerLook(first.request);
  }
  return conclude(ranked, evidence);
}

function unanswered(
  commands: readonly CommandRequest[],
  answered: ReadonlyMap<string, unknown>,
): readonly CommandRequest[] {
  return commands.filter(({ id }) => !answered.has(id));
}

function nothingAsked(): ResolutionReply {
  return {
    response_type: "resolution",
    root_cause: "Insufficient evidence: no round was left to ask anything of the host.",
    resolution_plan: "1. Run the diagnosis again with at least two rounds.",
    confidence: "Low",
    ebpf_evidence: "",
    findings: [],
  };
}
