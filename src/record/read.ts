/** A record read back: whatever was on disk when its run ended, however that came. */
import { startTicks } from "../kernel/host/machine.ts";
import {
  type AuditEntry,
  auditEntry,
  checkInOrder,
  type CommandResult,
  type Host,
  type Machine,
  NewerSchema,
  parse,
  partOfTurn,
  readVersioned,
  type RecordBegan,
  recordBegan,
  type RecordedAnswer,
  recordedAnswer,
  recordedTurn,
  type RecordOptions,
  type Run,
  run,
  type STATES,
  type Turn,
} from "../protocol/mod.ts";
import { AUDIT, BEGAN, numbered, partFile, RecordError, REPLIES, RESULTS, RUN, TURNS, wholeLines } from "./files.ts";

export interface RecordedRun {
  readonly folder: string;
  readonly began: RecordBegan;
  /** Of the run's last start, as are the host and its boot: a run that is resumed may have others. */
  readonly options: RecordOptions;
  readonly host: Host;
  readonly machine: Machine;
  readonly answers: readonly RecordedAnswer[];
  /** With a note where the run was resumed after one. */
  readonly turns: readonly Turn[];
  /** Turns that were complete, those among {@link RecordedRun.missing} included. */
  readonly turns_done: number;
  /** Results of commands whose turn was under way at the end. */
  readonly parts: readonly CommandResult[];
  /** What the operator said too late for the first conclusion, and was asked behind it at once. */
  readonly late_hints: readonly string[];
  /** Questions of the operator after a conclusion, each with what came too late for its answer. */
  readonly follow_ups: readonly { readonly question: string; readonly late_hints: readonly string[] }[];
  /** The run's own document; absent where the run was killed. */
  readonly run?: Run;
  readonly state: (typeof STATES)[number];
  /** When it was last written to, as far as the audit tells. */
  readonly last_time: string;
  /** Files that must have been there. */
  readonly missing: readonly string[];
}

/** A follow-up behind the run's document is a question, one before it a hint. */
function askedIn(audit: readonly AuditEntry[]): Pick<RecordedRun, "late_hints" | "follow_ups"> {
  const of_issue: string[] = [];
  const follow_ups: RecordedRun["follow_ups"][number][] = [];
  let late_hints = of_issue;
  let has_ended = false;
  for (const entry of audit) {
    if (entry.kind === "ended" || entry.kind === "resumed") has_ended = entry.kind === "ended";
    if (entry.kind !== "follow_up") continue;
    if (has_ended) follow_ups.push({ question: entry.question, late_hints: late_hints = [] });
    else late_hints.push(entry.question);
    has_ended = false;
  }
  return { late_hints: of_issue, follow_ups };
}

/**
 * Reads a record.
 *
 * @param now this host and its boot: to see whether the run is still under way
 * @throws {RecordError} the folder is no record, one of a request without a conversation, from a newer ktriage, or has a
 * file that is broken: which one
 */
export function readRecord(folder: string, now: Machine): RecordedRun {
  const audit = readAudit(folder);
  if (audit.length === 0) throw new RecordError(`Cannot read a record in ${folder}: there is no ${AUDIT} in it.`);
  const began = read(folder, BEGAN, (text) => readVersioned(text, recordBegan));
  if (began === undefined) throw notBegun(folder, audit);
  const answers = numberedFiles(folder, REPLIES, (text) => readVersioned(text, recordedAnswer));
  const turns = numberedFiles(folder, TURNS, (text) => turnOf(readVersioned(text, recordedTurn)));
  const resumed = audit.filter((entry) => entry.kind === "resumed");
  const { options, host, machine } = resumed.at(-1) ?? began;
  const document = read(folder, RUN, (text) => readVersioned(text, run));
  return {
    folder,
    began,
    options,
    host,
    machine,
    answers: answers.found,
    turns: resumed.reduce((all, { turns: before, notes }) => noted(all, { turn: before, notes }), turns.found),
    turns_done: turns.last,
    parts: partsOf(folder, turns.last + 1),
    ...askedIn(audit),
    ...(document === undefined ? {} : { run: document }),
    state: stateOf(audit, { document, now, machine }),
    last_time: audit.at(-1)?.time ?? began.time,
    missing: [...answers.missing, ...turns.missing],
  };
}

/** The turns, with notes at the last one before a run was resumed: what model and reader must know of them. */
export function noted(
  turns: readonly Turn[],
  { turn, notes }: { readonly turn: number; readonly notes: readonly string[] },
): readonly Turn[] {
  if (notes.length === 0) return turns;
  return turns.map((each, index) => index === turn - 1 ? { ...each, notes: [...each.notes ?? [], ...notes] } : each);
}

