/** `ktriage replay`: a recorded run once more, from its record alone, or its evidence before another model. */
import { Conversation, type Operator } from "../agent/conversation.ts";
import type { OnProgress } from "../agent/progress.ts";
import type { Model } from "../models/model.ts";
import { recordedModel } from "../models/recorded.ts";
import { type Comparison, type Failure, type RecordedAnswer, type Run, stringify, type Turn } from "../protocol/mod.ts";
import { verdictOf } from "../record/compare.ts";
import { recordedHands, requestThatRan } from "../record/hands.ts";
import type { RecordedRun } from "../record/read.ts";
import { withUsage } from "../record/resume.ts";
import { progressLines } from "../report/progress.ts";
import { comparisonText } from "../report/runs.ts";
import { runText } from "../report/text.ts";
import { choiceFrom, chooseModel } from "./choice.ts";
import { CliError, UsageError } from "./errors.ts";
import { Interrupt } from "./interrupt.ts";
import { outboundFrom } from "./outbound.ts";
import { recordIn } from "./record.ts";
import { choiceOf } from "./resume.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

const MAX_ROUNDS = 50;
/** Answers that another model may give when it begins with all the evidence. */
const ROUNDS_WITH_EVIDENCE = 4;

/** Plays a record, and prints its report; with another model, both verdicts. */
export async function replaySubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  const [folder, ...rest] = positionals;
  if (folder === undefined) throw new UsageError("Cannot replay: no record was named.");
  if (rest.length > 0) throw new UsageError(`Cannot replay more than one record at a time: ${positionals.join(", ")}.`);
  const record = await recordIn(folder);
  if (record.state === "running") writer.note("That run is still under way: this is what it has so far.");
  if (record.missing.length > 0) writer.note(`The record is not whole; missing: ${record.missing.join(", ")}.`);
  const model = await otherModel(record, { positionals, options, writer });
  return model === undefined
    ? await playAgain(record, { options, writer })
    : await askOther(record, model, { options, writer });
}

/** Whom the flags name; undefined where the recorded answers are wanted. The environment alone names nobody here. */
async function otherModel(record: RecordedRun, { options, writer }: Invocation): Promise<Model | undefined> {
  const { endpoint, model } = choiceFrom(options);
  if (endpoint === undefined && model === undefined) {
    const lone = ["from-start", "max-rounds", "show-outbound", "redact"].find((name) => options.has(name));
    if (lone === undefined) return undefined;
    throw new UsageError(`Cannot replay with --${lone}: it needs another model to ask.`, "Name one: --model NAME");
  }
  if (endpoint === undefined && model === "expert") return (await import("../models/expert/mod.ts")).createExpert();
  const outbound = { ...outboundFrom(options, writer), identities: record.began.identities };
  return await chooseModel(choiceOf(record, { ...choiceFrom(options), outbound }));
}

type Printing = Pick<Invocation, "options" | "writer">;

async function playAgain(record: RecordedRun, { options, writer }: Printing): Promise<number> {
  const run = await replayed(record, tellTo(writer));
  if (record.run !== undefined) {
    writer.note(
      stringify(run) === stringify(record.run)
        ? "The replay came to the same report as the run."
        : "The replay came to another report than the run, which is in run.json: this version of ktriage judges differently.",
    );
  }
  writer.out(options.has("json") ? `${stringify(run, 2)}\n` : runText(run, writer.layout));
  return run.resolution === undefined ? EXIT.failed : EXIT.done;
}

