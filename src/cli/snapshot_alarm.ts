/** Whether a finding of a snapshot is to be diagnosed now, and what is said where not. */
import type { HealthFinding } from "../protocol/snapshot.ts";
import { lastDiagnosis, takeTurn } from "../snapshot/diagnoses.ts";
import { CliError } from "./errors.ts";
import { type AlarmOptions, tellBehind } from "./snapshot_behind.ts";

/**
 * Finds the cause of the gravest finding that had none in the last hour, or writes it into a case. One at a time: another
 * one is left to end. What fails is told: the verdict is out, and its exit code stands.
 */
export async function answerAlarm(options: AlarmOptions): Promise<void> {
  try {
    await answer(options);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    options.invocation.writer.fail(error.message, error.hint);
  }
}

async function answer(options: AlarmOptions): Promise<void> {
  const { snapshot: { findings }, asked: { diagnose_on, case_file, state_dir }, invocation: { writer } } = options;
  const grave = findings.filter(({ severity }) => severity === "critical" || diagnose_on === "warning");
  if (grave.length === 0 || state_dir === undefined) return;
  const cases = case_file === undefined ? undefined : await import("./snapshot_case.ts");
  // before it is anyone's turn: what cannot be written must not cost a finding its hour
  const there = case_file === undefined ? undefined : await cases?.caseInTheWay(case_file);
  if (there !== undefined) {
    return tellBehind(`${there} is there already and stays: the next case is written when it is gone.`, options);
  }
  const turn = await takeTurn(grave, state_dir);
  if (turn.is === "none") return tellLast(grave, state_dir, options);
  if (turn.is === "busy") {
    const since = turn.holder === undefined ? "" : ` since ${turn.holder.since.slice(0, 19)}Z`;
    return tellBehind(`A diagnosis is under way${since}; this snapshot starts none.`, options);
  }
  using _hold = turn.hold;
  writer.note(`Looking for the cause: ${turn.finding.title}.`);
  if (case_file !== undefined) return await cases?.writeCase(case_file, turn.finding, options);
  const { diagnoseFinding } = await import("./snapshot_diagnose.ts");
  await diagnoseFinding(turn.finding, options);
}

/** Where the answer is that a mail before had: nobody reads all of them. */
function tellLast([gravest]: readonly HealthFinding[], state_dir: string, options: AlarmOptions): void {
  const record = gravest === undefined ? undefined : lastDiagnosis(state_dir, gravest);
  if (record !== undefined) tellBehind(`The first of these was diagnosed before: ktriage replay ${record}`, options);
}
