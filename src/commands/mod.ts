/** May a shell command of an AI run, and how it runs. */
export type { Limits } from "./execute.ts";
export { judge } from "./judge.ts";
export { allowedPrograms } from "./programs/mod.ts";
export { runCommand } from "./run_command.ts";
export type { Refusal, Verdict } from "./verdict.ts";
