/** One turn: what a diagnostic reply asks for is run on this host. */
import type { StartPrograms } from "../probes/mod.ts";
import type { CommandRequest, CommandResult, DiagnosticReply, EbpfResults, Turn } from "../protocol/mod.ts";
import { distinctNames } from "./distinct_names.ts";
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
  const on_progress = options.on_progress ?? ((): void => {});
  const signal = options.signal ?? new AbortController().signal;
  const commands = distinctNames(request.commands.map(({ id }) => id), options.taken_ids)
    .map((id, index) => ({ ...request.commands[index], id }) as CommandRequest);
  const programs = distinctNames(request.ebpf_programs.map(({ name }) => name))
    .map((name, index) => ({ ...request.ebpf_programs[index], name }) as DiagnosticReply["ebpf_programs"][number]);

  const running = await hands.startPrograms(programs);
  const stop = (): void => running.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    on_progress({ kind: "programs_started", starts: running.starts });
    const ebpf_results = running.results.then((results) => {
      on_progress({ kind: "programs_ended", results });
      return results;
    });
    const [command_results] = await Promise.all([runCommands(commands, hands.runCommand, { signal, on_progress }), ebpf_results]);
    return { command_results, ebpf_results: await ebpf_results };
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
