/** `ktriage diagnose`: a problem in words in, a resolution out. */
import { Conversation, DEFAULT_MAX_ROUNDS } from "../agent/conversation.ts";
import { readHost } from "../kernel/host/host.ts";
import type { Model } from "../models/model.ts";
import { stringify } from "../protocol/mod.ts";
import { handsThatKnow } from "../record/hands.ts";
import type { RecordedRun } from "../record/read.ts";
import type { Record } from "../record/record.ts";
import { runText } from "../report/text.ts";
import type { Options } from "./arguments.ts";
import { attendanceOf, runsOf } from "./attended.ts";
import { budgetFrom } from "./budget.ts";
import { choiceFrom, type ChoiceInput, chooseModel } from "./choice.ts";
import { handsFrom } from "./hands.ts";
import { Interrupt } from "./interrupt.ts";
import { issueFrom } from "./issue.ts";
import { liveProgress } from "./live.ts";
import { noteWhatIsMissing } from "./missing.ts";
import { NOTHING_LEAVES, nothingLeaves, outboundFrom } from "./outbound.ts";
import { endRecord, recordFrom } from "./record.ts";
import { begin, choiceOf, earlierRun, goOn } from "./resume.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { watcherFrom } from "./watcher.ts";
import type { Writer } from "./writer.ts";

const MAX_ROUNDS = 50;

/** Diagnoses this host and prints the report, or with `--json` the whole run; then takes follow-ups from who watches. */
export async function diagnoseSubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  let record: Record | undefined;
  const dry_run = options.has("dry-run");
  const asked_rounds = options.integer("max-rounds", { min: 1, max: MAX_ROUNDS });
  const budget = budgetFrom(options);
  const earlier = await earlierRun(options, { positionals, max_rounds: asked_rounds });
  const choice = choiceWith(options, writer, { record: () => record, earlier });
  const model = await chooseModel(choice);
  if (model.name === "expert" && dry_run) return nothingLeaves(writer);
  const max_rounds = asked_rounds ?? earlier?.options.max_rounds ?? DEFAULT_MAX_ROUNDS;
  const watcher = watcherFrom(options, writer);
  const hands = handsThatKnow(handsFrom(options, writer, () => record), earlier?.parts ?? []);
  const issue = earlier?.began.issue ?? await issueFrom(positionals, watcher?.terminal);
  if (!dry_run && earlier === undefined) record = recordFrom(options); // when nothing is wrong with the rest

  let running = true;
  using interrupt = new Interrupt({
    on_first: () => running && writer.note("Ending; a report of what was seen follows. Once more leaves at once."),
  });
  const { signal } = interrupt;
  const attendance = attendanceOf(dry_run ? undefined : watcher, { model, writer, signal });
  const operator = attendance?.operator;
  noteWhoAnswers(model, { options, writer, watched: operator !== undefined });
  const host = await readHost();
  noteWhatIsMissing(host, writer);
  const beginning = earlier === undefined
    ? await begin(record, { issue, host, model, choice, max_rounds })
    : await goOn(earlier, { host, model, choice, max_rounds, writer, dry_run });
  record = beginning.record;
  const { turns = [], episode_id } = beginning;
  const show = liveProgress(writer, { without_plan: operator !== undefined });
  const conversation = new Conversation({
    issue,
    host,
    model: beginning.model,
    hands: operator?.steer(hands) ?? hands,
    max_rounds,
    budget,
    signal,
    on_progress: (progress) => {
      record?.progress(progress);
      show(progress);
    },
    turns,
    ...(episode_id === undefined ? {} : { episode_id }),
    ...(operator === undefined ? {} : { operator }),
  });

  let exit: number = EXIT.failed;
  for await (const ended of runsOf(conversation, attendance, () => running = true)) {
    running = false;
    if (dry_run) return dryRunEnds(writer);
    const run = beginning.document(ended);
    endRecord(record, { name: "run.json", document: run, writer });
    writer.out(options.has("json") ? `${stringify(run, 2)}\n` : runText(run, writer.layout));
    exit = interrupt.exitCode(run.resolution === undefined ? EXIT.failed : EXIT.done);
  }
  return exit;
}

/** Who is asked; a run that goes on asks whom it had asked, and never tells it more. */
function choiceWith(
  options: Options,
  writer: Writer,
  { record, earlier }: { readonly record: () => Record | undefined; readonly earlier: RecordedRun | undefined },
): ChoiceInput {
  const outbound = outboundFrom(options, writer);
  const choice: ChoiceInput = {
    ...choiceFrom(options),
    outbound: {
      ...outbound,
      on_outbound: (request) => {
        outbound.on_outbound?.(request);
        record()?.sent(request);
      },
      on_unusable: (text, problem) => record()?.unusable(text, problem),
    },
  };
  return earlier === undefined ? choice : choiceOf(earlier, choice);
}

function noteWhoAnswers(
  { name }: Model,
  { options, writer, watched }: { readonly options: Options; readonly writer: Writer; readonly watched: boolean },
): void {
  const expert = name === "expert";
  writer.note(
    expert
      ? "Asking the built-in expert: NANNYAPI_ENDPOINT and NANNYAPI_MODEL are not set."
      : `${options.has("dry-run") ? "Dry run: not asking" : "Asking"} ${name}.`,
  );
  if (expert && options.has("show-outbound")) writer.note(NOTHING_LEAVES);
  if (watched) {
    writer.note(writer.notePaint("dim", "Enter opens a menu at any time: skip something, give a hint, or stop."));
  }
}

function dryRunEnds(writer: Writer): number {
  writer.note("Nothing was sent; what follows the first request depends on the answer to it.");
  return EXIT.done;
}
