/** A result of the run, arranged to be searched: its text, its records, its numbers. */
import { accepts, parseListeners, parseProcSockets } from "../../models/expert/readers/sockets.ts";
import type { Cited, CommandResult, EbpfResult, Host, TraceEvent } from "../../protocol/mod.ts";
import { Numbers } from "./quantities.ts";
import { addReading, isWhole, readingRows, readingText } from "./reading.ts";

/** One line of an output, one event, or one row of a tool's table. */
export interface Row {
  readonly text: string;
  /** Of an event. */
  readonly event?: TraceEvent;
  /** Of a tool's reading: in which table it stands. */
  readonly table?: string;
}

/** How a record's system call or function ended; undefined where there is nothing to tell. */
export type Ending = "failed" | "succeeded" | "pending" | undefined;

/** Under way, asked again, or interrupted: neither failure nor success. */
const UNDECIDED: ReadonlySet<string> = new Set(["EINPROGRESS", "EALREADY", "EINTR", "EAGAIN", "ERESTARTSYS"]);

/** Fields of events that name things: they are matched, not compared as measurements. */
const IDS = /(?:^|_)(?:pid|tid|tgid|fd|port|sport|dport|uid|gid|inode|ino|skaddr|dev|addr|ip|nr|flags|mode)$/;

export class Source {
  readonly id: string;
  readonly cited: Cited;
  #rows: readonly Row[] | undefined;
  #body: string | undefined;
  #numbers: Numbers | undefined;

  constructor(cited: Cited) {
    this.id = cited.id;
    this.cited = cited;
  }

  get command(): CommandResult | undefined {
    return this.cited.kind === "command" ? this.cited.result : undefined;
  }

  get program(): EbpfResult | undefined {
    return this.cited.kind === "program" ? this.cited.result : undefined;
  }

  /** Why it shows nothing: refused, failed to start; undefined when it ran. */
  get not_run(): string | undefined {
    const { command, program } = this;
    return command?.refused?.reason ?? command?.error ?? program?.error;
  }

  /** True when all of it is in hand: only then is absence evidence. */
  get is_complete(): boolean {
    if (this.not_run !== undefined) return false;
    const { command, program } = this;
    if (command) return command.truncated === undefined && command.timed_out !== true;
    if (program?.reading !== undefined) return program.lost_events === 0 && isWhole(program.reading);
    return program !== undefined && !program.sampled && program.lost_events === 0 &&
      (program.events_omitted ?? 0) === 0 && program.events.length >= program.event_count;
  }

  /** What was looked at, in the words of the request: names are known from it, numbers are not. */
  get context(): string {
    const { command, program } = this;
    return command
      ? `${command.command}\n${command.error ?? ""}\n${command.refused?.reason ?? ""}`
      : `${program?.program_name} ${program?.type} ${program?.target} ${program?.attached_as ?? ""} ${
        program?.hint ?? ""
      }`;
  }

  get rows(): readonly Row[] {
    this.#rows ??= this.command ? commandRows(this.command) : programRows(this.program);
    return this.#rows;
  }

  /** Everything that it shows. */
  get body(): string {
    this.#body ??= [...this.rows.map(({ text }) => text), ...this.program ? [figuresText(this.program)] : []].join(
      "\n",
    );
    return this.#body;
  }

  get numbers(): Numbers {
    this.#numbers ??= this.command ? commandNumbers(this.rows) : programNumbers(this.program);
    return this.#numbers;
  }

  get traced_s(): number {
    const { program } = this;
    return program ? Math.max(0.001, Number(BigInt(program.end_time) - BigInt(program.start_time)) / 1e9) : 0;
  }
}

/** What the model was told beside the results: it may use it, and cannot cite it. */
export interface Background {
  readonly text: string;
  readonly numbers: Numbers;
}

/** The host's facts and figures, as the model was told them in its first message. */
export function backgroundOf(host: Host | undefined): Background {
  const numbers = new Numbers();
  if (host === undefined) return { text: "", numbers };
  addLeaves(host.figures, numbers);
  for (const { detail } of host.capabilities) numbers.addText(detail);
  return { text: JSON.stringify(host), numbers };
}

/** How a call ended. */
export function endingOf({ data }: TraceEvent): Ending {
  if (data.pending === true) return "pending";
  const { error, ret } = data;
  if (typeof error === "string") return UNDECIDED.has(error) ? undefined : "failed";
  if (typeof ret === "number" || typeof ret === "bigint") {
    return ret >= 0 ? "succeeded" : ret > -4096 ? "failed" : "succeeded";
  }
  return undefined;
}

