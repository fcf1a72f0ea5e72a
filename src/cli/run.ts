/** `ktriage run`: one request of an AI in, the results that would go back out; or a case that waits for its host. */
import { runTurn } from "../agent/turn.ts";
import { MAX_CASE_BYTES } from "../case/file.ts";
import { isCase } from "../case/text.ts";
import { mapStrings } from "../models/map_strings.ts";
import { Redactor } from "../privacy/redactor.ts";
import { type Results, stringify } from "../protocol/mod.ts";
import { progressLines } from "../report/progress.ts";
import { CliError, UsageError } from "./errors.ts";
import { handsFrom } from "./hands.ts";
import { inputName, readInput } from "./input.ts";
import { Interrupt } from "./interrupt.ts";
import { endRecord, recordFrom } from "./record.ts";
import { parseRequest } from "./request.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

const MAX_REQUEST_BYTES = 4 << 20;

/** Runs a request and prints its results as JSON, or runs what a case asks for. */
export async function runSubcommand(invocation: Invocation): Promise<number> {
  const { positionals, options, writer } = invocation;
  const [path, ...rest] = positionals;
  if (path === undefined) throw new UsageError("Cannot run: no request was given.");
  if (rest.length > 0) throw new UsageError(`Cannot run more than one request at a time: ${positionals.join(", ")}.`);
  const text = await readInput(path, { what: "the request", max_bytes: MAX_CASE_BYTES });
  if (isCase(text)) return (await import("./run_case.ts")).runCase(path, invocation);
  if (text.length > MAX_REQUEST_BYTES) {
    throw new CliError(`Cannot use ${inputName(path)} as the request: it has more than ${MAX_REQUEST_BYTES} bytes.`);
  }
  const request = parseRequest(text, inputName(path));

  const hands = handsFrom(options, writer, () => record);
  const record = recordFrom(options); // when nothing is wrong with the rest
  record?.asked(request);

  using interrupt = new Interrupt({
    on_first: () => writer.note("Ending; results of what was seen follow. Once more leaves at once."),
  });
  const paint = writer.notePaint;
  const results = await runTurn(request, hands, {
    signal: interrupt.signal,
    on_progress: (progress) => {
      record?.progress(progress);
      progressLines(progress, paint).forEach((line) => writer.note(line));
    },
  });
  endRecord(record, { name: "results.json", document: { schema: "ktriage.results/1", ...results }, writer });
  const document: Results = {
    schema: "ktriage.results/1",
    ...(options.has("keep-secrets") ? results : redacted(results)),
  };
  writer.out(`${stringify(document, 2)}\n`);
  return interrupt.exitCode(EXIT.done);
}

/** Without passwords, keys and tokens: the document is there to be given to an AI. */
function redacted<T>(results: T): T {
  const redactor = new Redactor();
  mapStrings(results, (text) => {
    redactor.learn(text);
    return text;
  });
  return mapStrings(results, (text) => redactor.redact(text));
}
