/** One turn: what a diagnostic reply asks for is run on this host. */
import type { StartPrograms } from "../probes/mod.ts";
import type { CommandRequest, CommandResult, DiagnosticReply, Turn } from "../protocol/mod.ts";
import { nameGiver } from "../probes/names.ts";
import type { OnProgress } from "./progress.ts";

/** Commands of one turn that run at once: enough to overlap waits, too few to disturb the host that is looked at. */
export const MAX_COMMANDS_AT_ONCE = 4;

/** Runs one command; whatever the command does, or why it may not run, is told in the result. */
export type RunCommand = (
  request: CommandRequest,
  options: { readonly signal: AbortSignal },
) => Promise<CommandResult>;

/** What touches the host. */
export interface Hands {
  readonly startPrograms: StartPrograms;
  readonly runCommand: RunCommand;
  /**
   * Begun before a turn's commands, and disposed of behind them: what makes them start sooner. Never before the programs
   * are started: only what ktriage starts after them is known as its own, and not traced.
   */
  readonly readyForCommands?: () => AsyncDisposable;
}

export interface TurnOptions {
  /** Ends tracing and commands early; what was seen until then is returned. */
  readonly signal?: AbortSignal;
  readonly on_progress?: OnProgress;
  /** Ids of earlier results: a command that asks for one of them gets another, so that evidence stays unambiguous. */
  readonly taken_ids?: ReadonlySet<string>;
}

/**
 * Starts the programs, runs the commands while they trace, and waits until the programs end at their own durations.
 *
 * Command results come in the order of the request. An id, or a program's name, that occurs twice gets a number
 * appended (`disk`, `disk_2`), so that no result hides another.
 */
export async function runTurn(
  request: DiagnosticReply,
  hands: Hands,
  options: TurnOptions = {},
): Promise<Omit<Turn, "request">> {
  const { signal = new AbortController().signal, on_progress = ignore } = options;
  const idFor = nameGiver(options.taken_ids);
  const nameFor = nameGiver();
  const commands = request.commands.map((command) => ({ ...command, id: idFor(command.id) }));
  const programs = request.ebpf_programs.map((program) => ({ ...program, name: nameFor(program.name) }));

  const running = await hands.startPrograms(programs);
  const stop = (): void => running.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    on_progress({ kind: "programs_started", starts: running.starts });
    const command_results = await runAllCommands(commands, hands, { signal, on_progress });
    const ebpf_results = await running.results;
    on_progress({ kind: "programs_ended", results: ebpf_results });
    return { command_results, ebpf_results };
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

function ignore(): void {}

async function runAllCommands(
  commands: readonly CommandRequest[],
  { runCommand, readyForCommands }: Hands,
  options: { readonly signal: AbortSignal; readonly on_progress: OnProgress },
): Promise<CommandResult[]> {
  if (commands.length === 0) return [];
  await using _ready = readyForCommands?.();
  return await runCommands(commands, runCommand, options);
}

async function runCommands(
  commands: readonly CommandRequest[],
  runCommand: RunCommand,
  { signal, on_progress }: { readonly signal: AbortSignal; readonly on_progress: OnProgress },
): Promise<CommandResult[]> {
  const results: CommandResult[] = [];
  const queue = commands.entries();
  // Workers share the iterator: each takes the next command that nobody has taken yet.
  const worker = async (): Promise<void> => {
    for (const [index, command] of queue) {
      if (!signal.aborted) on_progress({ kind: "command_started", command });
      const result = signal.aborted
        ? notRun(command, "interrupted before it started")
        : await runCommand(command, { signal }).catch((error) => notRun(command, reason(error)));
      results[index] = result;
      on_progress({ kind: "command_ended", result });
    }
  };
  await Promise.all(Array.from({ length: MAX_COMMANDS_AT_ONCE }, worker));
  return results;
}

function notRun({ id, command, description }: CommandRequest, error: string): CommandResult {
  return {
    id,
    command,
    ...(description === undefined ? {} : { description }),
    exit_code: null,
    stdout: "",
    stderr: "",
    duration_ms: 0,
    error,
  };
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
