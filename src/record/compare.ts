/** What two models made of the same evidence. */
import type { Run, Verdict } from "../protocol/mod.ts";

/** A run in the figures by which it is compared. */
export function verdictOf({ model, resolution, evidence_check, turns, failure }: Run): Verdict {
  const checked = evidence_check?.claims ?? [];
  const of = (status: "verified" | "unsupported" | "contradicted"): number =>
    checked.filter((claim) => claim.status === status).length;
  const claims = resolution?.findings?.length ?? 0;
  const given_confidence = evidence_check?.given_confidence;
  return {
    model,
    ...(resolution === undefined ? {} : { root_cause: resolution.root_cause, confidence: resolution.confidence }),
    ...(given_confidence === undefined ? {} : { given_confidence }),
    claims: {
      verified: of("verified"),
      unsupported: of("unsupported"),
      contradicted: of("contradicted"),
      unchecked: Math.max(0, claims - checked.length),
    },
    rounds: turns.length,
    ...(failure === undefined ? {} : { failure: failure.message }),
  };
}
