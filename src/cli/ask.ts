/** `ktriage ask`: a case in, the model's next request or its resolution into the same file. Nothing is run here. */
import { askModel } from "../case/ask.ts";
import { checkWritable, sealed, writeCase } from "../case/file.ts";
import { holdFile } from "../case/hold.ts";
import { contentOf, did, withStep } from "../case/steps.ts";
import type { CaseContent } from "../case/text.ts";
import type { CaseDocument } from "../protocol/case.ts";
import type { Failure } from "../protocol/mod.ts";
import { casePath, type OpenCase, openCase, refusePipe, tellCase, tellingCaseErrors } from "./case_file.ts";
import { choiceFrom, chooseModel } from "./choice.ts";
import { CliError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { liveProgress } from "./live.ts";
import { NOTHING_LEAVES, nothingLeaves, outboundFrom } from "./outbound.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { VERSION } from "./version.ts";

const COPY = "Copy the case to a folder that can be written, and ask there.";
const ROUNDS = { min: 1, max: 50 };

/** Asks the model once, writes what it answers, and prints where the case stands. */
export function askSubcommand(invocation: Invocation): Promise<number> {
  return tellingCaseErrors(async () => {
    const path = casePath(invocation, "ask about");
    refusePipe(path, "ask about");
    using _held = holdFile(path);
    const opened = await openCase(path, invocation.options);
    return opened.document.next === "ask" ? await ask(opened, invocation) : nothingToAsk(opened, invocation);
  });
}

/** A case that waits for its host, or has its answer: the model is not asked again. */
function nothingToAsk({ path, document, edited }: OpenCase, { options, writer }: Invocation): number {
  if (document.next === "run") writer.note("The model has asked for more already; it was not asked again.");
  const now = edited ? write(path, withStep(contentOf(document), "edited", did(VERSION))) : document;
  tellCase(now, { name: path, writer, options });
  return EXIT.done;
}

async function ask(opened: OpenCase, invocation: Invocation): Promise<number> {
  const { options, writer } = invocation;
  const { path, document } = opened;
  const model = await chooseModel({
    ...choiceFrom(options),
    outbound: { ...outboundFrom(options, writer), placeholders: document.placeholders },
  });
  const max_rounds = options.integer("max-rounds", ROUNDS) ?? document.max_rounds;
  if (model.name === "expert" && options.has("dry-run")) return nothingLeaves(writer);
  if (model.name === "expert" && options.has("show-outbound")) writer.note(NOTHING_LEAVES);
  if (!options.has("dry-run")) checkWritable(path, COPY);

  const known = { ...contentOf(document), max_rounds, model: model.name };
  const content = opened.edited ? withStep(known, "edited", did(VERSION)) : known;
  using interrupt = new Interrupt({ on_first: () => writer.note("Ending; the case stays as it is.") });
  writer.note(model.name === "expert" ? "Asking the built-in expert." : `Asking ${model.name}.`);
  const answered = await askModel(content, { model, signal: interrupt.signal, on_progress: liveProgress(writer) });
  if (options.has("dry-run")) {
    writer.note("Nothing was sent; what follows depends on the answer to it.");
    return EXIT.done;
  }
  if ("failure" in answered) {
    const error = unanswered(answered.failure, content);
    if (!interrupt.signal.aborted) throw error;
    writer.fail(error.message, error.hint);
    return interrupt.exitCode(EXIT.failed);
  }
  const next = withStep(answered, "asked", did(VERSION, model.name));
  tellCase(write(path, next), { name: path, writer, options });
  return interrupt.exitCode(EXIT.done);
}

function unanswered({ kind, message, hint = "" }: Failure, { max_rounds, turns }: CaseContent): CliError {
  const more = `Allow it more with --max-rounds, for example ${Math.max(max_rounds, turns.length) + 4}.`;
  return new CliError(`${message} The case is as it was.`, kind === "limit" ? more : hint);
}

function write(path: string, content: CaseContent): CaseDocument {
  const { text, document } = sealed(content);
  writeCase(path, text);
  return document;
}
