/** `ktriage feedback`: tells the gateway whether its diagnosis led to the solution. */
import { type Feedback, sendFeedback } from "../models/feedback.ts";
import { ModelError } from "../models/model.ts";
import { readVersioned, type Run, run } from "../protocol/mod.ts";
import type { Options } from "./arguments.ts";
import { choiceFrom, gatewayOptionsFrom } from "./choice.ts";
import { CliError, UsageError } from "./errors.ts";
import { inputName, readInput } from "./input.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { SOLVED } from "./words.ts";

const MAX_RUN_BYTES = 256 << 20;

/** Posts what became of a run; a gateway that keeps nothing is no failure. */
export async function feedbackSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  const [path, ...rest] = positionals;
  if (path === undefined || rest.length > 0) throw new UsageError("Cannot give feedback: it is about one run.");
  const solved = solvedFrom(options);
  const comment = options.text("comment")?.trim() ?? "";
  const document = await readRun(path);
  const { episode_id, model } = document;
  if (episode_id === undefined) {
    throw new CliError(
      `Cannot give feedback on this run: it has no episode, for ${model} answered.`,
      "Only gateways that keep episodes, such as TensorZero, take feedback.",
    );
  }
  const choice = choiceFrom(options);
  const gateway = await gatewayOptionsFrom({ ...choice, model: choice.model ?? model });
  if (gateway === undefined) throw new UsageError("Cannot give feedback without a gateway.", "Set NANNYAPI_ENDPOINT.");

  for (const feedback of feedbackOf(document, { solved, comment })) {
    const outcome = await told(() => sendFeedback(feedback, { ...gateway, episode_id }));
    if (outcome.kind === "not_kept") {
      writer.note(writer.notePaint("yellow", `The gateway keeps no feedback on episode ${episode_id}: ${outcome.why}`));
      writer.note("It needs a database to keep any, and must be the gateway that answered: see docs/tensorzero.md.");
      return EXIT.done;
    }
    if (outcome.kind === "kept") writer.note(`Told the gateway: ${feedback.metric} of episode ${episode_id}.`);
    else if (feedback.metric === "claims_verified") writer.note(`${outcome.error.message} (not needed)`);
    else throw new CliError(outcome.error.message, outcome.error.hint, { cause: outcome.error });
  }
  return EXIT.done;
}

function solvedFrom(options: Options): boolean {
  const word = options.word("solved", SOLVED);
  if (word === undefined) throw new UsageError("Cannot give feedback without --solved: it takes yes or no.");
  return word === "yes";
}

/** A run's document, or the one in the folder of a record. */
async function readRun(path: string): Promise<Run> {
  const folder = path !== "-" && await Deno.stat(path).then(({ isDirectory }) => isDirectory, () => false);
  const file = folder ? `${path}/run.json` : path;
  const text = await readInput(file, { what: "the run", max_bytes: MAX_RUN_BYTES });
  try {
    return readVersioned(text, run);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new CliError(
      `Cannot use ${inputName(file)} as a run: ${why}.`,
      "Name what ktriage diagnose --json printed, or the folder of its --record.",
      { cause: error },
    );
  }
}

/** What is told: the operator's word first, for it matters most. */
function feedbackOf(
  { evidence_check }: Run,
  { solved, comment }: { readonly solved: boolean; readonly comment: string },
): readonly Feedback[] {
  const claims = evidence_check?.claims ?? [];
  const verified = claims.filter(({ status }) => status === "verified").length;
  return [
    { metric: "solved", value: solved },
    ...(comment === "" ? [] : [{ metric: "comment", value: comment }]),
    ...(claims.length === 0 ? [] : [{ metric: "claims_verified", value: verified / claims.length }]),
  ];
}

async function told<T>(send: () => Promise<T>): Promise<T> {
  try {
    return await send();
  } catch (error) {
    if (error instanceof ModelError) throw new CliError(error.message, error.hint, { cause: error });
    throw error;
  }
}
