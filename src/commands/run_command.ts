/** Runs one command that an AI asked for, when the policy allows it. */
import type { CommandRequest, CommandResult } from "../protocol/mod.ts";
import { execute, type Execution, type Limits } from "./execute.ts";
import { judge } from "./policy/judge.ts";
import type { Captured } from "./output.ts";

/**
 * Judges and runs a command. Never throws for what the command does: a refusal, a time limit or a missing shell stands
 * in the result.
 *
 * @param options limits: 30 s and 64 KiB of each stream where they are left out
 */
export async function runCommand(request: CommandRequest, options: Limits = {}): Promise<CommandResult> {
  const named = {
    id: request.id,
    command: request.command,
    ...(request.description === undefined ? {} : { description: request.description }),
  };
  const notRun = { ...named, exit_code: null, stdout: "", stderr: "", duration_ms: 0 };
  const verdict = judge(request.command);
  if (verdict.kind === "refused") return { ...notRun, refused: { rule: verdict.rule, reason: verdict.reason } };
  if (options.signal?.aborted) return { ...notRun, error: "It was not run: the diagnosis had been stopped before." };
  try {
    return { ...named, ...resultOf(await execute(request.command, options)) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...notRun, error: `Cannot run it with /bin/sh: ${why}` };
  }
}

function resultOf(execution: Execution): Omit<CommandResult, "id" | "command"> {
  const truncated = [cutOf("stdout", execution.stdout), cutOf("stderr", execution.stderr)].filter((cut) =>
    cut !== undefined
  );
  return {
    exit_code: execution.exit_code,
    ...(execution.signal === null ? {} : { signal: execution.signal }),
    stdout: execution.stdout.text,
    stderr: execution.stderr.text,
    duration_ms: execution.duration_ms,
    ...(execution.ended === "timeout" ? { timed_out: true } : {}),
    ...(execution.ended === "abort" ? { error: "It was ended before it was done: the diagnosis was stopped." } : {}),
    ...(truncated.length === 0 ? {} : { truncated: truncated.join("; ") }),
  };
}

function cutOf(stream: string, { cut_bytes, total_bytes }: Captured): string | undefined {
  return cut_bytes === 0 ? undefined : `${stream}: ${cut_bytes} of ${total_bytes} bytes cut in the middle`;
}
