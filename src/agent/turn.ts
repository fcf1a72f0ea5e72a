/** One turn: what a diagnostic reply asks for is run on this host. */
import type { StartPrograms } from "../probes/mod.ts";
import { nameGiver } from "../probes/names.ts";
import {
  type CommandRequest,
  type CommandResult,
  type DiagnosticReply,
  type EbpfProgram,
  type EbpfResults,
  evidenceIds,
  isSlice,
  notRun,
  type Turn,
} from "../protocol/mod.ts";
import { type KnownAnswers, knownAnswers } from "./known.ts";
import type { OnProgress } from "./progress.ts";
import { sliceResult } from "./slice.ts";

/** Commands of one turn that run at once: enough to overlap waits, too few to disturb the host that is looked at. */
export const MAX_COMMANDS_AT_ONCE = 4;

/** Runs one command; whatever the command does, or why it may not run, is told in the result. */
export type RunCommand = (
  request: CommandRequest,
  options: { readonly signal: AbortSignal; readonly output_bytes?: number },
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
  /**
   * What the run has gathered before: slices are parts of it, what it answers is not run again, and its ids are taken, so
   * that evidence stays unambiguous.
   */
  readonly earlier?: readonly Turn[];
  /** Kept of each stream of a command's output, in bytes; what the hands keep where it is left out. */
  readonly output_bytes?: number;
}

/** The results of a turn, and what of it was known already. */
export type TurnResults = Omit<Turn, "request">;

/**
 * Starts the programs, runs the commands while they trace, and waits until the programs end at their own durations.
 * What is known from earlier turns is answered from there.
 *
 * Command results come in the order of the request. An id, or a program's name, that occurs twice gets a number
 * appended (`disk`, `disk_2`), so that no result hides another.
 */
export async function runTurn(
  request: DiagnosticReply,
  hands: Hands,
  options: TurnOptions = {},
): Promise<TurnResults> {
  const { signal = new AbortController().signal, on_progress = ignore, earlier = [], output_bytes } = options;
  const known = knownAnswers(earlier);
  const commands = planCommands(request, { known, earlier });
  const programs = planPrograms(request, known);

  const running = await hands.startPrograms(programs.to_run);
  const stop = (): void => running.stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    if (signal.aborted) stop();
    on_progress({ kind: "programs_started", starts: running.starts });
    const to_run = commands.filter((entry) => "command" in entry);
    const limits = { signal, ...(output_bytes === undefined ? {} : { output_bytes }) };
    const ran = await runAllCommands(to_run, hands, { ...limits, on_progress });
    const command_results = commands.flatMap((entry) => "command" in entry ? ran.splice(0, 1) : [entry.answer]);
    const ebpf_results = await running.results;
    on_progress({ kind: "programs_ended", results: ebpf_results });
    const notes = repeatNotes(request, command_results, programs.answers);
    return {
      command_results,
      ebpf_results: { ...ebpf_results, ...programs.answers },
      ...(notes.length === 0 ? {} : { notes }),
    };
  } finally {
    signal.removeEventListener("abort", stop);
    stop();
  }
}

/** A command to run, or the answer to what needs no run. */
type PlannedCommand = CommandRequest | { readonly answer: CommandResult };

function planCommands(
  { commands }: DiagnosticReply,
  { known, earlier }: { readonly known: KnownAnswers; readonly earlier: readonly Turn[] },
): readonly PlannedCommand[] {
  const idFor = nameGiver(evidenceIds(earlier));
  return commands.map((entry) => {
    const id = idFor(entry.id);
    if (isSlice(entry)) return { answer: sliceResult(entry, id, earlier) };
    const result = known.command(entry);
    return result === undefined ? { ...entry, id } : { answer: { ...result, id, repeat_of: result.id } };
  });
}

function planPrograms(
  { ebpf_programs }: DiagnosticReply,
  known: KnownAnswers,
): { readonly to_run: readonly EbpfProgram[]; readonly answers: EbpfResults } {
  const nameFor = nameGiver();
  const to_run: EbpfProgram[] = [];
  const answers: EbpfResults = {};
  for (const program of ebpf_programs) {
    const name = nameFor(program.name);
    const answer = known.program(program);
    if (answer === undefined) {
      to_run.push({ ...program, name });
      continue;
    }
    const [key, result] = answer;
    // The start is a part of the key: another name for the same events.
    const start = /_\d+$/.exec(key)?.[0] ?? "";
    answers[`${name}${start}`] = { ...result, program_name: name, repeat_of: key };
  }
  return { to_run, answers };
}

/** Said where something was not run again: what, and how to have it run. */
function repeatNotes(
  request: DiagnosticReply,
  command_results: readonly CommandResult[],
  programs: EbpfResults,
): string[] {
  const repeated = [
    ...command_results.filter(({ repeat_of }) => repeat_of !== undefined).map(({ id }) => id),
    ...Object.keys(programs),
  ];
  if (repeated.length === 0) return [];
  const everything = repeated.length === request.commands.length + request.ebpf_programs.length;
  return [
    `Asked for before and not run again: ${repeated.join(", ")}. "repeat_of" names the first answer, which this one ` +
    'repeats; "again": true in the request has it run once more.',
    ...(everything ? ["All of this request is a repetition: ask for something new, or conclude."] : []),
  ];
}

function ignore(): void {}

interface CommandOptions {
  readonly signal: AbortSignal;
  readonly output_bytes?: number;
  readonly on_progress: OnProgress;
}

async function runAllCommands(
  commands: readonly CommandRequest[],
  { runCommand, readyForCommands }: Hands,
  options: CommandOptions,
): Promise<CommandResult[]> {
  if (commands.length === 0) return [];
  await using _ready = readyForCommands?.();
  return await runCommands(commands, runCommand, options);
}

async function runCommands(
  commands: readonly CommandRequest[],
  runCommand: RunCommand,
  { on_progress, ...limits }: CommandOptions,
): Promise<CommandResult[]> {
  const results: CommandResult[] = [];
  const queue = commands.entries();
  // Workers share the iterator: each takes the next command that nobody has taken yet.
  const worker = async (): Promise<void> => {
    for (const [index, command] of queue) {
      const stopped = limits.signal.aborted;
      if (!stopped) on_progress({ kind: "command_started", command });
      const result = stopped
        ? notRun(command, { error: "interrupted before it started" })
        : await runCommand(command, limits).catch((error) => notRun(command, { error: reason(error) }));
      results[index] = result;
      on_progress({ kind: "command_ended", result });
    }
  };
  await Promise.all(Array.from({ length: MAX_COMMANDS_AT_ONCE }, worker));
  return results;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
