/** What a run did to the host, on disk for its operator: only when asked for, and readable only by this user. */
import type { Progress } from "../agent/progress.ts";
import type { CommandWatch, Decision, Execution } from "../commands/mod.ts";
import { exists } from "../kernel/exists.ts";
import { startTicks } from "../kernel/host/machine.ts";
import { type Answer, type Model, ModelError } from "../models/model.ts";
import {
  type AuditEntry,
  type CommandRequest,
  type CommandResult,
  type RecordBegan,
  type RecordedAnswer,
  stringify,
  type Turn,
} from "../protocol/mod.ts";
import {
  AUDIT,
  BEGAN,
  FOLDER_MODE,
  Lines,
  numbered,
  OUTPUTS,
  partFile,
  RecordError,
  removeIfThere,
  REPLIES,
  RESULTS,
  RUN,
  SENT,
  TURNS,
  writeWhole,
} from "./files.ts";

/** Folders whose files are counted. */
const COUNTED = [SENT, OUTPUTS, REPLIES, TURNS] as const;
type Counted = (typeof COUNTED)[number];

/** An entry before it is written: each of the union without its time. */
type Entry = AuditEntry extends infer E ? E extends AuditEntry ? Omit<E, "time"> : never : never;

export interface Began {
  readonly version: string;
  /** Of the command line. */
  readonly arguments: readonly string[];
}

/** What a run that goes on has behind it, and where it goes on. */
export type Resumed = Pick<
  Extract<AuditEntry, { kind: "resumed" }>,
  "options" | "host" | "machine" | "turns" | "notes"
>;

/**
 * A folder with `audit.jsonl` (a line for all that happened, as it happened), all that commands printed, what was sent,
 * every answer and every finished turn, and the run's own document. `docs/record.md` says what each file answers.
 *
 * At every moment all that has happened is on disk, so that a run that was killed can go on. A write that fails later
 * does not end the run, for a full disk may be what is looked into: see {@link Record.fault}.
 */
