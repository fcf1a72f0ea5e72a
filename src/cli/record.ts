/** `--record`: the folder that keeps what a run did. */
import { Record, RecordError } from "../record/record.ts";
import type { Options } from "./arguments.ts";
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
  try {
    return Record.create(folder, { version: VERSION, arguments: Deno.args });
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    throw new CliError(error.message, "Name a new folder with --record; it is made.", { cause: error });
  }
}

/** Closes the record, and says so if it is not whole. */
export function endRecord(
  record: Record | undefined,
  { name, document, writer }: {
    readonly name: "run.json" | "results.json";
    readonly document: unknown;
    readonly writer: Writer;
  },
): void {
  record?.end(name, document);
  if (record?.fault !== undefined) writer.note(`The record is not whole: ${record.fault}.`);
}
