/** What the model is told about claims that do not hold, once, so that it corrects them. */
import type { EvidenceCheck } from "../../protocol/mod.ts";
import type { Judged } from "./claim.ts";

const MAX_CLAIMS = 8;
const MAX_CLAIM_LENGTH = 160;

/** @returns undefined when there is nothing to complain about */
export function complaintAbout(
  { judged, unknown_evidence, lowered }: {
    readonly judged: readonly Judged[];
    readonly unknown_evidence: EvidenceCheck["unknown_evidence"];
    readonly lowered: string | undefined;
  },
): string | undefined {
  const wrong = judged.filter(({ status, counts }) => status !== "verified" && counts);
  const listed = new Set(wrong.map(({ claim }) => claim));
  const lines = [
    ...wrong.slice(0, MAX_CLAIMS).map(({ claim, part, status, why }) =>
      `- ${PLACES[part ?? "finding"]} "${shortened(claim)}" is ${status}: ${why}.`
    ),
    ...(wrong.length > MAX_CLAIMS ? [`- … and ${wrong.length - MAX_CLAIMS} more.`] : []),
    ...unknown_evidence.filter(({ claim }) => !listed.has(claim)).map(({ claim, ids }) =>
      `- The finding "${shortened(claim)}" cites ${ids.join(", ")}, which no result is called.`
    ),
  ];
  // an answer that names no evidence at all has no claim to list
  if (lines.length === 0) {
    return lowered === undefined ? undefined : `Your resolution cannot be shown as it is. ${lowered}. ${ASK}`;
  }
  return `Your resolution was held against the results. This does not stand on them:\n${lines.join("\n")}\n${ASK}`;
}

const PLACES = { finding: "The finding", root_cause: "In root_cause,", ebpf_evidence: "In ebpf_evidence," } as const;

const ASK =
  "Reply with the whole resolution again: correct or leave out what does not hold, take numbers and names from the " +
  "results as they stand there, and let each finding cite the ids that show it. If the cause is not shown, say that the evidence is insufficient.";

function shortened(text: string): string {
  return text.length <= MAX_CLAIM_LENGTH ? text : `${text.slice(0, MAX_CLAIM_LENGTH)}…`;
}
