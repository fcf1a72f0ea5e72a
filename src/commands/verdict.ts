/** What the policy says about a command line. */

export interface Refusal {
  /** Stable id, for example `find/exec`. */
  readonly rule: string;
  /** For the asker: what is refused, why, and what to ask instead. */
  readonly reason: string;
}

export type Verdict = { readonly kind: "allowed" } | ({ readonly kind: "refused" } & Refusal);

export function refusal(rule: string, reason: string): Refusal {
  return { rule, reason };
}
