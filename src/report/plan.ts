/** What a turn will run, as numbered lines for an operator who may take something out. */
import { type CommandRequest, type DiagnosticReply, type EbpfProgram, isSlice } from "../protocol/request.ts";
import { cut, harmless } from "./layout.ts";
import type { Paint } from "./paint.ts";

/** Who decides about a command must see all of it; longer than this, nobody reads it. */
const MAX_LINE = 600;

export interface PlannedLine {
  readonly kind: "command" | "program";
  /** The command's id, or the program's name. */
  readonly name: string;
  /** What runs, and on what. */
  readonly text: string;
}

/** What a request would run, programs first, for they start first. */
export function plannedLines(request: DiagnosticReply): readonly PlannedLine[] {
  return [
    ...request.ebpf_programs.map((program) => ({
      kind: "program" as const,
      name: program.name,
      text: programText(program),
    })),
    ...commandsOf(request).map(({ id, command }) => ({ kind: "command" as const, name: id, text: command })),
  ];
}

/** How long a turn takes. */
export function planDuration(
  request: DiagnosticReply,
  { command_limit_s }: { readonly command_limit_s: number },
): string {
  const { ebpf_programs } = request;
  const commands = commandsOf(request);
  const tracing_s = Math.max(0, ...ebpf_programs.map(({ duration }) => duration));
  const limit = `each command has ${command_limit_s} s at most`;
  if (ebpf_programs.length === 0) return commands.length === 0 ? "nothing to run" : limit;
  return `${tracing_s} s of tracing${commands.length === 0 ? "" : `; ${limit}`}`;
}

/** Without parts of earlier outputs: nothing runs for them. */
function commandsOf({ commands }: DiagnosticReply): readonly CommandRequest[] {
  return commands.filter((entry): entry is CommandRequest => !isSlice(entry));
}

/** One line of the plan; `state` is what became of it, where that is worth telling. */
export function planLine(
  line: PlannedLine & { readonly number: number; readonly state?: string },
  paint: Paint,
): string {
  const { number, kind, name, text, state } = line;
  const told = cut(harmless(`${kind} ${name}: ${text}`).replace(/\s+/g, " ").trim(), MAX_LINE);
  return `  ${String(number).padStart(3)} ${told}${state === undefined ? "" : `  ${paint("dim", `(${state})`)}`}`;
}

/** A program: where it is attached, for how long, and what it looks at. */
export function programText({ type, target, duration, filters, aggregate, capture = [] }: EbpfProgram): string {
  const only = Object.entries(filters ?? {}).map(([field, value]) => ` ${field}=${value}`).join("");
  const what = [...(aggregate === undefined ? [] : [aggregate]), ...capture].join(", ");
  return `${type} ${target} for ${duration} s${only}${what === "" ? "" : `: ${what}`}`;
}
