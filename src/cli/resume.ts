/** `ktriage diagnose --resume DIR`: on from where a recorded run ended without a conclusion. */
import { readMachine } from "../kernel/host/machine.ts";
import type { Model } from "../models/model.ts";
import { recordedModel } from "../models/recorded.ts";
import { CATEGORIES } from "../privacy/categories.ts";
import type { Host, RecordOptions, Run, Turn } from "../protocol/mod.ts";
import { noted, type RecordedRun } from "../record/read.ts";
import { Record } from "../record/record.ts";
import { changesSince, episodeOf, pendingAnswers, usageOf, whyNotResumed, withUsage } from "../record/resume.ts";
import { count } from "../report/layout.ts";
import type { Options } from "./arguments.ts";
import type { ChoiceInput } from "./choice.ts";
import { CliError, UsageError } from "./errors.ts";
import { orCliError, recordBeginning, recordIn, recordOptions, takeFileLimitsAsErrors } from "./record.ts";
import { VERSION } from "./version.ts";
import type { Writer } from "./writer.ts";

/**
 * The run that `--resume` names; undefined where it is not given.
 *
 * @throws {UsageError} it is given together with what the record has already
 * @throws {CliError} the record cannot be read, has its conclusion, or is still being written
 */
export async function earlierRun(
  options: Options,
  asked: { readonly positionals: readonly string[]; readonly max_rounds: number | undefined },
): Promise<RecordedRun | undefined> {
  const folder = options.text("resume");
  if (folder === undefined) return undefined;
  const given = asked.positionals.length > 0 ? "an issue" : options.has("record") ? "--record" : undefined;
  if (given !== undefined) {
    throw new UsageError(
      `Cannot resume ${folder} with ${given}: the record has it already.`,
      `ktriage diagnose --resume ${folder}`,
    );
  }
  const earlier = await recordIn(folder);
  const fault = whyNotResumed(earlier, { max_rounds: asked.max_rounds ?? earlier.options.max_rounds });
  if (fault !== undefined) throw new CliError(fault.message, fault.hint);
  return earlier;
}

/** Who answers: whom the flags name, else who answered before, whatever the environment says now. */
export function choiceOf({ options }: Pick<RecordedRun, "options">, choice: ChoiceInput): ChoiceInput {
  const recorded = new Map([["NANNYAPI_ENDPOINT", options.endpoint], ["NANNYAPI_MODEL", options.function]]);
  const kind = choice.kind ?? (["openai", "tensorzero"] as const).find((each) => each === options.gateway_kind);
  const given = choice.endpoint !== undefined || choice.model !== undefined;
  return {
    ...choice,
    kind: choice.endpoint === undefined ? kind : choice.kind,
    // A flag alone goes on with the rest from the record; where the expert answered, from the environment.
    variable: (name) => {
      if (!recorded.has(name)) return choice.variable(name);
      return recorded.get(name) ?? (given ? choice.variable(name) : undefined);
    },
    ...(choice.outbound === undefined ? {} : { outbound: { ...choice.outbound, redact: redactedIn(options, choice) } }),
  };
}

/** Never less than was taken out before. */
function redactedIn({ redact }: RecordOptions, { outbound }: ChoiceInput): typeof CATEGORIES[number][] {
  return CATEGORIES.filter((category) => redact.includes(category) || outbound?.redact?.includes(category) === true);
}

/** What a conversation begins with. */
export interface Beginning {
  readonly model: Model;
  readonly record?: Record;
  readonly turns?: readonly Turn[];
  readonly episode_id?: string;
  /** The run's document, with what the run was before it went on. */
  readonly document: (run: Run) => Run;
}

export interface BeginningOptions {
  readonly host: Host;
  readonly model: Model;
  readonly choice: ChoiceInput;
  readonly max_rounds: number;
}

/** A run that begins: its record, where there is one, gets what a later one could go on with. */
export async function begin(
  record: Record | undefined,
  { issue, host, model, choice, max_rounds }: BeginningOptions & { readonly issue: string },
): Promise<Beginning> {
  const document = (run: Run): Run => run;
  if (record === undefined) return { model, document };
  await recordBeginning(record, {
    issue,
    host,
    options: await recordOptions({ model: model.name, max_rounds, choice }),
  });
  return { record, document, model: record.listenTo(model) };
}

/**
 * A run that goes on: its record is opened again. What has changed since is said, and stands in the notes of the last
 * turn.
 *
 * @throws {CliError} the record cannot be written
 */
export async function goOn(
  earlier: RecordedRun,
  { host, model, choice, max_rounds, writer, dry_run }: BeginningOptions & {
    readonly writer: Writer;
    /** Nothing is recorded. */
    readonly dry_run: boolean;
  },
): Promise<Beginning> {
  const { folder, began, turns, turns_done } = earlier;
  const machine = await readMachine();
  const notes = [...changesSince(earlier, { host, machine, time: new Date().toISOString() })];
  const options = await recordOptions({ model: model.name, max_rounds, choice });
  const who = { version: VERSION, arguments: Deno.args };
  takeFileLimitsAsErrors();
  const record = dry_run ? undefined : orCliError(
    () => Record.resume(folder, who, { options, host, machine, turns: turns_done, notes }),
    "A record is written by the user who began it.",
  );
  const pending = pendingAnswers(earlier);
  tellWhatIsKnown(earlier, { notes, pending: pending.length, writer });
  const episode_id = episodeOf(earlier);
  return {
    model: recordedModel(model.name, pending, { after: record?.listenTo(model) ?? model }),
    ...(record === undefined ? {} : { record }),
    turns: noted(turns, { turn: turns.length, notes }),
    ...(episode_id === undefined ? {} : { episode_id }),
    document: (run) => ({ ...withUsage(run, usageOf(earlier, run)), start_time: began.time }),
  };
}

function tellWhatIsKnown(
  { turns_done, missing, parts }: RecordedRun,
  { notes, pending, writer }: { readonly notes: readonly string[]; readonly pending: number; readonly writer: Writer },
): void {
  const under_way = pending === 0
    ? ""
    : `, and the answer that was being followed, with ${count(parts.length, "result")} of its commands`;
  writer.note(`Going on with ${count(turns_done, "finished turn")}${under_way}.`);
  notes.forEach((note) => writer.note(`  ${note}`));
  if (missing.length > 0) writer.note(`  The record was not whole; missing: ${missing.join(", ")}.`);
}
