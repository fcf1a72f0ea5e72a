/** Hands that touch no host: what was captured once is handed out again. */
import { answeredPrograms, sameness } from "../agent/known.ts";
import type { Hands } from "../agent/turn.ts";
import type { RunningPrograms } from "../probes/mod.ts";
import {
  type CommandRequest,
  type CommandResult,
  type DiagnosticReply,
  type EbpfProgram,
  type EbpfResult,
  type EbpfResults,
  isSlice,
  notRun,
  type Turn,
} from "../protocol/mod.ts";

/** Lines and programs that are named to who asks for something else; more would drown the rest. */
const MAX_NAMED = 20;

export interface RecordedHands extends Hands {
  /** What was asked for and is not in the record: command lines, and programs as `type target`. */
  readonly not_recorded: readonly string[];
}

/**
 * Answers a command by the result of the same line, and a program by that of the same one, whatever they are called now;
 * anything else is a result with an error that says what the record holds.
 */
export function recordedHands(turns: readonly Turn[]): RecordedHands {
  const commands = new Recorded(
    turns.flatMap(({ command_results }) => command_results.filter(wasRun).map(commandEntry)),
  );
  const programs = new Recorded(turns.flatMap(programEntries));
  const not_recorded: string[] = [];
  return {
    not_recorded,
    runCommand: (request) => {
      const found = commands.take([commandName(request), request.command]);
      if (found !== undefined) return Promise.resolve(renamedResult(found, request));
      not_recorded.push(request.command);
      return Promise.resolve(notRecorded(request, commands.names));
    },
    startPrograms: (asked) =>
      Promise.resolve(traced(asked.map((program): TracedProgram => {
        const found = programs.take([programName(program), sameness(program)]);
        if (found !== undefined) return renamedProgram(found, program);
        not_recorded.push(`${program.type} ${program.target}`);
        return notTraced(program, programs.names);
      }))),
  };
}

/** The same hands, but for commands whose results are known. */
export function handsThatKnow(hands: Hands, results: readonly CommandResult[]): Hands {
  const known = new Map(results.map((result) => [commandName(result), result]));
  return {
    ...hands,
    runCommand: (request, options) => {
      const result = known.get(commandName(request));
      return result === undefined ? hands.runCommand(request, options) : Promise.resolve(result);
    },
  };
}

/** Of what was asked for, that which has a result: an operator may have taken out the rest. */
export function requestThatRan(turn: Turn): DiagnosticReply {
  const results = [...turn.command_results];
  const ran = new Set([...answeredPrograms(turn)].map(([program]) => program));
  return {
    ...turn.request,
    // results come in the order of the request
    commands: turn.request.commands.filter((entry) => {
      const [next] = results;
      const is_next = isSlice(entry) ? next?.command.startsWith(`${entry.id} lines `) : next?.command === entry.command;
      if (is_next === true) results.shift();
      return is_next === true;
    }),
    ebpf_programs: turn.request.ebpf_programs.filter((program) => ran.has(program)),
  };
}

interface Entry<T> {
  /** Names that it answers to, the most exact first. */
  readonly names: readonly string[];
  readonly label: string;
  readonly value: T;
}

/** What was recorded under some names: each is handed out once, in order, and the last of a name from then on. */
class Recorded<T> {
  readonly #left: Entry<T>[];
  readonly #all: readonly Entry<T>[];

  constructor(entries: readonly Entry<T>[]) {
    this.#all = entries;
    this.#left = [...entries];
  }

  get names(): readonly string[] {
    return [...new Set(this.#all.map(({ label }) => label))];
  }

  take(names: readonly string[]): T | undefined {
    for (const name of names) {
      const at = this.#left.findIndex((entry) => entry.names.includes(name));
      const [entry] = at < 0 ? [] : this.#left.splice(at, 1);
      if (entry !== undefined) return entry.value;
    }
    return this.#all.findLast((entry) => names.some((name) => entry.names.includes(name)))?.value;
  }
}

function commandName({ id, command }: { readonly id: string; readonly command: string }): string {
  return `${id}\n${command}`;
}

/** Parts of outputs and repeats are answered from what is known, and no hands are asked. */
function wasRun({ slice, repeat_of }: CommandResult): boolean {
  return slice === undefined && repeat_of === undefined;
}

function commandEntry(result: CommandResult): Entry<CommandResult> {
  return { names: [commandName(result), result.command], label: result.command, value: result };
}

interface TracedProgram {
  readonly key: string;
  readonly result: EbpfResult;
}

function programEntries(turn: Turn): readonly Entry<TracedProgram>[] {
  return [...answeredPrograms(turn)].filter(([, , { repeat_of }]) => repeat_of === undefined).map(
    ([program, key, result]) => ({
      names: [programName({ ...program, name: result.program_name }), sameness(program)],
      label: `${program.type} ${program.target}`,
      value: { key, result },
    }),
  );
}

function programName(program: EbpfProgram): string {
  return `${program.name}\n${sameness(program)}`;
}

function renamedResult(result: CommandResult, { id, description }: CommandRequest): CommandResult {
  const { description: _, ...rest } = result;
  return { ...rest, id, ...(description === undefined ? {} : { description }) };
}

function renamedProgram({ key, result }: TracedProgram, { name }: EbpfProgram): TracedProgram {
  return {
    key: `${name}${key.slice(result.program_name.length)}`,
    result: { ...result, program_name: name },
  };
}

function traced(programs: readonly TracedProgram[]): RunningPrograms {
  const results: EbpfResults = Object.fromEntries(programs.map(({ key, result }) => [key, result]));
  return {
    starts: programs.map(({ key, result: { program_name, attached_as, error, hint } }) => ({
      name: program_name,
      key,
      ...(attached_as === undefined ? {} : { attached_as }),
      ...(error === undefined ? {} : { error }),
      ...(hint === undefined ? {} : { hint }),
    })),
    results: Promise.resolve(results),
    stop(): void {},
  };
}

function notRecorded(request: CommandRequest, lines: readonly string[]): CommandResult {
  const error = `It was not run: this is a replay, and this line is not in the record. ${held(lines, "lines")}`;
  return notRun(request, { error });
}

function notTraced(program: EbpfProgram, programs: readonly string[]): TracedProgram {
  const error = `Cannot trace ${program.type} ${program.target}: this is a replay, and it is not in the record.`;
  const result: EbpfResult = {
    program_name: program.name,
    type: program.type,
    target: program.target,
    start_time: 0,
    end_time: 0,
    event_count: 0,
    lost_events: 0,
    sampled: false,
    events: [],
    summary: error,
    error,
    hint: held(programs, "programs"),
  };
  return { key: `${program.name}_0`, result };
}

function held(names: readonly string[], what: string): string {
  if (names.length === 0) return `It holds no ${what}: conclude with what you have.`;
  const more = names.length > MAX_NAMED ? `; and ${names.length - MAX_NAMED} more` : "";
  return `The ${what} it holds: ${names.slice(0, MAX_NAMED).join("; ")}${more}. Conclude with what you have.`;
}
