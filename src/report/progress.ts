/** What a diagnosis does, as plain lines while it does it. */
import type { Progress } from "../agent/progress.ts";
import type { ProgramStart } from "../probes/mod.ts";
import type { CommandResult, DiagnosticReply, EbpfProgram, EbpfResult, Reply } from "../protocol/mod.ts";
import { count, cut, harmless } from "./layout.ts";
import type { Paint } from "./paint.ts";

/** A line of progress is a glance, not a report. */
const MAX_LINE = 160;

/** The lines that tell one step; none where there is nothing to say. */
export function progressLines(progress: Progress, paint: Paint): readonly string[] {
  switch (progress.kind) {
    case "asking":
      return [paint("bold", `Round ${progress.round} of at most ${progress.max_rounds}`)];
    case "reply":
      return replyLines(progress.reply);
    case "programs_started":
      return progress.starts.flatMap((start) => startLines(start, paint));
    case "command_started":
      return [];
    case "command_ended":
      return [commandLine(progress.result, paint)];
    case "programs_ended":
      return Object.values(progress.results).flatMap((result) => programLines(result, paint));
  }
}

function replyLines(reply: Reply): readonly string[] {
  if (reply.response_type === "resolution") return ["  answered"];
  const why = oneLine(reply.reasoning);
  return [...(why === "" ? [] : [`  ${why}`]), `  ${planOf(reply)}`, ...reply.ebpf_programs.map(programPlan)];
}

function planOf({ commands, ebpf_programs }: DiagnosticReply): string {
  return `asks for ${count(ebpf_programs.length, "eBPF program")} and ${count(commands.length, "command")}`;
}

function programPlan({ name, type, target, duration, filters, aggregate, capture = [] }: EbpfProgram): string {
  const only = Object.entries(filters ?? {}).map(([field, value]) => ` ${field}=${value}`).join("");
  const what = [...(aggregate === undefined ? [] : [aggregate]), ...capture].join(", ");
  return oneLine(
    `  program ${name}: ${type} ${target} for ${duration} s${only}${what === "" ? "" : `: ${what}`}`,
    "  ",
  );
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
export function outcome({ exit_code, signal, timed_out, duration_ms, truncated }: CommandResult): string {
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
