/** What `collect`, `ask`, `run` and `show` share: opening a case, printing it, telling what is wrong with it. */
import { CaseError } from "../case/error.ts";
import { type Edits, MAX_CASE_BYTES, readCase } from "../case/file.ts";
import { runOf } from "../case/steps.ts";
import type { Redactor } from "../privacy/redactor.ts";
import type { CaseDocument } from "../protocol/case.ts";
import { stringify } from "../protocol/json.ts";
import { caseText } from "../report/case.ts";
import { runText } from "../report/text.ts";
import { mapStrings } from "../models/map_strings.ts";
import type { Options } from "./arguments.ts";
import { CliError, UsageError } from "./errors.ts";
import { inputName, readInput } from "./input.ts";
import type { Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

/** A case that was read from a file. */
export interface OpenCase {
  readonly path: string;
  readonly document: CaseDocument;
  /** It is not as ktriage wrote it, and the operator accepts that. */
  readonly edited: boolean;
}

/**
 * The only operand.
 *
 * @param verb for error messages: what is to be done with the case
 * @throws {UsageError} none is named, or several
 */
export function casePath({ positionals }: Invocation, verb: string): string {
  const [path, ...rest] = positionals;
  if (path === undefined) throw new UsageError(`Cannot ${verb}: no case was given.`);
  if (rest.length > 0) throw new UsageError(`Cannot ${verb} more than one case at a time: ${positionals.join(", ")}.`);
  return path;
}

/**
 * The case in a file.
 *
 * @throws {CliError} it cannot be read or trusted
 */
export async function openCase(path: string, options: Options): Promise<OpenCase> {
  const text = await readInput(path, { what: "the case", max_bytes: MAX_CASE_BYTES });
  const name = inputName(path);
  return { path, ...readCase(text, { name, edits: editsFrom(options) }) };
}

/** `--accept-edits` */
export function editsFrom(options: Options): Edits {
  return options.has("accept-edits") ? "accepted" : "refused";
}

/** Where a case that came through a pipe would be written, nobody knows. */
export function refusePipe(path: string, verb: string): void {
  if (path === "-") {
    throw new UsageError(`Cannot ${verb} a case from standard input: the file is written, so name it.`);
  }
}

export interface TellOptions {
  readonly name: string;
  readonly writer: Writer;
  readonly options: Options;
  /** On the case's host: puts names and addresses back into the answer. */
  readonly redactor?: Redactor | undefined;
  readonly outputs?: "one line" | "whole";
}

/** Prints the answer of a case as the report of a run, or what the case holds and what comes next. */
export function tellCase(document: CaseDocument, { name, writer, options, redactor, outputs }: TellOptions): void {
  if (document.next !== "done" || outputs === "whole") {
    writer.out(
      options.has("json")
        ? `${stringify(document, 2)}\n`
        : caseText(document, { ...writer.layout, name, ...(outputs === undefined ? {} : { outputs }) }),
    );
    if (document.next !== "done" || options.has("json")) return;
    writer.out("\n");
  }
  const carried = runOf(document);
  const run = redactor === undefined ? carried : mapStrings(carried, (text) => redactor.restore(text));
  writer.out(options.has("json") ? `${stringify(run, 2)}\n` : runText(run, writer.layout));
}

/** Runs what may find fault with a case, and tells that as an error of the command line. */
export async function tellingCaseErrors<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof CaseError) throw new CliError(error.message, error.hint, { cause: error });
    throw error;
  }
}
