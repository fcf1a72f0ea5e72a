/** What a program of a session is told, as the bytes of `struct session_config` and `struct tracepoint_config`. */
import type { PidNamespace } from "../../kernel/host/container.ts";
import { syscallNumber } from "../../kernel/tracing/syscalls.ts";
import type { Aggregate } from "../../protocol/limits.ts";
import {
  COMM_BYTES,
  CONFIG_FLAG,
  DIRECTIVE,
  DIRECTIVE_KIND,
  MAX_DIRECTIVES,
  MAX_ENDLESS,
  MAX_MATCHES,
  MAX_RECORD_BYTES,
  NO_KEY,
  SESSION_CONFIG,
  TRACEPOINT_CONFIG,
} from "./layout.ts";
import { type Directive, type Match, NEVER_RETURN, type Plan } from "../plan/tracepoint.ts";

/** How many seconds' worth of events may come at once before the governor spreads them out. */
const BURST_S = 10;
const NS_PER_S = 1e9;
/** No process and no user has it: (pid_t) -1, (uid_t) -1. */
const NO_ID = 0xffff_ffff;
/** System calls that programs do not make: the kernel puts them where probes on functions are (x86-64, Linux 6.11). */
const UNMADE = ["uretprobe", "uprobe"];
/** From here on ids are no process's: PID_MAX_LIMIT, include/linux/threads.h. */
const PROCESS_IDS = 1 << 22;

/** Filters that the kernel applies; a hit must match all of them. */
export interface ProgramFilters {
  readonly comm?: string | undefined;
  readonly pid?: number | undefined;
  readonly tid?: number | undefined;
  readonly uid?: number | undefined;
}

/** A request may hold others, which nothing applies. */
export const FILTER_NAMES = ["comm", "pid", "tid", "uid"] as const satisfies readonly (keyof ProgramFilters)[];

export interface SessionConfig {
  /** Of the program in the session; events carry it. */
  readonly index: number;
  readonly filters: ProgramFilters;
  /** Events per second; 0: no bound. */
  readonly rate_per_s: number;
  /** Numbers instead of events: `count`, or `latency` with its histogram. Default: events. */
  readonly aggregate?: Aggregate;
  /** Whose ids filters and events have. Default: the host's. */
  readonly pid_namespace?: PidNamespace;
}

/** @throws {RangeError} more values to match than the program compares with */
export function tracepointConfig(plan: Plan, session: SessionConfig): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(TRACEPOINT_CONFIG.bytes);
  const view = new DataView(bytes.buffer);
  const paired = plan.return_id === undefined ? 0 : CONFIG_FLAG.paired;
  writeSessionConfig(bytes, session, paired | (executes(plan) ? CONFIG_FLAG.executes : 0));
  view.setUint32(TRACEPOINT_CONFIG.record_bytes, Math.min(plan.record_bytes, MAX_RECORD_BYTES), true);
  view.setUint32(TRACEPOINT_CONFIG.key_offset, plan.key?.offset ?? 0, true);
  view.setUint32(TRACEPOINT_CONFIG.key_bytes, plan.key === undefined ? 0 : 4, true);
  view.setUint32(TRACEPOINT_CONFIG.ret_offset, plan.ret_offset, true);
  if (plan.match !== undefined) writeMatch(view, plan.match);
  if (plan.key !== undefined) writeSystemCalls(view, plan);
  writeDirectives(view, plan.directives);
  return bytes;
}

/**
 * Whether what is traced is the execution of a program: whichever thread asks for it, the one that returns has the id
 * of the process (de_thread() in fs/exec.c), which the calls are then told apart by.
 */
export function executes({ event }: Pick<Plan, "event">): boolean {
  return /^syscalls:sys_enter_execve(at)?$/.test(event);
}

/**
 * Writes what every family's config begins with.
 *
 * @param flags those of {@link CONFIG_FLAG} that the family adds
 */
