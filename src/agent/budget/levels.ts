/** Results with less in them: of everything the head and the tail, of events the failed ones first. */
import type {
  Aggregates,
  CommandResult,
  EbpfResult,
  EbpfResults,
  Results,
  ToolReading,
  TraceEvent,
  ValueCount,
} from "../../protocol/mod.ts";
import { rangeOf } from "../slice.ts";
import { cutText } from "./cut_text.ts";

export interface Level {
  /** Events of a program: failed ones, then half of the rest its first, half its last. */
  readonly events: number;
  /** Characters of a command's stdout and stderr each, half from the head, half from the tail. */
  readonly text: number;
  /** Entries of each list of an aggregate, the greatest first. */
  readonly entries: number;
  /** Characters of a program's summary. */
  readonly summary: number;
  /** See `cutText`. */
  readonly line_counts?: Map<string, number>;
}

/** A level before it is known how much of the outputs fits. */
export interface Rung extends Omit<Level, "text"> {
  readonly min_text: number;
}

/** What a failure printed gets up to so many times as much as other output, while that is little. */
const ERROR_TEXT = { times: 4, max: 2_000 } as const;
/** Fewer values of a field than these say little. */
const MIN_FIELD_ENTRIES = 2;
/** A command line that is as long as an output is named by its beginning where room is short. */
const MAX_COMMAND = { roomy: 4_096, tight: 120 } as const;

/** Results of one level. */
export function cutResults(results: Results, level: Level): Results {
  const ebpf_results: EbpfResults = {};
  for (const [key, result] of Object.entries(results.ebpf_results)) ebpf_results[key] = cutProgram(result, level);
  return {
    ...results,
    command_results: results.command_results.map((result) => cutCommand(result, level)),
    ebpf_results,
  };
}

function cutProgram(result: EbpfResult, { events: kept, entries, summary }: Level): EbpfResult {
  const { events, aggregates, reading } = result;
  const omitted = Math.max(0, events.length - kept);
  return {
    ...result,
    summary: shortened(result.summary, summary),
    ...(omitted === 0 ? {} : {
      events: sample(events, kept),
      events_omitted: omitted + (result.events_omitted ?? 0),
    }),
    ...(aggregates === undefined ? {} : { aggregates: cutAggregates(aggregates, entries) }),
    ...(reading === undefined ? {} : { reading: cutReading(reading, entries) }),
  };
}

/** Failed events up to half of all that are kept, then the first and the last; in the order in which they came. */
function sample(events: readonly TraceEvent[], kept: number): TraceEvent[] {
  const failed = events.flatMap(({ data }, index) => data["error"] === undefined ? [] : [index]);
  const chosen = new Set(ends(failed, Math.min(failed.length, Math.ceil(kept / 2))));
  const others = [...events.keys()].filter((index) => !chosen.has(index));
  for (const index of ends(others, kept - chosen.size)) chosen.add(index);
  return events.filter((_, index) => chosen.has(index));
}

function ends(indexes: readonly number[], kept: number): readonly number[] {
  const head = Math.ceil(kept / 2);
  const tail = Math.min(kept - head, indexes.length);
  return [...indexes.slice(0, head), ...indexes.slice(indexes.length - tail)];
}

function cutAggregates(aggregates: Aggregates, entries: number): Aggregates {
  const { by_process, by_key, by_field, errors, latency } = aggregates;
  // Where there is hardly any room, the names of the fields would take what there is.
  const fields = entries < MIN_FIELD_ENTRIES
    ? []
    : Object.entries(by_field).map(([field, counts]) => [field, counts.slice(0, entries)] as const);
  const { histogram, ...figures } = latency ?? {};
  return {
    ...aggregates,
    by_process: by_process.slice(0, entries),
    ...(by_key === undefined ? {} : { by_key: { ...by_key, counts: by_key.counts.slice(0, entries) } }),
    by_field: Object.fromEntries<ValueCount[]>(fields),
    errors: errors.slice(0, entries),
    // Part of a histogram is misleading: it goes as a whole, its figures stay.
    ...(latency === undefined || histogram === undefined || histogram.length <= Math.max(entries, 10)
      ? {}
      : { latency: figures as typeof latency }),
  };
}

/** The gravest rows of each table, and how many are left out; histograms as a whole or their figures alone. */
function cutReading(reading: ToolReading, entries: number): ToolReading {
  return {
    ...reading,
    tables: reading.tables.map((table) => {
      const omitted = Math.max(0, table.rows.length - entries);
      if (omitted === 0) return table;
      return { ...table, rows: table.rows.slice(0, entries), omitted_rows: omitted + (table.omitted_rows ?? 0) };
    }),
    histograms: reading.histograms.map((histogram) =>
      histogram.buckets.length <= Math.max(entries, 10) ? histogram : { ...histogram, buckets: [] }
    ),
  };
}

function cutCommand(result: CommandResult, { text, summary, line_counts = new Map() }: Level): CommandResult {
  const failed = result.exit_code !== 0 && result.slice === undefined;
  const errorText = Math.max(text, Math.min(ERROR_TEXT.max, ERROR_TEXT.times * text));
  const first_line = result.slice === undefined ? 1 : rangeOf(result.slice.lines).first;
  const stdout = cutText(result.stdout, { kept: failed ? errorText : text, first_line, line_counts });
  const stderr = cutText(result.stderr, { kept: errorText, line_counts });
  const roomy = summary === Infinity;
  const max_command = roomy ? MAX_COMMAND.roomy : MAX_COMMAND.tight;
  const { sandbox, ...told } = result;
  const cuts = [
    ...(result.truncated === undefined ? [] : [result.truncated]),
    ...(stdout.omitted === undefined ? [] : [`${stdout.omitted} of stdout left out here`]),
    ...(stderr.omitted === undefined ? [] : [`${stderr.omitted} of stderr left out here`]),
  ];
  return {
    ...told,
    ...(sandbox === undefined || !roomy ? {} : { sandbox }),
    command: shortened(result.command, max_command),
    ...(result.description === undefined ? {} : { description: shortened(result.description, max_command) }),
    stdout: stdout.text,
    stderr: stderr.text,
    ...(cuts.length === 0 ? {} : { truncated: cuts.join("; ") }),
  };
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length).toWellFormed()}…`;
}
