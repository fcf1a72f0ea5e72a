/** Does a resolution stand on what this run captured? First version: ids exist, and something was captured at all. */
import type { CommandResult, EbpfResult, EvidenceCheck, ResolutionReply, Turn } from "../protocol/mod.ts";

export interface CheckedResolution {
  /** As given, but for a confidence that nothing captured supports. */
  readonly resolution: ResolutionReply;
  readonly evidence_check: EvidenceCheck;
}

/**
 * Holds a resolution against the evidence of the run.
 *
 * A claim that points at an id which no result has is listed. With no evidence in hand (nothing ran, or every claim
 * points at unknown ids only) the confidence is lowered to Low, and the notes say so.
 */
export function checkEvidence(resolution: ResolutionReply, turns: readonly Turn[]): CheckedResolution {
  const known = evidenceIds(turns);
  const findings = resolution.findings ?? [];
  const unknown_evidence = findings
    .map(({ claim, evidence }) => ({ claim, ids: evidence.filter((id) => !known.has(id)) }))
    .filter(({ ids }) => ids.length > 0);
  const notes = unknown_evidence.map(({ claim, ids }) =>
    `No result of this run is called ${ids.join(", ")}: "${claim}"`
  );

  const missing = missingEvidence(resolution, { turns, known });
  if (missing === undefined || resolution.confidence === "Low") {
    return {
      resolution,
      evidence_check: { unknown_evidence, notes: missing === undefined ? notes : [...notes, missing] },
    };
  }
  const given_confidence = resolution.confidence;
  return {
    resolution: { ...resolution, confidence: "Low" },
    evidence_check: {
      given_confidence,
      unknown_evidence,
      notes: [...notes, `Confidence lowered from ${given_confidence} to Low: ${missing}`],
    },
  };
}

/** Why nothing captured supports the resolution; undefined when something does. */
function missingEvidence(
  { findings = [] }: ResolutionReply,
  { turns, known }: { readonly turns: readonly Turn[]; readonly known: ReadonlySet<string> },
): string | undefined {
  if (!turns.some(capturedSomething)) return "no command and no eBPF program of this run gave evidence";
  // Without findings (they are optional) there is nothing to hold against the ids.
  if (findings.length > 0 && !findings.some(({ evidence }) => evidence.some((id) => known.has(id)))) {
    return "none of its claims points at evidence of this run";
  }
  return undefined;
}

function capturedSomething(turn: Turn): boolean {
  return turn.command_results.some(ran) || Object.values(turn.ebpf_results).some(traced);
}

function ran(result: CommandResult): boolean {
  return result.refused === undefined && result.error === undefined;
}

function traced(result: EbpfResult): boolean {
  return result.error === undefined;
}

/** Ids of commands, keys of eBPF results, and the programs' names: models cite a program by either. */
export function evidenceIds(turns: readonly Turn[]): ReadonlySet<string> {
  return new Set(turns.flatMap((turn) => [
    ...turn.command_results.map(({ id }) => id),
    ...Object.keys(turn.ebpf_results),
    ...Object.values(turn.ebpf_results).map(({ program_name }) => program_name),
  ]));
}
