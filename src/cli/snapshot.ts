/** `ktriage snapshot`: is this host healthy? */
import { stringify } from "../protocol/json.ts";
import type { Snapshot, Verdict } from "../protocol/snapshot.ts";
import { checkFailedText, checkText, PLUGIN_EXIT } from "../report/snapshot/check.ts";
import { BAR_WIDTH } from "../report/snapshot/figure_lines.ts";
import { snapshotText } from "../report/snapshot/text.ts";
import { pause } from "../snapshot/bounded.ts";
import { type Lock, takeLock } from "../snapshot/lock.ts";
import { type Made, makeSnapshot } from "../snapshot/make.ts";
import { HardLimits } from "../snapshot/hard_limits.ts";
import { Interrupt } from "./interrupt.ts";
import { answerAlarm } from "./snapshot_alarm.ts";
import { writeFiles } from "./snapshot_files.ts";
import { type SnapshotOptions, snapshotOptions } from "./snapshot_options.ts";
import { UsageError } from "./errors.ts";
import { EXIT, type Invocation } from "./subcommand.ts";
import { VERSION } from "./version.ts";
import type { Writer } from "./writer.ts";

/** Lines of a page that goes to a mail or a file. */
const PAGE_ROWS = 60;
/** So often a check looks whether the snapshot before it has ended. */
const LOCK_POLL_MS = 200;

/** Prints the page, or what was asked for in its place. */
export async function snapshotSubcommand(invocation: Invocation): Promise<number> {
  const { options, writer } = invocation;
  const asked = snapshotOptions(invocation);
  if (options.has("print-cron") || options.has("print-timer")) {
    if (options.has("print-cron") && options.has("print-timer")) {
      throw new UsageError("Cannot print a line for cron and units for systemd at once: either would run it.");
    }
    const { scheduleText } = await import("./snapshot_schedule.ts");
    writer.out(scheduleText(options.has("print-cron") ? "cron" : "timer", asked));
    return EXIT.done;
  }
  // monitoring may read standard error as well, and takes the first line
  if (asked.output === "check") writer.quiet = true;
  using interrupt = new Interrupt({ on_first: () => writer.note("Ending; what was seen so far follows.") });
  await pause(Math.random() * asked.jitter_ms, interrupt.signal);
  if (interrupt.signal.aborted) return endedEarly(asked, interrupt, writer);
  using limits = new HardLimits({ timeout_ms: asked.timeout_ms });
  const lock = await lockFor(asked, AbortSignal.any([interrupt.signal, limits.deadline]));
  if (lock.is === "busy") return skipped(lock, asked, writer);
  const made = await underLock(lock, { asked, interrupt, limits, writer });
  const exit = isCutShort(made, asked, interrupt)
    ? endedEarly(asked, interrupt, writer)
    : await tell(made, asked, writer);
  limits.release();
  const unwritten = await writeFiles(made.snapshot, asked, writer);
  if (asked.diagnose_on !== undefined && !interrupt.signal.aborted) {
    await answerAlarm({ snapshot: made.snapshot, asked, interrupt, invocation });
  }
  return asked.output === "check" ? exit : interrupt.exitCode(unwritten ? EXIT.failed : exit);
}

/** A check that was ended while nothing was wrong has not looked as long as it was asked to: it is not OK. */
function isCutShort({ snapshot }: Made, { output }: SnapshotOptions, { signal }: Interrupt): boolean {
  return output === "check" && signal.aborted && snapshot.verdict === "ok";
}

/** A plugin has four exit codes: a signal's own would be none of them. */
function endedEarly({ output }: SnapshotOptions, interrupt: Interrupt, writer: Writer): number {
  if (output !== "check") return interrupt.exitCode(EXIT.failed);
  writer.out(checkFailedText("a signal ended the check before its time; nothing was wrong until then"));
  return PLUGIN_EXIT.unknown;
}

/** The lock goes as soon as the snapshot is kept: a diagnosis behind it must not keep the next one waiting. */
async function underLock(
  lock: Exclude<Lock, { is: "busy" }>,
  { asked, interrupt, limits, writer }: {
    readonly asked: SnapshotOptions;
    readonly interrupt: Interrupt;
    readonly limits: HardLimits;
    readonly writer: Writer;
  },
): Promise<Made> {
  using hold = lock.is === "held" ? lock.hold : undefined;
  writer.note(`Looking at this host for ${asked.window_ms / 1000} s.`);
  return await makeSnapshot({
    version: VERSION,
    window_ms: asked.window_ms,
    state_dir: asked.state_dir,
    tools: asked.tools,
    resolve: asked.resolve,
    signal: interrupt.signal,
    deadline: limits.deadline,
    hold,
    notes: [
      ...limits.notes,
      ...(lock.is === "none" ? [`Nothing keeps a second snapshot from running beside this one: ${lock.reason}.`] : []),
    ],
  });
}

/** A monitoring system wants an answer, so a check waits for the snapshot before it; any other run would only pile up. */
async function lockFor({ output, state_dir }: SnapshotOptions, signal: AbortSignal): Promise<Lock> {
  let lock = takeLock("snapshot", state_dir);
  while (output === "check" && lock.is === "busy" && !signal.aborted) {
    await pause(LOCK_POLL_MS, signal);
    lock = takeLock("snapshot", state_dir);
  }
  return lock;
}

function skipped({ holder }: Extract<Lock, { is: "busy" }>, { output }: SnapshotOptions, writer: Writer): number {
  const who = holder === undefined ? "" : ` (process ${holder.process_id}, since ${holder.since.slice(0, 19)}Z)`;
  const why = `another snapshot is under way${who}`;
  if (output === "check") {
    writer.out(checkFailedText(`${why} and did not end in time`));
    return PLUGIN_EXIT.unknown;
  }
  writer.note(`Nothing done: ${why}.`);
  return EXIT.done;
}

/** Prints the snapshot, unless nobody needs it, and returns what it comes to. */
async function tell({ snapshot, last_verdict }: Made, asked: SnapshotOptions, writer: Writer): Promise<number> {
  const { verdict } = snapshot;
  if (asked.output === "check") {
    writer.out(checkText(snapshot));
    return PLUGIN_EXIT[verdict];
  }
  if (!asked.quiet || isNews(verdict, last_verdict)) {
    writer.out(asked.output === "json" ? `${stringify(snapshot, 2)}\n` : await page(snapshot, asked, writer));
  }
  return isFailure(verdict, last_verdict, asked.fail_on) ? EXIT.failed : EXIT.done;
}

/** Whether --quiet prints it: all that is not OK, and that it is OK again. */
export function isNews(verdict: Verdict, last: Verdict | undefined): boolean {
  return verdict !== "ok" || last !== undefined && last !== "ok";
}

/** What --fail-on fails on; who asks cannot be content with not knowing. */
export function isFailure(
  verdict: Verdict,
  last: Verdict | undefined,
  fail_on: SnapshotOptions["fail_on"],
): boolean {
  if (fail_on === "change") return last !== undefined && last !== verdict;
  if (fail_on === undefined || verdict === "ok") return false;
  return verdict !== "warning" || fail_on === "warning";
}

async function page(snapshot: Snapshot, { state_dir }: SnapshotOptions, writer: Writer): Promise<string> {
  const { rows } = writer, layout = { ...writer.layout, rows: rows ?? PAGE_ROWS, bars: rows !== undefined };
  if (rows === undefined || state_dir === undefined) return snapshotText(snapshot, layout);
  const { readRecent } = await import("../snapshot/baseline/recent.ts");
  return snapshotText(snapshot, { ...layout, recent: readRecent(state_dir, BAR_WIDTH) });
}
