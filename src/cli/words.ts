/** Words that a subcommand takes and its row of the table names; apart from its code, which loads only when it runs. */
export const PROBE_ACTIONS = ["resolve", "list"] as const;
export const POLICY_ACTIONS = ["explain", "list"] as const;
export const TOOL_ACTIONS = ["list", "run"] as const;
export const SOLVED = ["yes", "no"] as const;
/** Shells that `ktriage completion` knows. */
export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];
/** What `--fail-on` of `ktriage snapshot` and `ktriage diff` takes. */
export const FAIL_ON = ["warning", "critical", "change"] as const;
export const DIAGNOSE_ON = ["on-warning", "on-critical"] as const;
