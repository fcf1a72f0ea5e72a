/** What a diagnosis does, as plain lines while it does it. */
import type { Progress } from "../agent/progress.ts";
import type { ProgramStart } from "../probes/mod.ts";
import type { CommandResult, DiagnosticReply, EbpfProgram, EbpfResult, Reply } from "../protocol/mod.ts";
import { count, cut, harmless } from "./layout.ts";
import type { Paint } from "./paint.ts";
import { programText } from "./plan.ts";

/** A line of progress is a glance, not a report. */
const MAX_LINE = 160;

export interface ProgressOptions {
  /** Leaves out what a reply asks for: it is shown in another way. Default false. */
  readonly without_plan?: boolean;
}

/** The lines that tell one step; none where there is nothing to say. */
export function progressLines(progress: Progress, paint: Paint, options: ProgressOptions = {}): readonly string[] {
  switch (progress.kind) {
    case "asking":
      return [paint("bold", `Round ${progress.round} of at most ${progress.max_rounds}`)];
    case "reply":
      return replyLines(progress.reply, options);
    case "programs_started":
      return progress.starts.flatMap((start) => startLines(start, paint));
    case "command_started":
    case "text":
    case "follow_up": // whoever said it knows
      return [];
    case "command_ended":
      return [commandLine(progress.result, paint)];
    case "programs_ended":
      return Object.values(progress.results).flatMap((result) => programLines(result, paint));
    case "turn":
      return (progress.turn.notes ?? []).map((note) => oneLine(note, "  note: "));
  }
}

function replyLines(reply: Reply, { without_plan = false }: ProgressOptions): readonly string[] {
  if (reply.response_type === "resolution") return ["  answered"];
  const why = oneLine(reply.reasoning);
  const plan = without_plan ? [] : [`  ${planOf(reply)}`, ...reply.ebpf_programs.map(programPlan)];
  return [...(why === "" ? [] : [`  ${why}`]), ...plan];
}

function planOf({ commands, ebpf_programs }: DiagnosticReply): string {
  return `asks for ${count(ebpf_programs.length, "eBPF program")} and ${count(commands.length, "command")}`;
}

function programPlan(program: EbpfProgram): string {
  return oneLine(`  program ${program.name}: ${programText(program)}`, "  ");
}

function startLines({ name, attached_as, error, hint }: ProgramStart, paint: Paint): readonly string[] {
  if (error !== undefined) {
    const line = `  ${paint("yellow", "not started")} ${oneLine(`${name}: ${error}`)}`;
    return hint === undefined || hint === "" ? [line] : [line, `    → ${oneLine(hint)}`];
  }
  return attached_as === undefined ? [] : [`  attached ${oneLine(`${name}: ${attached_as}`)}`];
}

function commandLine(result: CommandResult, paint: Paint): string {
  const { id, command, refused, error } = result;
  if (refused !== undefined) {
    return `  ${paint("yellow", "refused")} ${oneLine(`${id}: ${command} (${refused.reason})`)}`;
  }
  if (error !== undefined) return `  ${paint("yellow", "not run")} ${oneLine(`${id}: ${command} (${error})`)}`;
  return `  command ${oneLine(`${id}: ${command}: ${outcome(result)}`)}`;
}

/** How a command that ran came to its end. */
export function outcome({ exit_code, signal, timed_out, duration_ms, truncated, slice }: CommandResult): string {
  if (slice !== undefined) return `lines ${slice.lines} of ${slice.of}`;
  const time = `${(duration_ms / 1000).toFixed(duration_ms < 100 ? 2 : 1)} s`;
  const tail = truncated === undefined ? "" : ", output cut";
  if (timed_out) return `killed at its time limit after ${time}${tail}`;
  if (signal !== undefined) return `ended by ${signal} after ${time}${tail}`;
  return `exit ${exit_code}, ${time}${tail}`;
}

function programLines(result: EbpfResult, paint: Paint): readonly string[] {
  // Why it did not start was told when it did not start.
  if (result.error !== undefined && result.event_count === 0) return [];
  const line = `  ${paint("green", "saw")} ${oneLine(`${result.program_name}: ${result.summary}`)}`;
  return result.error === undefined ? [line] : [line, `    ${oneLine(result.error)}`];
}

function oneLine(text: string, margin = ""): string {
  return margin + cut(harmless(text).replace(/\s+/g, " ").trim(), MAX_LINE);
}
