/** What was asked for before in the same words is answered from what is known. */
import { nameGiver } from "../probes/names.ts";
import type { CommandRequest, CommandResult, EbpfProgram, EbpfResult, Turn } from "../protocol/mod.ts";

/** Answers of earlier turns, by what was asked. */
export interface KnownAnswers {
  /** The result of the same command line; undefined where it has to run. */
  command(request: CommandRequest): CommandResult | undefined;
  /** The key and the result of the same program, traced for at least as long. */
  program(request: EbpfProgram): readonly [key: string, result: EbpfResult] | undefined;
}

/**
 * What the turns of a run answer already. A request that says `"again": true` wants a fresh look and is never answered
 * from here; nor is a command that could not be run, which may go better now, nor a program that is to trace longer.
 */
export function knownAnswers(turns: readonly Turn[]): KnownAnswers {
  const commands = new Map<string, CommandResult>();
  const programs = new Map<string, { readonly duration: number; readonly key: string; readonly result: EbpfResult }>();
  for (const turn of turns) {
    for (const result of turn.command_results) {
      const { command, slice, error, repeat_of } = result;
      if (slice === undefined && error === undefined && repeat_of === undefined) commands.set(command.trim(), result);
    }
    for (const [program, key, result] of answeredPrograms(turn)) {
      if (result.repeat_of === undefined) programs.set(sameness(program), { duration: program.duration, key, result });
    }
  }
  return {
    command: (request) => request.again === true ? undefined : commands.get(request.command.trim()),
    program: (request) => {
      const known = programs.get(sameness(request));
      if (request.again === true || known === undefined || known.duration < request.duration) return undefined;
      return [known.key, known.result];
    },
  };
}

/** The programs of a turn with their results; the results go by the names that were given when the turn ran. */
export function* answeredPrograms(
  { request, ebpf_results }: Turn,
): Iterable<readonly [program: EbpfProgram, key: string, result: EbpfResult]> {
  const nameFor = nameGiver();
  const results = new Map(Object.entries(ebpf_results).map(([key, result]) => [result.program_name, { key, result }]));
  for (const program of request.ebpf_programs) {
    const found = results.get(nameFor(program.name));
    if (found !== undefined) yield [program, found.key, found.result];
  }
}

/** Equal for programs that would show the same, however they are called. */
export function sameness({ type, target, filters = {}, capture = [], aggregate }: EbpfProgram): string {
  const sorted = Object.entries(filters).toSorted(([a], [b]) => a < b ? -1 : 1);
  return JSON.stringify([type, target.trim(), sorted, capture.toSorted(), aggregate ?? ""]);
}
