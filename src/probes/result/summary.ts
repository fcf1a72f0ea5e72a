/** One program's results in a few sentences that a person, or a model, can act on. */
import type { Aggregates, EbpfResult, ValueCount } from "../../protocol/mod.ts";
import { FILTER_NAMES, type ProgramFilters } from "../engine/config.ts";
import { timeText } from "./time_text.ts";

/** Of a result: what the kernel counted, and the events. */
export type Figures =
  | "event_count"
  | "lost_events"
  | "missed_hits"
  | "pending_calls"
  | "unseen_returns"
  | "sampled"
  | "events";

type Summarised = Pick<EbpfResult, Figures> & {
  readonly event: string;
  readonly duration_s: number;
  readonly emitted: number;
  readonly pending: number;
  /** Hits of {@link EbpfResult.event_count} that no process and no key was counted for. */
  readonly uncounted: number;
  /** Of {@link EbpfResult.lost_events} those that were told, but not how they ended. */
  readonly lost_returns: number;
  readonly aggregates: Aggregates;
  readonly filters: ProgramFilters;
  /** Fields that were asked for by name: their values are told, numbers too. */
  readonly captured: ReadonlySet<string>;
};

const SHOWN = 3;

/** @returns for example `214 × syscalls:sys_enter_connect in 10.0 s, by curl (pid 812) 200 …` */
export function summarise(result: Summarised): string {
  const { event, event_count, duration_s } = result;
  if (event_count === 0) {
    const nothing = unreturned(result) === "" ? "did not occur" : "did not return";
    return withGaps(`${event} ${nothing} in ${duration_s.toFixed(1)} s${underFilters(result.filters)}.`, result);
  }
  return withGaps(
    [
      `${event_count} × ${event} in ${duration_s.toFixed(1)} s, ${byProcess(result.aggregates, event_count)}.`,
      sampling(result),
      byKey(result.aggregates),
      errors(result),
      result.pending > 0 ? `${result.pending} had not returned when tracing ended.` : "",
      latency(result.aggregates),
      commonValues(result),
    ].filter((sentence) => sentence !== "").join(" "),
    result,
  );
}

/** That nothing matched the filters does not mean that nothing happened. */
function underFilters(filters: ProgramFilters): string {
  const given = FILTER_NAMES.flatMap((name) => filters[name] === undefined ? [] : [`${name} ${filters[name]}`]);
  return given.length === 0 ? "" : ` with ${given.join(", ")} (others were not looked at)`;
}

function byProcess({ by_process }: Aggregates, total: number): string {
  const first = by_process.slice(0, SHOWN)
    .map(({ process_name, process_id, host_process, count }) =>
      `${process_name} (${host_process === true ? "host pid" : "pid"} ${process_id}) ${count}`
    );
  const rest = total - by_process.slice(0, SHOWN).reduce((sum, { count }) => sum + count, 0);
  return `by ${[...first, ...(rest > 0 ? [`others ${rest}`] : [])].join(", ")}`;
}

function sampling({ sampled, emitted, event_count }: Summarised): string {
  return sampled ? `Sampled: the details below are from ${emitted} of ${event_count}.` : "";
}

function byKey({ by_key }: Aggregates): string {
  return by_key === undefined ? "" : `By ${by_key.key}: ${list(by_key.counts)}.`;
}

function errors({ aggregates, emitted }: Summarised): string {
  if (aggregates.errors.length === 0) return "";
  const failed = aggregates.errors.reduce((sum, { count }) => sum + count, 0);
  return `${failed} of ${emitted} returned an error: ${list(aggregates.errors)}.`;
}

function latency({ latency }: Aggregates): string {
  if (latency === undefined) return "";
  if (latency.histogram !== undefined) {
    const { count, p50_ns, p99_ns } = latency;
    return `Half of ${count} calls took less than ${timeText(p50_ns)}, 99% less than ${timeText(p99_ns)}.`;
  }
  return `Took ${timeText(latency.p50_ns)} (median), ${timeText(latency.p99_ns)} (99%), ${
    timeText(latency.max_ns)
  } at most.`;
}

/** Fields whose most common value stands for at least a tenth of the events; numbers only where they were asked for. */
function commonValues({ aggregates: { by_field }, emitted, captured }: Summarised): string {
  const sentences = Object.entries(by_field).flatMap(([name, values]) => {
    const most = values[0];
    const telling = most !== undefined && most.count * 10 >= emitted &&
      (captured.has(name) || !/^-?\d+$/.test(most.value));
    return telling ? [`${name}: ${list(values)}`] : [];
  });
  return sentences.length === 0 ? "" : `Most common: ${sentences.join("; ")}.`;
}

function list(values: readonly ValueCount[]): string {
  const shown = values.slice(0, SHOWN).map(({ value, count }) => `${value} ${count}`);
  return shown.join(", ") + (values.length > SHOWN ? ", …" : "");
}

/** Calls that are no hits, as a hit is the return. */
function unreturned({ pending_calls = 0, unseen_returns = 0 }: Summarised): string {
  const pending = pending_calls > 0 ? ` ${calls(pending_calls)} had not returned when tracing ended.` : "";
  const unseen = unseen_returns > 0
    ? ` ${
      calls(unseen_returns)
    } ended without a return that could be seen: left by exit or longjmp, or too deep in each other.`
    : "";
  return pending + unseen;
}

function calls(count: number): string {
  return count === 1 ? "1 call" : `${count} calls`;
}

function withGaps(text: string, result: Summarised): string {
  const { lost_events, lost_returns, missed_hits, uncounted } = result;
  const unnamed = uncounted > 0
    ? ` ${uncounted} hits are counted in the total only: they came from more processes than are kept apart.`
    : "";
  const unheard = lost_events - lost_returns;
  const lost = unheard > 0 ? ` ${unheard} events were lost: the ring buffer was full.` : "";
  const endless = lost_returns > 0
    ? ` How ${calls(lost_returns)} ended is not known: too many were under way, or the ring buffer was full.`
    : "";
  const missed = missed_hits !== undefined && missed_hits > 0
    ? ` The kernel skipped ${missed_hits} hits: a program ran on that CPU already, or too many calls were under way.`
    : "";
  return text + unreturned(result) + unnamed + lost + endless + missed;
}
