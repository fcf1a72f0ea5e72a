/** How a conversation ends: with a resolution, or with the failure that took its place. */
import { ModelError } from "../models/model.ts";
import type { EvidenceCheck, Failure, ResolutionReply, Turn } from "../protocol/mod.ts";
import type { Budget } from "./budget/budget.ts";

export interface Resolved {
  readonly resolution: ResolutionReply;
  readonly evidence_check: EvidenceCheck;
}

export interface Failed {
  readonly failure: Failure;
}

export type Outcome = Resolved | Failed;

/** Of two answers the one that stands better on the evidence; the second one where they stand alike. */
export function better(first: Resolved | undefined, second: Resolved): Resolved {
  return first !== undefined && standing(first) > standing(second) ? first : second;
}

/** A claim that is contradicted does more harm than one that is only not supported. */
const WEIGHT = { verified: 1, unsupported: -1, contradicted: -2 } as const;

function standing({ evidence_check: { claims = [], unknown_evidence } }: Resolved): number {
  return claims.reduce((sum, { status }) => sum + WEIGHT[status], 0) - unknown_evidence.length;
}

/** The failure that a model's error is. */
export function failureOf({ message, hint }: ModelError): Failed {
  return { failure: { kind: "model", message, hint } };
}

export function interrupted(turns: readonly Turn[]): Failed {
  return {
    failure: {
      kind: "interrupted",
      message: turns.length === 0
        ? "The diagnosis was interrupted before anything was captured."
        : "The diagnosis was interrupted before a conclusion; what was captured until then is kept.",
    },
  };
}

/** The operator wanted the answer, and there was none yet. */
export function stopped(): Failed {
  return {
    failure: {
      kind: "interrupted",
      message: "The operator ended the diagnosis, and the model had no answer yet. What was captured is kept.",
    },
  };
}

const NARROWER = "Read the results gathered so far, describe the problem more narrowly, or allow";

export function roundsUsedUp(max_rounds: number): Failed {
  return {
    failure: {
      kind: "limit",
      message: `No conclusion after ${max_rounds} ${max_rounds === 1 ? "round" : "rounds"}: ` +
        "the model still asked for more when it had to conclude. What was captured is kept.",
      hint: `${NARROWER} more rounds.`,
    },
  };
}

/** Time or tokens are gone, or the model asked for more when they nearly were. */
export function budgetUsedUp(which: "time" | "tokens", { max_time_s, max_tokens }: Budget): Failed {
  const [limit, more] = which === "time"
    ? [`${max_time_s} s`, "more time (--max-time)"]
    : [`${max_tokens} tokens`, "more tokens (--max-tokens)"];
  return {
    failure: {
      kind: "limit",
      message: `No conclusion within ${limit}. What was captured is kept.`,
      hint: `${NARROWER} ${more}.`,
    },
  };
}