export class Record implements CommandWatch {
  readonly #folder: string;
  readonly #audit: Lines;
  /** Files that are there, by the folder they are in: the next one gets the next number. */
  readonly #files: { [name in Counted]: number } = { [SENT]: 0, [OUTPUTS]: 0, [REPLIES]: 0, [TURNS]: 0 };
  #parts: Lines | undefined;
  #fault: string | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#audit = new Lines(`${folder}/${AUDIT}`);
  }

  /**
   * Makes the folder, or takes one that is there and empty, and closes it to others.
   *
   * @throws {RecordError} it cannot be made or written, or holds something
   */
  static create(folder: string, began: Began): Record {
    return begun(folder, () => {
      Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
      if (!Deno.readDirSync(folder)[Symbol.iterator]().next().done) {
        throw new RecordError("it is not empty, and a record is never mixed with another one");
      }
      Deno.chmodSync(folder, FOLDER_MODE);
      const record = new Record(folder);
      for (const name of COUNTED) Deno.mkdirSync(`${folder}/${name}`, { mode: FOLDER_MODE });
      record.#append({ kind: "began", schema: "ktriage.audit/1", ...whoIs(began) });
      return record;
    });
  }

  /**
   * Goes on in the folder of a run that has ended without a conclusion.
   *
   * @throws {RecordError} it cannot be written
   */
  static resume(folder: string, began: Began, resumed: Resumed): Record {
    return begun(folder, () => {
      const record = new Record(folder);
      for (const name of COUNTED) {
        record.#files[name] = highest(`${folder}/${name}`);
      }
      record.#append({ kind: "resumed", ...whoIs(began), ...resumed });
      return record;
    });
  }

  /** Keeps what is asked, where, and how: all that is needed to go on. */
  began(document: Omit<RecordBegan, "schema" | "time">): void {
    const began: RecordBegan = { schema: "ktriage.record/1", time: now(), ...document };
    this.#try(() => this.#write(BEGAN, `${stringify(began, 2)}\n`));
  }

  /** The same model; each of its answers is kept as it comes. */
  listenTo(model: Model): Model {
    const { name, window_tokens } = model;
    return {
      name,
      ...(window_tokens === undefined ? {} : { window_tokens }),
      answer: async (question, options) => {
        const start = performance.now();
        const keep = (answer: Partial<RecordedAnswer>): void =>
          this.#answered({ duration_ms: Math.round(performance.now() - start), ...answer });
        try {
          const answer = await model.answer(question, options);
          keep(answerDocument(answer));
          return answer;
        } catch (error) {
          if (error instanceof ModelError && !options.signal.aborted) {
            keep({ error: { message: error.message, hint: error.hint } });
          }
          throw error;
        }
      },
    };
  }

  /** A text of the model's that could not be used, and what it is told about it. */
  unusable(text: string | null, problem: string): void {
    this.#answered({ ...(text === null ? {} : { raw: text }), error: { message: problem, hint: "" } });
  }

  #answered(answer: Omit<RecordedAnswer, "schema" | "time" | "turns_before">): void {
    const file = this.#next(REPLIES);
    const document: RecordedAnswer = {
      schema: "ktriage.answer/1",
      time: now(),
      turns_before: this.#files[TURNS],
      ...answer,
    };
    this.#try(() => this.#write(file, `${stringify(document, 2)}\n`));
    this.#note({ kind: "answered", file, ...(answer.error === undefined ? {} : { error: answer.error.message }) });
  }

  /** Why the record is not whole; undefined while it is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** A request that leaves for a gateway. */
  sent({ url, body }: { readonly url: string; readonly body: string }): void {
    const bytes = new TextEncoder().encode(body);
    const file = this.#next(SENT);
    this.#try(() => this.#write(file, bytes));
    this.#note({ kind: "sent", url, bytes: bytes.length, file });
  }

  /** What the loop tells of programs and of the AI; commands tell more by themselves. */
  progress(progress: Progress): void {
    if (progress.kind === "reply") {
      const { reply } = progress;
      this.#note(
        reply.response_type === "diagnostic"
          ? { kind: "asked", request: reply }
          : { kind: "concluded", resolution: reply },
      );
    } else if (progress.kind === "follow_up") {
      this.#note({ kind: "follow_up", question: progress.question });
    } else if (progress.kind === "turn") {
      this.#turn(progress.turn);
    } else if (progress.kind === "command_ended") {
      this.#part(progress.result);
    } else if (progress.kind === "programs_started") {
      for (const { key, attached_as, error } of progress.starts) {
        this.#note({
          kind: "attached",
          program: key,
          ...(attached_as === undefined ? {} : { attached_as }),
          ...(error === undefined ? {} : { error }),
        });
      }
    } else if (progress.kind === "programs_ended") {
      for (const [program, { event_count, lost_events, events, error }] of Object.entries(progress.results)) {
        if (error === undefined) {
          this.#note({ kind: "detached", program, event_count, lost_events, events: events.length });
        }
      }
    }
  }

  /** The result of a command whose turn is under way: it need not run again when the run is resumed. */
  #part(command_result: CommandResult): void {
    const line = stringify({ schema: "ktriage.part/1", command_result });
    const name = partFile(this.#files[TURNS] + 1);
    this.#try(() => (this.#parts ??= new Lines(`${this.#folder}/${name}`)).add(line));
  }

  #turn(turn: Turn): void {
    const file = this.#next(TURNS);
    this.#try(() => this.#write(file, `${stringify({ schema: "ktriage.turn/1", ...turn }, 2)}\n`));
    this.#note({ kind: "turn", file });
    this.#try(() => removeIfThere(`${this.#folder}/${partFile(this.#files[TURNS])}`));
    this.#parts = undefined;
  }

  /** A request that no model sent: `ktriage run` has it from a file. */
  asked(request: Extract<AuditEntry, { kind: "asked" }>["request"]): void {
    this.#note({ kind: "asked", request });
  }

  decided({ id, command }: CommandRequest, decision: Decision): void {
    const { kind: verdict, ...told } = decision.kind === "runs"
      ? decision.verdict
      : { kind: "refused" as const, ...decision.refused };
    this.#note({
      kind: "judged",
      id,
      command,
      verdict,
      ...("rule" in told ? { rule: told.rule, reason: told.reason } : {}),
      ...("piece" in told && told.piece !== undefined ? { piece: told.piece.text } : {}),
      ...("runs" in told ? { runs: told.runs } : {}),
      ...(decision.kind === "runs" && decision.approved !== undefined ? { approved: decision.approved } : {}),
    });
  }

  filesFor(): { readonly stdout: string; readonly stderr: string } {
    const start = `${this.#folder}/${OUTPUTS}/${numbered(++this.#files[OUTPUTS], "")}`;
    return { stdout: `${start}.stdout`, stderr: `${start}.stderr` };
  }

  ran({ id }: CommandRequest, { execution, files }: Parameters<CommandWatch["ran"]>[1]): void {
    const { sandbox, exit_code, signal, ended, duration_ms, stdout, stderr, fault } = execution;
    this.#fault ??= fault;
    this.#note({
      kind: "ran",
      id,
      sandbox,
      exit_code,
      signal,
      ended: ended ?? null,
      duration_ms,
      stdout: this.#output(files.stdout, stdout),
      stderr: this.#output(files.stderr, stderr),
    });
  }

  /** Without the file of a stream that nothing came through. */
  #output(path: string, { total_bytes }: Execution["stdout"]): Extract<AuditEntry, { kind: "ran" }>["stdout"] {
    if (total_bytes > 0) return { total_bytes, file: path.slice(this.#folder.length + 1) };
    if (exists(path)) this.#try(() => Deno.removeSync(path));
    return { total_bytes };
  }

  failed({ id }: CommandRequest, error: string): void {
    this.#note({ kind: "not_run", id, error });
  }

  /** Keeps the run's own document. A run that is resumed replaces the one it had. */
  end(name: typeof RUN | typeof RESULTS, document: unknown): void {
    this.#try(() => this.#write(name, `${stringify(document, 2)}\n`));
    this.#note({ kind: "ended", document: name });
  }

  #note(entry: Entry): void {
    this.#try(() => this.#append(entry));
  }

  #append(entry: Entry): void {
    this.#audit.add(stringify({ time: now(), ...entry }));
  }

  #write(name: string, content: string | Uint8Array): void {
    writeWhole(`${this.#folder}/${name}`, content);
  }

  #next(folder: Counted): string {
    return `${folder}/${numbered(++this.#files[folder])}`;
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#fault ??= error instanceof Error ? error.message : String(error);
    }
  }
}

