/** What a run did to the host, on disk for its operator: only when asked for, and readable only by this user. */
import type { Progress } from "../agent/progress.ts";
import type { CommandWatch, Decision, Execution } from "../commands/mod.ts";
import { exists } from "../kernel/exists.ts";
import { type AuditEntry, type CommandRequest, stringify } from "../protocol/mod.ts";

const AUDIT = "audit.jsonl";
const OUTPUTS = "outputs";
const SENT = "sent";
const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;

/** An entry before it is written: each of the union without its time. */
type Entry = AuditEntry extends infer E ? E extends AuditEntry ? Omit<E, "time"> : never : never;

export interface Began {
  readonly version: string;
  /** Of the command line. */
  readonly arguments: readonly string[];
}

/** The folder cannot take a record. */
export class RecordError extends Error {
  override readonly name = "RecordError";
}

/**
 * A folder with `audit.jsonl` (a line for all that happened, as it happened), all that commands printed, what was sent,
 * and the run's own document.
 *
 * A write that fails later does not end the run, for a full disk may be what is looked into: see {@link Record.fault}.
 */
export class Record implements CommandWatch {
  readonly #folder: string;
  #sent = 0;
  #outputs = 0;
  #fault: string | undefined;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Makes the folder, or takes one that is there and empty, and closes it to others.
   *
   * @throws {RecordError} it cannot be made or written, or holds something
   */
  static create(folder: string, { version, arguments: words }: Began): Record {
    const record = new Record(folder);
    try {
      Deno.mkdirSync(folder, { recursive: true, mode: FOLDER_MODE });
      if (!Deno.readDirSync(folder)[Symbol.iterator]().next().done) {
        throw new RecordError("it is not empty, and a record is never mixed with another one");
      }
      Deno.chmodSync(folder, FOLDER_MODE);
      for (const name of [OUTPUTS, SENT]) Deno.mkdirSync(`${folder}/${name}`, { mode: FOLDER_MODE });
      record.#append({
        kind: "began",
        schema: "ktriage.audit/1",
        version,
        arguments: [...words],
        process_id: Deno.pid,
        user_id: Deno.uid(),
      });
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      throw new RecordError(`Cannot record to ${folder}: ${why}.`, { cause: error });
    }
    return record;
  }

  /** Why the record is not whole; undefined while it is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** A request that leaves for a gateway. */
  sent({ url, body }: { readonly url: string; readonly body: string }): void {
    const bytes = new TextEncoder().encode(body);
    const file = `${SENT}/${numbered(++this.#sent)}.json`;
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
    const start = `${this.#folder}/${OUTPUTS}/${numbered(++this.#outputs)}`;
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

  /** Keeps the run's own document, the last of the record. */
  end(name: "run.json" | "results.json", document: unknown): void {
    this.#try(() => this.#write(name, new TextEncoder().encode(`${stringify(document, 2)}\n`)));
    this.#note({ kind: "ended", document: name });
  }

  #note(entry: Entry): void {
    this.#try(() => this.#append(entry));
  }

  #append(entry: Entry): void {
    const line = `${stringify({ time: new Date().toISOString(), ...entry })}\n`;
    Deno.writeTextFileSync(`${this.#folder}/${AUDIT}`, line, { append: true, mode: FILE_MODE });
  }

  #write(name: string, bytes: Uint8Array): void {
    Deno.writeFileSync(`${this.#folder}/${name}`, bytes, { createNew: true, mode: FILE_MODE });
  }

  #try(write: () => void): void {
    try {
      write();
    } catch (error) {
      this.#fault ??= error instanceof Error ? error.message : String(error);
    }
  }
}

/** So that a list of files is in their order. */
function numbered(n: number): string {
  return String(n).padStart(4, "0");
}
