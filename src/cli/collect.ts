/** `ktriage collect`: a problem in words in, a case out, with what the built-in expert asks and this host answers. */
import { DEFAULT_MAX_ROUNDS } from "../agent/conversation.ts";
import { collectTurns } from "../case/collect.ts";
import { checkWritable, DEFAULT_MAX_BYTES, MAX_CASE_BYTES, MIN_CASE_BYTES } from "../case/file.ts";
import { holdFile } from "../case/hold.ts";
import { writeHostStep } from "../case/host_side.ts";
import { machineFor } from "../case/identity.ts";
import { checkPrivatePlace, privatePathOf } from "../case/private.ts";
import { type HostWords, redactorOf } from "../case/redaction.ts";
import { did, withStep } from "../case/steps.ts";
import type { CaseContent } from "../case/text.ts";
import type { CaseDocument } from "../protocol/case.ts";
import { exists } from "../kernel/exists.ts";
import { readHost } from "../kernel/host/host.ts";
import type { Options } from "./arguments.ts";
import { tellCase, tellingCaseErrors } from "./case_file.ts";
import { CliError, UsageError } from "./errors.ts";
import { handsFrom } from "./hands.ts";
import { Interrupt } from "./interrupt.ts";
import { issueFrom } from "./issue.ts";
import { liveProgress } from "./live.ts";
import { noteWhatIsMissing } from "./missing.ts";
import { categoriesFrom } from "./outbound.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { VERSION } from "./version.ts";

const ROUNDS = { min: 2, max: 50 };

/** Gathers the first evidence and writes the case, and beside it what stays here. */
export function collectSubcommand(invocation: Invocation): Promise<number> {
  return tellingCaseErrors(() => collect(invocation));
}

async function collect({ positionals, options, writer }: Invocation): Promise<number> {
  if (positionals.length === 0) {
    throw new UsageError("Cannot collect without an issue.", 'Say what is wrong: ktriage collect "…" -o case.ktz');
  }
  const places = placesFrom(options);
  const { path, private_path } = places;
  using _held = holdFile(path), _held_too = holdFile(private_path);
  refuseExisting(places);
  const max_rounds = options.integer("max-rounds", ROUNDS) ?? DEFAULT_MAX_ROUNDS;
  const max_bytes = options.integer("max-bytes", { min: MIN_CASE_BYTES, max: MAX_CASE_BYTES }) ?? DEFAULT_MAX_BYTES;
  const redacted = [...new Set(categoriesFrom(options.texts("redact")))];
  const hands = handsFrom(options, writer, () => undefined);
  const issue = await issueFrom(positionals);
  checkWritable(path, "Name another file with -o; -o /dev/shm/case.ktz is in memory, where a disk is full.");
  checkPrivatePlace(private_path, options.text("private"));

  using interrupt = new Interrupt({
    on_first: () => writer.note("Ending; what was seen is written. Once more leaves at once."),
  });
  const host = await readHost();
  noteWhatIsMissing(host, writer);
  const turns = await collectTurns({
    issue,
    host,
    hands,
    max_rounds,
    signal: interrupt.signal,
    on_progress: liveProgress(writer),
  });

  const document = await writeNewCase({ issue, host, turns }, { places, redacted, max_rounds, max_bytes });
  writer.note(`Wrote ${path}, which may leave. ${private_path} stays here: what the placeholders stand for.`);
  tellCase(document, { name: path, writer, options });
  return interrupt.exitCode(EXIT.done);
}

/** The case, and beside it what stays here. */
export interface Places {
  readonly path: string;
  readonly private_path: string;
}

/**
 * Writes a case of this host.
 *
 * @throws {CaseError} it cannot be written, or would be too large
 */
export async function writeNewCase(
  words: HostWords & Pick<CaseContent, "host">,
  { places, ...known }: Pick<CaseContent, "redacted" | "max_rounds" | "max_bytes"> & { readonly places: Places },
): Promise<CaseDocument> {
  return writeHostStep(
    withStep(await emptyCase({ ...known, host: words.host }), "collected", did(VERSION)),
    words,
    { ...places, earlier: undefined, redactor: redactorOf({ redacted: known.redacted, placeholders: {} }) },
  );
}

function placesFrom(options: Options): Places {
  const path = options.text("output");
  if (path === undefined) {
    throw new UsageError(
      "Cannot collect without a file to write the case to.",
      'Name one: ktriage collect "the shop answers slowly since noon" -o case.ktz',
    );
  }
  if (path === "-") throw new UsageError("Cannot write a case to standard output: name a file with -o.");
  const private_path = options.text("private") ?? privatePathOf(path);
  if (private_path === path) {
    throw new UsageError(
      "Cannot keep what stays here in the case itself, which leaves: name another file with --private.",
    );
  }
  return { path, private_path };
}

/** New files only: a case may hold what nobody has elsewhere. */
export function refuseExisting({ path, private_path }: Places): void {
  for (const place of [path, private_path]) {
    if (exists(place)) throw new CliError(`Cannot write ${place}: it is there already.`, "Name a new file with -o.");
  }
}

/** A case of this host, before anything is known. */
async function emptyCase(
  known: Pick<CaseContent, "redacted" | "max_rounds" | "max_bytes" | "host">,
): Promise<CaseContent> {
  const id = crypto.randomUUID().replaceAll("-", "");
  return { id, machine: await machineFor(id), placeholders: {}, steps: [], issue: "", turns: [], ...known };
}