/** Whether a folder is, or was meant to be, a record. */
export function isRecord(names: ReadonlySet<string>): boolean {
  return names.has(AUDIT) && (names.has(BEGAN) || names.has(TURNS) || names.has(RUN) || names.has(RESULTS));
}

/** The entries that are whole; none where there is no audit. */
export function readAudit(folder: string): readonly AuditEntry[] {
  const text = read(folder, AUDIT, (whole) => whole) ?? "";
  checkVersion(folder, text.slice(0, text.indexOf("\n")));
  return wholeLines(text, (line) => checkInOrder(parse(line), auditEntry)).lines;
}

/** A newer audit may have entries that look broken to this version: that is to be said before. */
function checkVersion(folder: string, first: string): void {
  const [, version] = /"schema":"ktriage\.audit\/(\d+)"/.exec(first) ?? [];
  if (version === undefined || version === "1") return;
  throw new RecordError(
    `Cannot read the record in ${folder}: a newer ktriage wrote it (ktriage.audit/${version}; this version reads ktriage.audit/1).`,
  );
}

function notBegun(folder: string, audit: readonly AuditEntry[]): RecordError {
  return new RecordError(
    audit.some(({ kind }) => kind === "asked")
      ? `Cannot use the record in ${folder}: it is of ktriage run, one request without a conversation. ` +
        `Its results are in ${RESULTS}.`
      : `Cannot use the record in ${folder}: its run ended before anything was asked (there is no ${BEGAN}).`,
  );
}

function stateOf(
  audit: readonly AuditEntry[],
  { document, now, machine }: {
    readonly document: Run | undefined;
    readonly now: Machine;
    readonly machine: Machine;
  },
): RecordedRun["state"] {
  const start = audit.findLastIndex(({ kind }) => kind === "began" || kind === "resumed");
  const ended = audit.slice(start + 1).some(({ kind }) => kind === "ended");
  const entry = audit[start];
  if (!ended && isSameBoot(machine, now) && entry !== undefined && isAlive(entry)) return "running";
  if (document?.resolution !== undefined) return "concluded";
  return ended && document?.failure !== undefined && document.failure.kind !== "interrupted" ? "failed" : "interrupted";
}

export function isSameBoot(one: Machine, other: Machine): boolean {
  return one.boot_id !== undefined && one.boot_id === other.boot_id;
}

function isAlive(entry: AuditEntry): boolean {
  return "process_id" in entry && entry.start_ticks !== undefined &&
    startTicks(entry.process_id) === entry.start_ticks;
}

function turnOf({ schema: _, ...turn }: { readonly schema: string } & Turn): Turn {
  return turn;
}

function partsOf(folder: string, turn: number): readonly CommandResult[] {
  const text = read(folder, partFile(turn), (whole) => whole) ?? "";
  return wholeLines(text, (line) => readVersioned(line, partOfTurn)).lines.map(({ command_result }) => command_result);
}

interface Numbered<T> {
  readonly found: readonly T[];
  readonly last: number;
  readonly missing: readonly string[];
}

function numberedFiles<T>(folder: string, kind: string, understand: (text: string) => T): Numbered<T> {
  const last = Math.max(0, ...namesIn(`${folder}/${kind}`).map((name) => Number(/^(\d+)\.json$/.exec(name)?.[1] ?? 0)));
  const files = Array.from({ length: last }, (_, index) => `${kind}/${numbered(index + 1)}`);
  const contents = files.map((file) => ({ file, content: read(folder, file, understand) }));
  return {
    found: contents.flatMap(({ content }) => content === undefined ? [] : [content]),
    last,
    missing: contents.filter(({ content }) => content === undefined).map(({ file }) => file),
  };
}

function namesIn(folder: string): readonly string[] {
  try {
    return [...Deno.readDirSync(folder)].map(({ name }) => name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw new RecordError(`Cannot read the record: ${folder}: ${reasonOf(error)}.`, { cause: error });
  }
}

/** Undefined where there is no such file. */
function read<T>(folder: string, name: string, understand: (text: string) => T): T | undefined {
  try {
    return understand(Deno.readTextFileSync(`${folder}/${name}`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new RecordError(`Cannot read the record in ${folder}: ${name}: ${reasonOf(error)}.`, { cause: error });
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.PermissionDenied) return "this user may not read it";
  if (error instanceof NewerSchema) return error.message;
  return error instanceof Error ? error.message : String(error);
}