function begun(folder: string, begin: () => Record): Record {
  try {
    return begin();
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new RecordError(`Cannot record to ${folder}: ${why}.`, { cause: error });
  }
}

function whoIs({ version, arguments: words }: Began): Omit<Extract<Entry, { kind: "began" }>, "kind" | "schema"> {
  const start_ticks = startTicks(Deno.pid);
  return {
    version,
    arguments: [...words],
    process_id: Deno.pid,
    ...(start_ticks === undefined ? {} : { start_ticks }),
    user_id: Deno.uid(),
  };
}

function answerDocument({ reply, raw, episode_id, notes, usage, answered_by }: Answer): Partial<RecordedAnswer> {
  return {
    raw,
    reply,
    ...(episode_id === undefined ? {} : { episode_id }),
    ...(notes === undefined || notes.length === 0 ? {} : { notes: [...notes] }),
    ...(usage === undefined ? {} : { usage }),
    ...(answered_by === undefined ? {} : { answered_by }),
  };
}

/** The highest number of a file in the folder; what is unfinished has none yet. */
function highest(folder: string): number {
  const numbers = [...Deno.readDirSync(folder)]
    .map(({ name }) => Number(/^(\d+)\.(?:json|stdout|stderr)$/.exec(name)?.[1] ?? 0));
  return Math.max(0, ...numbers);
}

function now(): string {
  return new Date().toISOString();
}