/** Sockets that an output shows as listening. */
export function listenersOf(
  { command }: Source,
): readonly { readonly local: Parameters<typeof accepts>[0]; readonly owner: string | undefined }[] {
  if (command === undefined) return [];
  const netstat = [...command.stdout.matchAll(/^tcp6?\s+\d+\s+\d+\s+(\S+):(\d+)\s+\S+\s+LISTEN\s*(.*)$/gm)];
  return [
    ...parseListeners(command.stdout.replace(/^tcp\s+LISTEN/gm, "LISTEN")),
    ...parseProcSockets(command.stdout).filter(({ state }) => state === 10).map(({ local }) => ({
      local,
      owner: undefined,
    })),
    ...netstat.map(([, address = "", port, owner = ""]) => ({ local: { address, port: Number(port) }, owner })),
  ];
}

function commandRows({ stdout, stderr, exit_code, signal }: CommandResult): readonly Row[] {
  const ended = signal === undefined ? `exit code ${exit_code}, exit status ${exit_code}` : `ended by ${signal}`;
  const lines = `${stdout}\n${stderr}`.split("\n").filter((line) => line.trim() !== "");
  return [...lines.map((line) => ({ text: decoded(line) })), { text: ended }];
}

/** The kernel's hexadecimal socket lists, with what they mean beside them. */
function decoded(line: string): string {
  const [socket] = parseProcSockets(line);
  if (socket === undefined) return line;
  const { local, remote, state } = socket;
  const name = { 1: "ESTAB", 2: "SYN_SENT", 6: "TIME_WAIT", 8: "CLOSE_WAIT", 10: "LISTEN" }[state] ?? "";
  return `${line} ${local.address}:${local.port} ${remote.address}:${remote.port} ${name} queue=${socket.receive_queue}`;
}

function programRows(program: EbpfResult | undefined): readonly Row[] {
  const { events = [], reading } = program ?? {};
  return [...events.map(eventRow), ...reading === undefined ? [] : readingRows(reading)];
}

function eventRow(event: TraceEvent): Row {
  const { process_name, process_id, thread_id, event_type, data } = event;
  return { event, text: `${process_name} pid=${process_id} tid=${thread_id ?? ""} ${event_type} ${leavesText(data)}` };
}

/** `field=value` of all that is nested; addresses are written with their port, as people write them. */
function leavesText(value: unknown, label = ""): string {
  if (typeof value !== "object" || value === null) return label === "" ? String(value) : `${label}=${String(value)}`;
  if (Array.isArray(value)) return value.map((item) => leavesText(item, label)).join(" ");
  return Object.entries(value).map(([key, item]) => leavesText(item, key)).join(" ");
}

/** Summary, aggregates and what a reading says beside its rows, as text. */
function figuresText(
  { summary, aggregates, reading, error, hint, event_count, lost_events }: EbpfResult,
): string {
  return [
    summary,
    error ?? "",
    hint ?? "",
    `event_count=${event_count} lost_events=${lost_events}`,
    aggregates === undefined ? "" : aggregateText(aggregates),
    reading === undefined ? "" : readingText(reading),
  ].join("\n");
}

function aggregateText({ by_process, by_key, by_field, errors }: NonNullable<EbpfResult["aggregates"]>): string {
  return [
    ...by_process.map(({ process_name, process_id }) => `${process_name} pid=${process_id}`),
    ...[...errors, ...by_key?.counts ?? [], ...Object.values(by_field).flat()].map(({ value }) => value),
  ].join("\n");
}

function commandNumbers(rows: readonly Row[]): Numbers {
  const numbers = new Numbers();
  numbers.silent_units = "table";
  for (const { text } of rows) numbers.addText(text);
  return numbers;
}

function programNumbers(program: EbpfResult | undefined): Numbers {
  const numbers = new Numbers();
  if (program === undefined) return numbers;
  numbers.silent_units = "kernel";
  const { events, aggregates, summary, error, hint, event_count, lost_events, start_time, end_time } = program;
  for (const text of [summary, error ?? "", hint ?? ""]) numbers.addText(text);
  for (const count of [event_count, lost_events, program.missed_hits, program.pending_calls, program.unseen_returns]) {
    if (count !== undefined) numbers.add("count", count);
  }
  numbers.add("seconds", Number(BigInt(end_time) - BigInt(start_time)) / 1e9);
  addLeaves(aggregates, numbers);
  if (program.reading !== undefined) addReading(program.reading, numbers);
  for (const { value } of Object.values(aggregates?.by_field ?? {}).flat()) {
    if (/^\d+$/.test(value)) numbers.add("count", Number(value));
  }
  for (const { data } of events) addLeaves(data, numbers);
  return numbers;
}

/** Numbers of nested data, each with the unit that its field's name tells. */
function addLeaves(value: unknown, numbers: Numbers, field = ""): void {
  if (typeof value === "number" || typeof value === "bigint") {
    if (!IDS.test(field)) numbers.addField(field, value);
  } else if (Array.isArray(value)) {
    for (const item of value) addLeaves(item, numbers, field);
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) addLeaves(item, numbers, key);
  }
}
