/** `--record`: the folder that keeps what a run did; and `--resume`, which goes on in one. */
import { readMachine } from "../kernel/host/machine.ts";
import { readIdentities } from "../privacy/identities.ts";
import type { RecordBegan, RecordOptions } from "../protocol/mod.ts";
import { RecordError, type RESULTS, type RUN } from "../record/files.ts";
import { readRecord, type RecordedRun } from "../record/read.ts";
import { Record } from "../record/record.ts";
import type { Options } from "./arguments.ts";
import { type ChoiceInput, gatewayOptionsFrom } from "./choice.ts";
import { CliError } from "./errors.ts";
import { VERSION } from "./version.ts";
import type { Writer } from "./writer.ts";

/**
 * The record of this run; undefined where none is asked for.
 *
 * @throws {CliError} the folder cannot take it: nothing runs that was to be recorded
 */
export function recordFrom(options: Options): Record | undefined {
  const folder = options.text("record");
  if (folder === undefined) return undefined;
  takeFileLimitsAsErrors();
  return orCliError(
    () => Record.create(folder, { version: VERSION, arguments: Deno.args }),
    "Name a new folder with --record; it is made.",
  );
}

/**
 * A limit on the size of files (RLIMIT_FSIZE) must not end the run: without its signal it is an error of the write that
 * goes too far, as a full disk is.
 */
export function takeFileLimitsAsErrors(): void {
  Deno.addSignalListener("SIGXFSZ", () => {});
}

/** Keeps what a diagnosis is asked, where, and how: with it the record can be replayed and resumed. */
export async function recordBeginning(
  record: Record,
  asked: Pick<RecordBegan, "issue" | "host" | "options">,
): Promise<void> {
  const { hosts, users } = readIdentities();
  record.began({
    version: VERSION,
    ...asked,
    machine: await readMachine(),
    identities: { hosts: [...hosts], users: [...users] },
  });
}

/** How a run is asked, as its record keeps it: never a key. */
export async function recordOptions(
  { model, max_rounds, choice }: {
    readonly model: string;
    readonly max_rounds: number;
    readonly choice: ChoiceInput;
  },
): Promise<RecordOptions> {
  const gateway = model === "expert" ? undefined : await gatewayOptionsFrom(choice);
  return {
    model,
    ...(gateway === undefined ? {} : { endpoint: gateway.endpoint, function: gateway.model }),
    ...(gateway?.kind === undefined ? {} : { gateway_kind: gateway.kind }),
    max_rounds,
    redact: [...choice.outbound?.redact ?? []],
  };
}

/** Closes the record, and says so if it is not whole. */
export function endRecord(
  record: Record | undefined,
  { name, document, writer }: {
    readonly name: typeof RUN | typeof RESULTS;
    readonly document: unknown;
    readonly writer: Writer;
  },
): void {
  record?.end(name, document);
  if (record?.fault !== undefined) writer.note(`The record is not whole: ${record.fault}.`);
}

/**
 * Reads a record, to replay or to resume it.
 *
 * @throws {CliError} it cannot be read: which file, and why
 */
export async function recordIn(folder: string): Promise<RecordedRun> {
  const machine = await readMachine();
  return orCliError(() => readRecord(folder, machine), "ktriage runs lists the records below a folder.");
}

export function orCliError<T>(work: () => T, hint: string): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new CliError(error.message, hint, { cause: error });
  }
}
