/** What is taken over from a run that ended without a conclusion. */
import type { Host, Machine, RecordedAnswer, Run } from "../protocol/mod.ts";
import { isSameBoot, type RecordedRun } from "./read.ts";

/**
 * Answers that came and led nowhere yet: the turn that they asked for did not end, or the run ended before they were
 * made into its outcome. The model is not asked for them again.
 */
export function pendingAnswers(
  { answers, turns_done }: Pick<RecordedRun, "answers" | "turns_done">,
): readonly RecordedAnswer[] {
  return answers.filter(({ reply, turns_before }) => reply !== undefined && turns_before >= turns_done);
}

/** The episode that a gateway began, as the last answer told it. */
export function episodeOf({ answers }: RecordedRun): string | undefined {
  return answers.findLast(({ episode_id }) => episode_id !== undefined)?.episode_id;
}

/** Why a run can not be resumed, and what to do instead; undefined when it can. */
export function whyNotResumed(
  { state, run, folder, options: { max_rounds } }: RecordedRun,
  asked: { readonly max_rounds: number },
): { readonly message: string; readonly hint: string } | undefined {
  if (state === "concluded") {
    return {
      message: `Cannot resume ${folder}: that run has its conclusion.`,
      hint: `ktriage replay ${folder} shows it; with --model it asks another model.`,
    };
  }
  if (state === "running") {
    return {
      message: `Cannot resume ${folder}: that run is still under way.`,
      hint: "End it first (Ctrl-C in its terminal), or wait for its conclusion.",
    };
  }
  if (run?.failure?.kind === "limit" && asked.max_rounds <= max_rounds) {
    return {
      message: `Cannot resume ${folder}: that run has used up its ${max_rounds} rounds.`,
      hint: `Allow more: --max-rounds ${max_rounds + 4}`,
    };
  }
  return undefined;
}

/** What has changed since the turns were captured, for the model and for people: a sentence each. */
export function changesSince(
  earlier: Pick<RecordedRun, "host" | "machine" | "last_time">,
  now: { readonly host: Host; readonly machine: Machine; readonly time: string },
): readonly string[] {
  const { host, machine } = earlier;
  const other_host = machine.host_id !== now.machine.host_id || host.hostname !== now.host.hostname;
  const age = ageText(Date.parse(now.time) - Date.parse(earlier.last_time));
  return [
    ...(other_host
      ? [`What came before was captured on another host (${host.hostname}); what follows is of ${now.host.hostname}.`]
      : isSameBoot(machine, now.machine)
      ? []
      : ["The host was started anew since then: processes, counters and mounts of before may be gone."]),
    `The run was interrupted here and resumed ${age} later: what came before may have changed since.`,
  ];
}

/** What the answers of a run took that went on, those included that its conversation has not seen again. */
export function usageOf(earlier: Pick<RecordedRun, "answers" | "turns_done">, { usage }: Run): Run["usage"] {
  const pending = pendingAnswers(earlier);
  const before = earlier.answers.filter((answer) => !pending.includes(answer)).flatMap(({ usage }) => usage ?? []);
  if (usage === undefined && before.length === 0) return undefined;
  const sum = (of: "input_tokens" | "output_tokens"): number =>
    before.reduce((total, each) => total + each[of], usage?.[of] ?? 0);
  return { input_tokens: sum("input_tokens"), output_tokens: sum("output_tokens") };
}

/** The document with this usage, in the place where a run has it. */
export function withUsage(run: Run, usage: Run["usage"]): Run {
  const { resolution, evidence_check, failure, usage: _, ...gathered } = run;
  return {
    ...gathered,
    ...(usage === undefined ? {} : { usage }),
    ...(resolution === undefined ? {} : { resolution }),
    ...(evidence_check === undefined ? {} : { evidence_check }),
    ...(failure === undefined ? {} : { failure }),
  };
}

const MINUTE_MS = 60_000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS;

function ageText(ms: number): string {
  const [unit, name] = ms < 2 * MINUTE_MS
    ? [1000, "s"]
    : ms < 2 * HOUR_MS
    ? [MINUTE_MS, "min"]
    : ms < 2 * DAY_MS
    ? [HOUR_MS, "h"]
    : [DAY_MS, "days"];
  return `${Math.max(0, Math.round(ms / unit))} ${name}`;
}
