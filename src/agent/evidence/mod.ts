/** Does a resolution stand on what this run captured? */
import {
  allResults,
  type CheckedClaim,
  citedResults,
  type EvidenceCheck,
  evidenceIds,
  type Host,
  type ResolutionReply,
  type Turn,
} from "../../protocol/mod.ts";
import { type Captured, checkClaim, type Judged, type Statement } from "./claim.ts";
import { complaintAbout } from "./complaint.ts";
import { type Confidence, confidenceIn, gradeOf } from "./confidence.ts";
import { againstHealth } from "./health.ts";
import { processNamesOf } from "./rules/processes.ts";
import { backgroundOf, Source } from "./source.ts";
import { statementsOf } from "./statements.ts";

export interface CheckedResolution {
  /** As given, but for a confidence that the evidence does not support. */
  readonly resolution: ResolutionReply;
  readonly evidence_check: EvidenceCheck;
  /**
   * What is told to the model, so that it corrects its claims; absent when all is fine. It has real values of the host:
   * it passes through `Outbound` like all that leaves.
   */
  readonly complaint?: string;
}

/** What the model was told beside the results. */
export interface Told {
  readonly host?: Host;
  readonly issue?: string;
}

/**
 * Holds a resolution against the evidence of the run.
 *
 * Each finding is held against the results that it names, each sentence of `root_cause` and `ebpf_evidence` that can be
 * looked up against all of them, and an answer that calls the host healthy against what speaks for the contrary. The
 * confidence is lowered as {@link confidenceIn} says; `given_confidence` then has what the model said.
 *
 * @param turns what ran, and what came of it
 */
export function checkEvidence(
  resolution: ResolutionReply,
  turns: readonly Turn[],
  told: Told = {},
): CheckedResolution {
  const captured = capture(turns, told);
  const judged = [
    ...statementsOf(resolution, captured).flatMap((statement: Statement) => checkClaim(statement, captured) ?? []),
    ...againstHealth(resolution, captured),
  ];
  const { confidence, why } = confidenceIn(resolution, { judged, captured });
  const unknown_evidence = unknownIn(resolution, turns);
  const lowered = why === undefined ? undefined : noteOf(resolution.confidence, { confidence, why });
  const notes = [
    ...unknown_evidence.map(({ claim, ids }) => `No result of this run is called ${ids.join(", ")}: "${claim}"`),
    ...speakingAgainst(judged),
    ...(lowered === undefined ? [] : [lowered]),
  ];
  const complaint = complaintAbout({ judged, unknown_evidence, lowered });
  return {
    resolution: { ...resolution, confidence },
    evidence_check: {
      ...(confidence === resolution.confidence ? {} : { given_confidence: resolution.confidence }),
      unknown_evidence,
      ...(judged.length === 0 ? {} : { claims: judged.map(plainClaim) }),
      notes,
    },
    ...(complaint === undefined ? {} : { complaint }),
  };
}

function capture(turns: readonly Turn[], { host, issue = "" }: Told): Captured {
  const sources = allResults(turns).map((cited) => new Source(cited));
  const listed = sources.flatMap(({ command }) => command ? psNames(command.stdout) : []);
  const processes = new Set([
    ...sources.flatMap(processNamesOf),
    ...listed,
    ...(host?.figures.top_cpu ?? []).map(({ process_name }) => process_name),
  ]);
  const vocabulary = { ids: evidenceIds(turns), processes };
  return { turns, sources, vocabulary, background: backgroundOf(host), host, issue };
}

/** Last words of lines that begin as `ps` rows do. */
function psNames(stdout: string): readonly string[] {
  return [...stdout.matchAll(/^\s*(?:[a-z_][\w+-]*\s+)?\d+\s+.*?\s([A-Za-z][\w.-]+)$/gm)].map(([, name = ""]) => name);
}

function unknownIn({ findings = [] }: ResolutionReply, turns: readonly Turn[]): EvidenceCheck["unknown_evidence"] {
  return findings
    .map(({ claim, evidence }) => ({ claim, ids: evidence.filter((id) => citedResults(id, turns).length === 0) }))
    .filter(({ ids }) => ids.length > 0);
}

/** The reverse check: what contradicts a claim and is not among what it names. */
function speakingAgainst(judged: readonly Judged[]): readonly string[] {
  const notes = judged.filter(({ against }) => against.length > 0)
    .map(({ claim, against }) =>
      `Speaks against "${claim}": ${[...new Set(against.map(({ says }) => says))].join("; ")}`
    );
  return [...new Set(notes)];
}

function noteOf(
  given: Confidence,
  { confidence, why }: { readonly confidence: Confidence; readonly why: string },
): string {
  return gradeOf(confidence) === gradeOf(given) ? why : `Confidence lowered from ${given} to ${confidence}: ${why}`;
}

function plainClaim({ claim, evidence, status, why, part }: Judged): CheckedClaim {
  return { claim, evidence, status, why, ...(part === undefined ? {} : { part }) };
}
