/** Keeps what goes back to the model within bounds, and names everything that it leaves out. */
import { AS_IT_IS, type Outbound } from "../models/model.ts";
import { mapStrings } from "../models/map_strings.ts";
import {
  type Aggregates,
  type CommandResult,
  type EbpfResult,
  type EbpfResults,
  type Results,
  stringify,
  type ValueCount,
} from "../protocol/mod.ts";

/** Size of one message of results, in bytes of UTF-8: some 50,000 tokens. */
export const MAX_MESSAGE_BYTES = 200_000;

interface Level {
  /** Events of a program, half of them its first, half its last. */
  readonly events: number;
  /** Characters of a command's stdout and stderr each, half from the head, half from the tail. */
  readonly text: number;
  /** Entries of each list of an aggregate, the greatest first. */
  readonly entries: number;
}

/** From generous to tight. Counts and summaries stay at every level; aggregates go last: they tell most per byte. */
const LEVELS: readonly Level[] = [
  { events: 50, text: 65_536, entries: Infinity },
  { events: 20, text: 16_384, entries: Infinity },
  { events: 10, text: 8_192, entries: Infinity },
  { events: 4, text: 4_096, entries: Infinity },
  { events: 0, text: 2_048, entries: Infinity },
  { events: 0, text: 512, entries: 10 },
  { events: 0, text: 64, entries: 3 },
];

export interface FitOptions {
  /** Default {@link MAX_MESSAGE_BYTES}. */
  readonly max_bytes?: number;
  /** What is done to the host's text: it is redacted before it is cut, and marked as data after. Nothing by default. */
  readonly outbound?: Outbound;
}

/**
 * Writes results as JSON of at most `max_bytes`, marks included, cut evenly until they fit. Only what no cut can shrink
 * (thousands of commands in one request) may exceed it.
 *
 * What was cut is named where it was cut (`events_omitted`, `truncated`); when more had to go than the usual bound on
 * events, `notes` says that too.
 */
export function fitResults(given: Results, options: FitOptions = {}): string {
  const { max_bytes = MAX_MESSAGE_BYTES, outbound = AS_IT_IS } = options;
  // Events that no level keeps need not be redacted.
  const [{ events } = { events: 0 }] = LEVELS;
  const results = redactResults(cutResults(given, { events, text: Infinity, entries: Infinity }), outbound);
  let text = "";
  for (const [index, level] of LEVELS.entries()) {
    const cut = markOutputs(cutResults(results, level), outbound);
    const notes = [...cut.notes ?? [], ...(index === 0 ? [] : [cutNote(level, max_bytes)])];
    text = stringify(notes.length === 0 ? cut : { ...cut, notes });
    if (new TextEncoder().encode(text).length <= max_bytes) break;
  }
  return text;
}

function redactResults(results: Results, { redact }: Outbound): Results {
  const ebpf_results = Object.entries(results.ebpf_results)
    .map(([key, result]) => [redact(key), mapStrings(result, redact)] as const);
  return {
    ...results,
    command_results: results.command_results.map((result) => mapStrings(result, redact)),
    ebpf_results: Object.fromEntries(ebpf_results),
  };
}

function markOutputs(results: Results, { mark }: Outbound): Results {
  const marked = (text: string): string => text === "" ? "" : mark(text);
  return {
    ...results,
    command_results: results.command_results.map((result) => ({
      ...result,
      stdout: marked(result.stdout),
      stderr: marked(result.stderr),
    })),
  };
}

function cutNote({ events, text, entries }: Level, max_bytes: number): string {
  const lists = entries === Infinity ? "" : `, ${entries} entries in each aggregate`;
  return `Cut to fit ${max_bytes} bytes: at most ${events} events a program, ${text} characters of each output${lists}. ` +
    "Counts and summaries are complete. Ask for less at once (filters, shorter outputs) to see more of it.";
}

function cutResults(results: Results, level: Level): Results {
  const ebpf_results: EbpfResults = {};
  for (const [key, result] of Object.entries(results.ebpf_results)) ebpf_results[key] = cutProgram(result, level);
  return {
    ...results,
    command_results: results.command_results.map((result) => cutCommand(result, level)),
    ebpf_results,
  };
}

function cutProgram(result: EbpfResult, { events: kept, entries }: Level): EbpfResult {
  const { events, aggregates } = result;
  const omitted = Math.max(0, events.length - kept);
  const head = Math.ceil(kept / 2);
  return {
    ...result,
    ...(omitted === 0 ? {} : {
      events: [...events.slice(0, head), ...events.slice(events.length - (kept - head))],
      events_omitted: omitted + (result.events_omitted ?? 0),
    }),
    ...(aggregates === undefined ? {} : { aggregates: cutAggregates(aggregates, entries) }),
  };
}

function cutAggregates(aggregates: Aggregates, entries: number): Aggregates {
  const { by_process, by_key, by_field, errors } = aggregates;
  const fields = Object.entries(by_field).map(([field, counts]) => [field, counts.slice(0, entries)] as const);
  return {
    ...aggregates,
    by_process: by_process.slice(0, entries),
    ...(by_key === undefined ? {} : { by_key: { ...by_key, counts: by_key.counts.slice(0, entries) } }),
    by_field: Object.fromEntries<ValueCount[]>(fields),
    errors: errors.slice(0, entries),
  };
}

function cutCommand(result: CommandResult, { text }: Level): CommandResult {
  const stdout = cutText(result.stdout, text);
  const stderr = cutText(result.stderr, text);
  const cuts = [
    ...(result.truncated === undefined ? [] : [result.truncated]),
    ...(stdout.omitted === 0 ? [] : [`${stdout.omitted} characters left out of the middle of stdout`]),
    ...(stderr.omitted === 0 ? [] : [`${stderr.omitted} characters left out of the middle of stderr`]),
  ];
  return {
    ...result,
    stdout: stdout.text,
    stderr: stderr.text,
    ...(cuts.length === 0 ? {} : { truncated: cuts.join("; ") }),
  };
}

function cutText(text: string, kept: number): { readonly text: string; readonly omitted: number } {
  const omitted = text.length - kept;
  if (omitted <= 0) return { text, omitted: 0 };
  const half = kept / 2;
  // A cut may fall between the two halves of a character: toWellFormed replaces what is left of it.
  const head = text.slice(0, half).toWellFormed();
  const tail = text.slice(text.length - half).toWellFormed();
  return { text: `${head}\n[… ${omitted} characters left out …]\n${tail}`, omitted };
}
