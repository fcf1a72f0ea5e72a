/** `ktriage run` with a case: what the model asks for is run here, as any request is, and the results go into the file. */
import { runTurn } from "../agent/turn.ts";
import { CaseError } from "../case/error.ts";
import { checkWritable, MAX_CASE_BYTES, MIN_CASE_BYTES } from "../case/file.ts";
import { keptPlaceholders } from "../case/hands.ts";
import { holdFile } from "../case/hold.ts";
import { checkHostPart } from "../case/host_part.ts";
import { writeHostStep } from "../case/host_side.ts";
import { machineFor } from "../case/identity.ts";
import { checkPrivatePlace, privatePathOf, readPrivate } from "../case/private.ts";
import { redactorOf, restoreRequest } from "../case/redaction.ts";
import { contentOf, did, withoutRequest, withStep } from "../case/steps.ts";
import type { CaseContent } from "../case/text.ts";
import { exists } from "../kernel/exists.ts";
import { mapStrings } from "../models/map_strings.ts";
import type { Redactor } from "../privacy/redactor.ts";
import type { CaseDocument, CasePrivate } from "../protocol/case.ts";
import type { Turn } from "../protocol/mod.ts";
import { editsFrom, openCase, refusePipe, tellCase, tellingCaseErrors } from "./case_file.ts";
import { handsFrom } from "./hands.ts";
import { Interrupt } from "./interrupt.ts";
import { UsageError } from "./errors.ts";
import { liveProgress } from "./live.ts";
import { endRecord, recordFrom } from "./record.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { VERSION } from "./version.ts";

const COPY = "Copy the case to a folder that can be written, and run it there.";

/** A case on its host. */
interface OnHost {
  readonly path: string;
  readonly document: CaseDocument;
  readonly private_path: string;
  readonly earlier: CasePrivate | undefined;
  readonly redactor: Redactor;
  readonly edited: boolean;
}

/** Runs the request of the case in a file, once; then prints where the case stands. */
export function runCase(path: string, invocation: Invocation): Promise<number> {
  return tellingCaseErrors(async () => {
    const { options, writer } = invocation;
    refusePipe(path, "run");
    if (options.has("keep-secrets")) throw new UsageError("Cannot keep secrets in a case: it leaves this host.");
    using _held = holdFile(path);
    const host_case = await onThisHost(path, invocation);
    const { document, redactor, edited } = host_case;
    const { request } = document;
    if (request === undefined && !edited) {
      if (document.next === "ask") writer.note("The model has not asked for more yet: nothing was run.");
      tellCase(document, { name: path, writer, options, redactor });
      return EXIT.done;
    }
    checkWritable(path, COPY);
    const max_bytes = options.integer("max-bytes", { min: MIN_CASE_BYTES, max: MAX_CASE_BYTES }) ?? document.max_bytes;
    const before = { ...contentOf(document), max_bytes };
    const content = edited ? withStep(before, "edited", did(VERSION)) : before;
    const { written, exit = EXIT.done } = request === undefined
      ? { written: writeHostStep(content, { turns: [] }, host_case) }
      : await runAndWrite(content, { ...document, request }, { ...host_case, invocation });
    tellCase(written, { name: path, writer, options, redactor });
    return exit;
  });
}

/** The case, when it is this host's and what the host wrote into it is what has come back. */
async function onThisHost(path: string, { options, writer }: Invocation): Promise<OnHost> {
  const { document, edited } = await openCase(path, options);
  if (await machineFor(document.id) !== document.machine) {
    throw new CaseError(
      `Cannot run ${path} here: it was collected on another host, ${document.host.hostname}.`,
      "Carry it there; for this host, ktriage collect makes a new one.",
    );
  }
  const named = options.text("private");
  const kept = readPrivate(path, { id: document.id, named });
  const private_path = kept?.path ?? named ?? privatePathOf(path);
  if (kept === undefined) {
    writer.note(
      `${private_path} is not here: what placeholders stand for is not known, and whether the case was changed. ` +
        "Commands with placeholders are refused. Name the file with --private.",
    );
    if (exists(private_path)) {
      throw new CaseError(`Cannot write ${private_path}: it is of another case.`, "Name a new file with --private.");
    }
    checkPrivatePlace(private_path, named);
  }
  const changed = kept === undefined ? false : checkHostPart(document, kept.content, {
    name: path,
    edits: editsFrom(options),
  });
  return {
    path,
    document,
    private_path,
    earlier: kept?.content,
    redactor: redactorOf(document, kept?.content),
    edited: edited || changed,
  };
}

async function runAndWrite(
  content: CaseContent,
  { request, turns, notes }: CaseDocument & { readonly request: Turn["request"] },
  host_case: OnHost & { readonly invocation: Invocation },
): Promise<{ readonly written: CaseDocument; readonly exit?: number }> {
  const { redactor, invocation: { options, writer } } = host_case;
  const hands = keptPlaceholders(handsFrom(options, writer, () => record));
  const restored = restoreRequest(request, redactor);
  const record = recordFrom(options); // when nothing is wrong with the rest
  record?.asked(restored);

  using interrupt = new Interrupt({
    on_first: () => writer.note("Ending; what was seen is written. Once more leaves at once."),
  });
  const show = liveProgress(writer);
  const results = await runTurn(restored, hands, {
    signal: interrupt.signal,
    earlier: mapStrings(turns, (text) => redactor.restore(text)),
    on_progress: (progress) => {
      record?.progress(progress);
      show(progress);
    },
  });
  endRecord(record, { name: "results.json", document: { schema: "ktriage.results/1", ...results }, writer });
  const turn: Turn = { request, ...results, ...(notes === undefined ? {} : { notes }) };
  const written = writeHostStep(withStep(withoutRequest(content), "ran", did(VERSION)), { turns: [turn] }, host_case);
  return { written, exit: interrupt.exitCode(EXIT.done) };
}
