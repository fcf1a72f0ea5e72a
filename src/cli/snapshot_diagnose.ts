/** `--diagnose`: from a finding to its cause. */
import { Conversation, DEFAULT_MAX_ROUNDS } from "../agent/conversation.ts";
import { createExpert } from "../models/expert/mod.ts";
import type { Model } from "../models/model.ts";
import { withStandIn } from "../models/stand_in.ts";
import { readHost } from "../kernel/host/host.ts";
import type { Run } from "../protocol/mod.ts";
import type { HealthFinding } from "../protocol/snapshot.ts";
import { Record } from "../record/record.ts";
import { runText } from "../report/text.ts";
import { placeForDiagnosis } from "../snapshot/diagnoses.ts";
import { firstEvidence, issueOf } from "./first_evidence.ts";
import { Options } from "./arguments.ts";
import { choiceFrom, type ChoiceInput, chooseModel } from "./choice.ts";
import { CliError } from "./errors.ts";
import { handsFrom } from "./hands.ts";
import { liveProgress } from "./live.ts";
import { outboundFrom } from "./outbound.ts";
import { endRecord, takeFileLimitsAsErrors } from "./record.ts";
import { begin } from "./resume.ts";
import type { AlarmOptions } from "./snapshot_behind.ts";
import { VERSION } from "./version.ts";
import type { Writer } from "./writer.ts";

/** Nobody waits for the answer, and the next snapshot comes whatever this does. */
const MAX_TIME_S = 900;
/** --timeout and --window mean something else here than at a gateway. */
const NO_OPTIONS = new Options(new Map());

/** Finds the cause of a finding, records it, and prints it behind the page. */
export async function diagnoseFinding(finding: HealthFinding, options: AlarmOptions): Promise<void> {
  const { snapshot, interrupt, asked, invocation: { options: given, writer } } = options;
  const issue = issueOf(finding), evidence = firstEvidence(snapshot), max_rounds = DEFAULT_MAX_ROUNDS;
  const { record, folder } = recordOf(finding, options);
  const choice = choiceWith(options, record);
  const model = await modelOf(choice, writer);
  const host = await readHost();
  const beginning = await begin(record, { issue, host, model, choice, max_rounds });
  record?.progress({ kind: "turn", turn: evidence, index: 0 });
  const show = liveProgress(writer);
  const conversation = new Conversation({
    ...{ issue, host, max_rounds, model: beginning.model, turns: [evidence], signal: interrupt.signal },
    hands: handsFrom(given, writer, () => record),
    budget: { max_time_s: MAX_TIME_S },
    on_progress: (progress) => {
      record?.progress(progress);
      show(progress);
    },
  });
  const run = beginning.document(await conversation.diagnose());
  endRecord(record, { name: "run.json", document: run, writer });
  if (asked.output === "page") writer.out(diagnosisText(finding, run, { folder, layout: writer.layout }));
  else writer.note(`${run.resolution?.root_cause ?? run.failure?.message ?? ""}${recordedText(folder)}`);
}

function diagnosisText(
  { title }: HealthFinding,
  run: Run,
  { folder, layout }: { readonly folder: string | undefined; readonly layout: Parameters<typeof runText>[1] },
): string {
  return `\n${layout.paint("bold", `Diagnosis: ${title}`)}\n\n${runText(run, layout)}${recordedText(folder)}`;
}

function recordedText(folder: string | undefined): string {
  return folder === undefined ? "" : `\nRecorded: ktriage replay ${folder}\n`;
}

/** Without a record, on a full disk, the diagnosis is made and printed all the same. */
function recordOf(
  finding: HealthFinding,
  { asked: { state_dir }, invocation: { writer } }: AlarmOptions,
): { readonly record?: Record; readonly folder?: string } {
  if (state_dir === undefined) return {};
  try {
    const folder = placeForDiagnosis(state_dir, finding);
    takeFileLimitsAsErrors();
    return { record: Record.create(folder, { version: VERSION, arguments: Deno.args }), folder };
  } catch (error) {
    writer.note(`The diagnosis is not recorded: ${error instanceof Error ? error.message : error}`);
    return {};
  }
}

/** Who answers is in the environment; without, the expert does. */
function choiceWith({ invocation: { options, writer } }: AlarmOptions, record: Record | undefined): ChoiceInput {
  const choice = choiceFrom(NO_OPTIONS);
  return {
    ...choice,
    outbound: {
      ...outboundFrom(options, writer),
      on_outbound: (request) => record?.sent(request),
      on_unusable: (text, problem) => record?.unusable(text, problem),
    },
  };
}

/** Nobody is there to try again: where the gateway does not answer, the expert does, with whom nothing leaves. */
async function modelOf(choice: ChoiceInput, writer: Writer): Promise<Model> {
  const expert = createExpert();
  try {
    const model = await chooseModel(choice);
    return model.name === expert.name ? expert : withStandIn(model, expert);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    writer.fail(error.message, `${error.hint} The built-in expert answers meanwhile.`);
    return expert;
  }
}
