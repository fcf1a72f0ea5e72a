/** Runs one command that an AI asked for, when the policy and the operator allow it. */
import type { CommandRequest, CommandResult } from "../protocol/mod.ts";
import { notRun } from "../protocol/not_run.ts";
import { Approvals, type Decision } from "./approval.ts";
import { execute, type Execution, type Limits } from "./execute.ts";
import type { Captured } from "./output.ts";
import type { Runnable, Verdict } from "./policy/verdict.ts";

export interface RunOptions extends Omit<Limits, "full_output"> {
  /** Decides about the command; without it, what needs an operator's yes is refused. */
  readonly approvals?: Approvals;
  /** Told what becomes of the command. */
  readonly watch?: CommandWatch | undefined;
}

/** Keeps what happens to commands, for the operator. */
export interface CommandWatch {
  decided(request: CommandRequest, decision: Decision): void;
  /** Files to make, for all that the command prints. */
  filesFor(request: CommandRequest): OutputFiles;
  ran(request: CommandRequest, run: { readonly execution: Execution; readonly files: OutputFiles }): void;
  /** It could not be run. */
  failed(request: CommandRequest, error: string): void;
}

type OutputFiles = NonNullable<Limits["full_output"]>;

/**
 * Judges and runs a command. Never throws for what the command does: a refusal, a time limit or a missing shell stands
 * in the result.
 *
 * @param options limits: 30 s and 64 KiB of each stream where they are left out
 */
export async function runCommand(request: CommandRequest, options: RunOptions = {}): Promise<CommandResult> {
  const { approvals = new Approvals(), watch, ...limits } = options;
  const named = {
    id: request.id,
    command: request.command,
    ...(request.description === undefined ? {} : { description: request.description }),
  };
  const decision = await approvals.decide(request, options.signal);
  watch?.decided(request, decision);
  if (decision.kind === "refused") return notRun(request, { refused: toldRefusal(decision.refused) });
  const { verdict, approved } = decision;
  const how = { ...changeOf(verdict), ...(approved === undefined ? {} : { approved }) };
  if (options.signal?.aborted) {
    return notRun(request, { error: "It was not run: the diagnosis had been stopped before." });
  }
  try {
    const full_output = watch?.filesFor(request);
    const execution = await start(verdict, { ...limits, ...(full_output === undefined ? {} : { full_output }) });
    if (full_output !== undefined) watch?.ran(request, { execution, files: full_output });
    return { ...named, ...how, ...resultOf(execution) };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    watch?.failed(request, why);
    return { ...notRun(request, { error: `Cannot run it with /bin/sh: ${why}` }), ...how };
  }
}

/** The one place where a command line of an AI becomes a process. */
function start({ runs, shell, needs }: Runnable, limits: Limits): Promise<Execution> {
  return execute(shell === "bash" ? `exec bash -c ${quoted(runs)}` : runs, { ...limits, needs });
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function toldRefusal(
  { rule, reason, alternative, piece }: Extract<
    Awaited<ReturnType<Approvals["decide"]>>,
    { kind: "refused" }
  >["refused"],
): CommandResult["refused"] {
  return {
    rule,
    reason,
    ...(alternative === undefined ? {} : { alternative }),
    ...(piece === undefined ? {} : { piece: piece.text }),
  };
}

/** What runs instead of the asked line, told as well where an operator agreed to it. */
function changeOf(verdict: Verdict & Runnable): Pick<CommandResult, "changed"> {
  if (verdict.kind !== "changed") return {};
  const { rule, reason, runs } = verdict;
  return { changed: { rule, reason, runs } };
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
    sandbox: execution.sandbox,
    ...(execution.notes.length === 0 ? {} : { notes: [...execution.notes] }),
    ...(execution.ended === "timeout" ? { timed_out: true } : {}),
    ...(execution.ended === "abort" ? { error: "It was ended before it was done: the diagnosis was stopped." } : {}),
    ...(truncated.length === 0 ? {} : { truncated: truncated.join("; ") }),
  };
}

function cutOf(stream: string, { cut_bytes, total_bytes }: Captured): string | undefined {
  return cut_bytes === 0 ? undefined : `${stream}: ${cut_bytes} of ${total_bytes} bytes cut in the middle`;
}
