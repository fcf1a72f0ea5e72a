/** From what was seen to a verdict: findings in order, each fault once. */
import type { CollectorReport, HealthFinding, Severity, Verdict } from "../protocol/snapshot.ts";

const GRAVITY: Readonly<Record<Severity, number>> = { critical: 2, warning: 1 };
/** Less than this of what the host has was read: then silence says nothing. */
const ENOUGH_SHARE = 0.5;

/**
 * The verdict of the gravest finding. Without one the host is OK, unless too little could be read to tell: half of the
 * collectors that have a subject here failed, or there were none.
 */
export function verdictOf(findings: readonly HealthFinding[], collectors: readonly CollectorReport[]): Verdict {
  const [gravest] = inOrder(findings);
  if (gravest !== undefined) return gravest.severity;
  const present = collectors.filter(({ state }) => state !== "absent");
  const read = present.filter(({ state }) => state !== "failed");
  return read.length > present.length * ENOUGH_SHARE ? "ok" : "unknown";
}

/** The gravest first; those of the same gravity as they came. */
export function inOrder(findings: readonly HealthFinding[]): readonly HealthFinding[] {
  return findings.toSorted((a, b) => GRAVITY[b.severity] - GRAVITY[a.severity]);
}

/**
 * Puts findings of the same fault together: the words of the first, the evidence of all, the gravest severity. Findings
 * of one fault have one id, and name the same thing, or one of them names none (a counter of the whole host).
 */
export function merged(findings: readonly HealthFinding[]): readonly HealthFinding[] {
  const kept: HealthFinding[] = [];
  for (const finding of findings) {
    const at = kept.findIndex((other) => isSameFault(other, finding));
    const other = kept[at];
    if (other === undefined) kept.push(finding);
    else kept[at] = together(other, finding);
  }
  return kept;
}

function isSameFault(one: HealthFinding, other: HealthFinding): boolean {
  if (one.id !== other.id) return false;
  return one.of === other.of || one.of === undefined || other.of === undefined;
}

function together(one: HealthFinding, other: HealthFinding): HealthFinding {
  const [words, more] = one.of === undefined && other.of !== undefined ? [other, one] : [one, other];
  return {
    ...words,
    severity: GRAVITY[more.severity] > GRAVITY[words.severity] ? more.severity : words.severity,
    evidence: [...new Set([...words.evidence, ...more.evidence])],
  };
}
