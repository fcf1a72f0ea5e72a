/** When an operator is asked about a command. */

/**
 * `never`: what needs a yes is refused. `risky`: the operator is asked about it. `all`: the operator is asked about
 * every command. What the policy refuses stays refused in every mode.
 */
export const APPROVAL_MODES = ["never", "risky", "all"] as const;
export type ApprovalMode = (typeof APPROVAL_MODES)[number];
