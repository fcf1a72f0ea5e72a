/** Whether a finding of a snapshot is to be diagnosed now, and what is said where not. */
import type { Snapshot } from "../protocol/snapshot.ts";
import { privatePathOf } from "../case/private.ts";
import { exists } from "../kernel/exists.ts";
import { wrap } from "../report/layout.ts";
import { takeTurn } from "../snapshot/diagnoses.ts";
import type { Interrupt } from "./interrupt.ts";
import type { SnapshotOptions } from "./snapshot_options.ts";
import type { Invocation } from "./subcommand.ts";
import type { Writer } from "./writer.ts";

export interface AlarmOptions {
  readonly snapshot: Snapshot;
  readonly asked: SnapshotOptions;
  readonly interrupt: Interrupt;
  readonly invocation: Invocation;
}

/** Finds the cause of the gravest finding that had none in the last hour. One at a time: another one is left to end. */
export async function answerAlarm(options: AlarmOptions): Promise<void> {
  const { snapshot: { findings }, asked, invocation: { writer } } = options;
  const { diagnose_on, case_file, state_dir } = asked;
  const grave = findings.filter(({ severity }) => severity === "critical" || diagnose_on === "warning");
  if (grave.length === 0 || state_dir === undefined) return;
  const kept = case_file === undefined ? undefined : [case_file, privatePathOf(case_file)].find(exists);
  if (kept !== undefined) {
    return tellBehind(`${kept} is there already and stays: the next case is written when it is gone.`, {
      asked,
      writer,
    });
  }
  const turn = await takeTurn(grave, state_dir);
  if (turn.is === "busy") {
    const since = turn.holder === undefined ? "" : ` since ${turn.holder.since.slice(0, 19)}Z`;
    return tellBehind(`A diagnosis is under way${since}; this snapshot starts none.`, { asked, writer });
  }
  if (turn.is === "none") return;
  using _hold = turn.hold;
  const { diagnoseFinding } = await import("./snapshot_diagnose.ts");
  await diagnoseFinding(turn.finding, options);
}

/** Behind the page, which goes by mail; notes do not where cron says --quiet. */
export function tellBehind(
  text: string,
  { asked, writer }: { readonly asked: SnapshotOptions; readonly writer: Writer },
): void {
  if (asked.output === "page") writer.out(`\n${wrap(text, writer.width)}\n`);
  else writer.note(text);
}