/** The run as its answers and its evidence make it once more; its times are the recorded ones. */
async function replayed(record: RecordedRun, on_progress: OnProgress): Promise<Run> {
  const { began, host, options, turns, follow_ups, last_time } = record;
  let late_hints = [...record.late_hints];
  const conversation = new Conversation({
    issue: began.issue,
    host,
    model: recordedModel(options.model, answersThatCount(record.answers), { raw: "as it came" }),
    hands: recordedHands(turns),
    max_rounds: options.max_rounds,
    operator: { ...recordedOperator(record), lateHint: () => late_hints.shift() },
    on_progress,
  });
  let run = await conversation.diagnose();
  for (const each of follow_ups) {
    late_hints = [...each.late_hints];
    run = await conversation.followUp(each.question);
  }
  const { start_time, end_time } = record.run ?? { start_time: began.time, end_time: last_time };
  const ended = run.failure === undefined ? undefined : endOf(record, run.failure);
  return {
    ...withUsage(run, record.run?.usage ?? run.usage),
    start_time,
    end_time,
    turns: run.turns.map((turn, index) => withNotes(turn, turns[index])),
    ...(ended === undefined ? {} : { failure: ended }),
  };
}

/** What was said about a turn besides running it (skipped, hinted, resumed) is not said again: it is as it was. */
function withNotes(played: Turn, recorded: Turn | undefined): Turn {
  const { notes: _, ...rest } = played;
  const { notes, ...same }: Turn = recorded ?? played;
  return notes !== undefined && stringify(rest) === stringify(same) ? { ...rest, notes } : played;
}

/** Failures that were followed by an answer are over: the run was resumed, or the question shortened. */
function answersThatCount(answers: readonly RecordedAnswer[]): readonly RecordedAnswer[] {
  return answers.filter(({ error }, index) => error === undefined || index === answers.length - 1);
}

/** Lets happen what happened: what ran of each request, and an end where nothing more did. */
function recordedOperator({ turns }: RecordedRun): Operator {
  const left = [...turns];
  return {
    review: (asked) => {
      const [next] = left;
      if (next === undefined || stringify(next.request) !== stringify(asked)) return Promise.resolve("stop");
      left.shift();
      return Promise.resolve(requestThatRan(next));
    },
  };
}

/** Why the run ended without a conclusion: as its own document says, if it had the time to write one. */
function endOf({ run, state, last_time }: RecordedRun, played: Failure): Failure {
  if (run?.failure !== undefined) return run.failure;
  if (run !== undefined) return played;
  return {
    kind: "interrupted",
    message: state === "running"
      ? "The run is still under way."
      : `The record ends here: the run was ended from outside, at ${last_time} or soon after.`,
    hint: "ktriage diagnose --resume goes on from here.",
  };
}

async function askOther(record: RecordedRun, model: Model, { options, writer }: Printing): Promise<number> {
  const turns = options.has("from-start") ? [] : record.turns;
  const rounds = options.integer("max-rounds", { min: 1, max: MAX_ROUNDS }) ??
    (turns.length === 0 ? record.options.max_rounds : ROUNDS_WITH_EVIDENCE);
  using interrupt = new Interrupt({ on_first: () => writer.note("Ending. Once more leaves at once.") });
  writer.note(`Asking ${model.name}, with what was recorded on ${record.host.hostname} at ${record.began.time}.`);
  const hands = recordedHands(record.turns);
  const run = await new Conversation({
    issue: record.began.issue,
    host: record.host,
    model,
    hands,
    turns,
    max_rounds: turns.length + rounds,
    signal: interrupt.signal,
    on_progress: tellTo(writer),
  }).diagnose();
  const comparison: Comparison = {
    schema: "ktriage.comparison/1",
    folder: record.folder,
    recorded: verdictOf(record.run ?? await replayed(record, () => {})),
    replayed: verdictOf(run),
    not_recorded: [...hands.not_recorded],
    run,
  };
  writer.out(options.has("json") ? `${stringify(comparison, 2)}\n` : comparisonText(comparison, writer.layout));
  if (run.failure !== undefined && run.failure.kind === "model") {
    throw new CliError(run.failure.message, run.failure.hint);
  }
  return interrupt.exitCode(run.resolution === undefined ? EXIT.failed : EXIT.done);
}

function tellTo(writer: Writer): OnProgress {
  const paint = writer.notePaint;
  return (progress) => progressLines(progress, paint).forEach((line) => writer.note(line));
}
