/** May a shell command of an AI run, and how it runs. */
export type { Limits } from "./execute.ts";
export { judge } from "./policy/judge.ts";
export { allowedPrograms } from "./policy/programs/mod.ts";
export { runCommand } from "./run_command.ts";
export type { Refusal, Verdict } from "./policy/verdict.ts";
