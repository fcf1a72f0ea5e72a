/** What was captured so far, arranged by what was watched. */
import type { CommandResult, EbpfResult, Host, Turn } from "../../protocol/mod.ts";
import { callError, numberOf } from "./fields.ts";
import type { Intent } from "./intent.ts";

/** One event, with the key of the result that holds it. */
export interface Seen {
  readonly key: string;
  readonly process_id: number;
  readonly process_name: string;
  /** Microseconds since the epoch: nanoseconds would not fit a Number exactly. */
  readonly time_us: number;
  readonly data: Readonly<Record<string, unknown>>;
  /** Why the system call failed; undefined when it succeeded, is pending, or is no system call. */
  readonly error: string | undefined;
}

/** One eBPF program that was asked for, with what came of it. */
export interface Program {
  readonly key: string;
  /** The system call (`connect`) or event (`sched_process_exit`) that was watched, without category. */
  readonly watched: string;
  readonly result: EbpfResult;
  readonly events: readonly Seen[];
  /** True when every hit is among the events: only then may something be said to be absent. */
  readonly is_complete: boolean;
  readonly end_us: number;
  /** Seconds that it really traced. */
  readonly traced_s: number;
}

export interface Evidence {
  readonly issue: string;
  readonly intent: Intent;
  readonly host: Host;
  /** Programs that ran. */
  readonly programs: readonly Program[];
  /** Programs that could not run. */
  readonly failed: readonly Program[];
  readonly commands: ReadonlyMap<string, CommandResult>;
}

/** Arranges the results of all turns. */
export function gatherEvidence(options: {
  readonly issue: string;
  readonly intent: Intent;
  readonly host: Host;
  readonly turns: readonly Turn[];
}): Evidence {
  const { turns, ...asked } = options;
  const programs = turns.flatMap((turn) => Object.entries(turn.ebpf_results)).map(readProgram);
  return {
    ...asked,
    programs: programs.filter(({ result }) => result.error === undefined),
    failed: programs.filter(({ result }) => result.error !== undefined),
    commands: new Map(turns.flatMap((turn) => turn.command_results).map((result) => [result.id, result])),
  };
}

/** Programs that watched one of these system calls or events. */
export function programsOf(evidence: Evidence, ...watched: readonly string[]): readonly Program[] {
  return evidence.programs.filter((program) => watched.includes(program.watched));
}

/** Sorted events by what was watched: many diagnoses ask for the same ones, and there may be tens of thousands. */
const sorted = new WeakMap<Evidence, Map<string, readonly Seen[]>>();

/** Events of one of these system calls or events, in the order of time. */
export function seenOf(evidence: Evidence, ...watched: readonly string[]): readonly Seen[] {
  const known = sorted.get(evidence) ?? new Map<string, readonly Seen[]>();
  sorted.set(evidence, known);
  const name = watched.join(" ");
  const seen = known.get(name) ??
    programsOf(evidence, ...watched).flatMap(({ events }) => events).sort((a, b) => a.time_us - b.time_us);
  known.set(name, seen);
  return seen;
}

/** True when something watched this and missed nothing: absence of an event then is evidence. */
export function isComplete(evidence: Evidence, ...watched: readonly string[]): boolean {
  const programs = programsOf(evidence, ...watched);
  return programs.length > 0 && programs.every(({ is_complete }) => is_complete);
}

/** What a command printed; undefined when it was refused, could not run, or printed nothing. */
export function outputOf(evidence: Evidence, id: string): string | undefined {
  const result = evidence.commands.get(id);
  if (result === undefined || result.refused !== undefined || result.error !== undefined) return undefined;
  return result.stdout.trim() === "" ? undefined : result.stdout;
}

/** Keys of the results that hold these events, each once. */
export function keysOf(events: Iterable<Seen>): readonly string[] {
  return [...new Set([...events].map(({ key }) => key))];
}

function readProgram([key, result]: readonly [string, EbpfResult]): Program {
  const events = result.events.map((event): Seen => ({
    key,
    process_id: event.process_id,
    process_name: event.process_name,
    time_us: microseconds(event.timestamp),
    data: event.data,
    error: callError(event.data),
  }));
  const end_us = microseconds(result.end_time);
  return {
    key,
    watched: watchedBy(result.target),
    result,
    events,
    is_complete: !result.sampled && result.lost_events === 0 && events.length >= result.event_count,
    end_us,
    traced_s: Math.max(0.001, (end_us - microseconds(result.start_time)) / 1e6),
  };
}

/** `syscalls/sys_enter_connect` → `connect`; `sched/sched_switch` → `sched_switch`; `raw_syscalls/sys_enter` stays whole. */
function watchedBy(target: string): string {
  const name = target.replace(/^tracepoint:/, "");
  if (name.startsWith("raw_syscalls")) return "raw_syscalls";
  return name.slice(Math.max(name.lastIndexOf("/"), name.lastIndexOf(":")) + 1).replace(/^sys_enter_/, "");
}

function microseconds(nanoseconds: number | bigint): number {
  return typeof nanoseconds === "bigint" ? Number(nanoseconds / 1000n) : Math.floor(nanoseconds / 1000);
}

/** Microseconds that a system call took, or had taken when tracing ended. */
export function tookMicroseconds(seen: Seen): number | undefined {
  const latency = numberOf(seen.data.latency_ns);
  return latency === undefined ? undefined : latency / 1000;
}
