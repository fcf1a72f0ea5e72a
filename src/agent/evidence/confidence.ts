/** How sure an answer may be, given what became of its claims. */
import { citedResults, type ResolutionReply } from "../../protocol/mod.ts";
import type { Captured, Judged } from "./claim.ts";

export type Confidence = ResolutionReply["confidence"];

const GRADES: readonly Confidence[] = ["Low", "Medium", "High"];

export function gradeOf(confidence: Confidence): number {
  return GRADES.indexOf(confidence);
}

/**
 * The confidence that the evidence allows; never more than the model said.
 *
 * | what was found | at most |
 * |---|---|
 * | nothing ran, or all findings name results that do not exist | Low |
 * | a claim is contradicted | Low |
 * | more than half of the claims are unsupported | Low |
 * | a claim is unsupported | Medium |
 * | no claim is verified: the answer names no evidence | Medium |
 *
 * Claims of which nothing can be compared (values that were taken out) do not count.
 */
export function confidenceIn(
  { confidence, findings = [] }: ResolutionReply,
  { judged, captured: { sources, turns } }: { readonly judged: readonly Judged[]; readonly captured: Captured },
): { readonly confidence: Confidence; readonly why?: string } {
  const counted = judged.filter(({ counts }) => counts);
  const having = (status: Judged["status"]): number => counted.filter((claim) => claim.status === status).length;
  const [contradicted, unsupported] = [having("contradicted"), having("unsupported")];
  const limit = (at_most: Confidence, why: string): { readonly confidence: Confidence; readonly why?: string } =>
    gradeOf(confidence) > gradeOf(at_most) ? { confidence: at_most, why } : { confidence };

  if (!sources.some(({ not_run }) => not_run === undefined)) {
    return { ...limit("Low", ""), why: "no command and no eBPF program of this run gave evidence" };
  }
  if (
    findings.length > 0 && !findings.some(({ evidence }) => evidence.some((id) => citedResults(id, turns).length > 0))
  ) {
    return { ...limit("Low", ""), why: "none of its claims points at evidence of this run" };
  }
  if (contradicted > 0) return limit("Low", `${claims(contradicted)} contradicted by what was captured`);
  if (unsupported * 2 > counted.length) {
    return limit("Low", `${unsupported} of ${counted.length} claims are not supported by what was captured`);
  }
  if (unsupported > 0) return limit("Medium", `${claims(unsupported)} not supported by what was captured`);
  if (having("verified") === 0) return limit("Medium", "it names no evidence for its claims");
  return { confidence };
}

function claims(count: number): string {
  return count === 1 ? "one claim is" : `${count} claims are`;
}
