/** The result of a command that did not run. */
import type { CommandRequest } from "./request.ts";
import type { CommandResult } from "./result.ts";

export function notRun(
  { id, command, description }: CommandRequest,
  why: Pick<CommandResult, "error" | "refused"> = {},
): CommandResult {
  return {
    id,
    command,
    ...(description === undefined ? {} : { description }),
    exit_code: null,
    stdout: "",
    stderr: "",
    duration_ms: 0,
    ...why,
  };
}
