/** `ktriage show`: what a case holds, or its answer. Nothing is changed. */
import { CaseError } from "../case/error.ts";
import { type PrivateFile, readPrivate } from "../case/private.ts";
import { redactorOf } from "../case/redaction.ts";
import { casePath, openCase, tellCase, tellingCaseErrors } from "./case_file.ts";
import { inputName } from "./input.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

/** Prints a case; on its host with the names and addresses that the placeholders of the answer stand for. */
export function showSubcommand(invocation: Invocation): Promise<number> {
  const { options, writer } = invocation;
  return tellingCaseErrors(async () => {
    const { path, document, edited } = await openCase(casePath(invocation, "show"), options);
    if (edited) writer.note("This file was changed since ktriage wrote it.");
    const kept = privateOf(path, document.id, options.text("private"));
    tellCase(document, {
      name: inputName(path),
      writer,
      options,
      redactor: kept === undefined ? undefined : redactorOf(document, kept.content),
      outputs: options.has("full") ? "whole" : "one line",
    });
    return EXIT.done;
  });
}

/** Names are put back by who may read what they are; who collected as root may show the case as anybody. */
function privateOf(path: string, id: string, named: string | undefined): PrivateFile | undefined {
  try {
    return readPrivate(path, { id, named });
  } catch (error) {
    if (named === undefined && error instanceof CaseError) return undefined;
    throw error;
  }
}
