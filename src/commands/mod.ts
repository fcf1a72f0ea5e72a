/** May a shell command of an AI run, who is asked, and how it runs. */
export type { Execution, Limits } from "./execute.ts";
export { type Answer, Approvals, type Ask, type Decision, type Question } from "./approval.ts";
export { explain, type Explanation, type ListedProgram, listPrograms, type Step } from "./policy/explain.ts";
export { judge } from "./policy/judge.ts";
export { NO_RULES, operatorRules, ruleFault, type Rules } from "./policy/operator.ts";
export { allowedPrograms } from "./policy/programs/mod.ts";
export { type CommandWatch, runCommand, type RunOptions } from "./run_command.ts";
export type { Piece, Refusal, Verdict } from "./policy/verdict.ts";
