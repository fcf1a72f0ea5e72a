/** What became of the claims of an answer, for its report: only those that were not verified are spoken of. */
import type { CheckedClaim, EvidenceCheck, Run } from "../protocol/mod.ts";
import { cut, harmless, wrap } from "./layout.ts";
import type { Style, TextOptions } from "./paint.ts";

const MARGIN = 6;
/** Beyond these the run's document has the rest. */
const MAX_LINES = 3;
/** Of a sentence that is repeated, so as to say which one is meant. */
const QUOTED = 60;

const MARKS: Readonly<Record<Exclude<CheckedClaim["status"], "verified">, readonly [mark: string, style: Style]>> = {
  unsupported: ["?", "yellow"],
  contradicted: ["✗", "red"],
};

/** Below a finding: the mark and the reason; nothing where it is verified, or was not checked. */
export function claimMark(claim: CheckedClaim | undefined, options: TextOptions): readonly string[] {
  return claim === undefined ? [] : marked(claim, claim.why, { ...options, margin: MARGIN });
}

/** Sentences of the root cause and of the kernel events that nothing captured supports; contradictions are notes already. */
export function doubtsElsewhere({ evidence_check }: Run, options: TextOptions): readonly string[] {
  return (evidence_check?.claims ?? [])
    .filter(({ part, status }) => part !== undefined && part !== "finding" && status === "unsupported")
    .flatMap((claim) => marked(claim, `"${cut(claim.claim, QUOTED)}": ${claim.why}`, { ...options, margin: 2 }));
}

/** `, 2 verified, 1 unsupported`; empty where claims were not checked. */
export function countsByStatus(check: EvidenceCheck | undefined): string {
  const findings = (check?.claims ?? []).filter(({ part = "finding" }) => part === "finding");
  const counts = (["verified", "unsupported", "contradicted"] as const)
    .map((status) => ({ status, count: findings.filter((claim) => claim.status === status).length }))
    .filter(({ count }) => count > 0);
  const [only] = counts;
  if (counts.length === 1 && only?.status === "verified" && only.count > 1) return ", all verified";
  return counts.map(({ status, count }) => `, ${count} ${status}`).join("");
}

function marked(
  { status }: CheckedClaim,
  why: string,
  { width, paint, margin }: TextOptions & { readonly margin: number },
): readonly string[] {
  if (status === "verified") return [];
  const [mark, style] = MARKS[status];
  const label = `${mark} ${status}`;
  const lines = wrap(`${label}: ${harmless(why).replace(/\s+/g, " ").trim()}`, width - margin).split("\n");
  const some = lines.slice(0, MAX_LINES);
  if (lines.length > MAX_LINES) some.push(`${some.pop()} …`);
  return some.map((line, index) => {
    const text = cut(line, width - margin);
    return " ".repeat(margin) + (index === 0 ? text.replace(label, paint(style, label)) : text);
  });
}