export function writeSessionConfig(bytes: Uint8Array<ArrayBuffer>, session: SessionConfig, flags = 0): void {
  const { index, filters, rate_per_s, pid_namespace } = session;
  const view = new DataView(bytes.buffer);
  writeCommFilter(bytes, filters.comm);
  // larger ids would be cut to those of others, or to 0: any
  view.setUint32(SESSION_CONFIG.tgid, processId(filters.pid), true);
  view.setUint32(SESSION_CONFIG.tid, processId(filters.tid), true);
  view.setUint32(SESSION_CONFIG.uid, Math.min(filters.uid ?? 0, NO_ID), true);
  view.setUint32(SESSION_CONFIG.flags, flags | flagsOf(session), true);
  if (rate_per_s > 0) {
    view.setBigUint64(SESSION_CONFIG.interval_ns, BigInt(Math.max(1, Math.round(NS_PER_S / rate_per_s))), true);
    view.setBigUint64(SESSION_CONFIG.burst_ns, BigInt(BURST_S * NS_PER_S), true);
  }
  view.setBigUint64(SESSION_CONFIG.pidns_dev, pid_namespace?.dev ?? 0n, true);
  view.setBigUint64(SESSION_CONFIG.pidns_ino, pid_namespace?.ino ?? 0n, true);
  view.setUint32(SESSION_CONFIG.program, index, true);
}

function processId(id = 0): number {
  return id > PROCESS_IDS ? NO_ID : id;
}

function flagsOf({ filters, aggregate }: SessionConfig): number {
  return (aggregate === undefined ? CONFIG_FLAG.emit_events : 0) |
    (aggregate === "latency" ? CONFIG_FLAG.histogram : 0) |
    (filters.uid === undefined ? 0 : CONFIG_FLAG.filter_uid);
}

/** Exact names are compared with their NUL, prefixes (`ngin*`) up to the star. */
function writeCommFilter(bytes: Uint8Array, comm: string | undefined): void {
  if (comm === undefined || comm === "" || comm === "*") return;
  const prefix = comm.endsWith("*");
  const name = new TextEncoder().encode(prefix ? comm.slice(0, -1) : comm).subarray(0, COMM_BYTES - 1);
  bytes.set(name, SESSION_CONFIG.comm);
  bytes.fill(0xff, SESSION_CONFIG.comm_mask, SESSION_CONFIG.comm_mask + name.length + (prefix ? 0 : 1));
}

function writeMatch(view: DataView, { offset, bytes, values }: Match): void {
  if (values.length > MAX_MATCHES) {
    throw new RangeError(`Cannot match ${values.length} values: a program compares with ${MAX_MATCHES} at most.`);
  }
  if (values.length === 0) throw new RangeError("Cannot match no value: nothing would be a hit.");
  view.setUint32(TRACEPOINT_CONFIG.match_offset, offset, true);
  view.setUint32(TRACEPOINT_CONFIG.match_bytes, bytes, true);
  view.setUint32(TRACEPOINT_CONFIG.matches, values.length, true);
  for (const [i, value] of values.entries()) {
    // as the field holds it: cut to its size, without a sign
    view.setBigUint64(TRACEPOINT_CONFIG.match + 8 * i, BigInt.asUintN(8 * bytes, BigInt(value)), true);
  }
}

/** Only system calls have a key. */
function writeSystemCalls(view: DataView, { event }: Plan): void {
  const endless = [...NEVER_RETURN].map((name) => syscallNumber(name.replace("sys_enter_", "")));
  for (let i = 0; i < MAX_ENDLESS; i++) view.setUint32(TRACEPOINT_CONFIG.endless + 4 * i, endless[i] ?? NO_KEY, true);
  const unmade = unmadeNumbers(event);
  for (const [i, number] of unmade.entries()) view.setUint32(TRACEPOINT_CONFIG.unmade + 4 * i, number, true);
  view.setUint32(TRACEPOINT_CONFIG.unmades, unmade.length, true);
}

/** None where the architecture does not have them. On its way out of `uretprobe` the kernel has cleared the number. */
function unmadeNumbers(event: string): readonly number[] {
  const numbers = UNMADE.map((name) => syscallNumber(name)).filter((number) => number !== undefined);
  return event.endsWith(":sys_exit") && numbers.length > 0 ? [...numbers, NO_KEY] : numbers;
}

function writeDirectives(view: DataView, directives: readonly Directive[]): void {
  for (const [i, directive] of directives.slice(0, MAX_DIRECTIVES).entries()) {
    const at = TRACEPOINT_CONFIG.directives + i * DIRECTIVE.bytes;
    view.setUint16(at + DIRECTIVE.offset, directive.offset, true);
    view.setUint16(at + DIRECTIVE.arg, directive.length_offset ?? 0, true);
    view.setUint8(at + DIRECTIVE.kind, DIRECTIVE_KIND[directive.kind]);
  }
}
