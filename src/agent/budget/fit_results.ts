/** Keeps what goes back to the model within bounds, the most telling first, and names everything that it leaves out. */
import { mapStrings } from "../../models/map_strings.ts";
import { AS_IT_IS, type Outbound } from "../../models/model.ts";
import { type CommandResult, type EbpfResults, type Results, stringify } from "../../protocol/mod.ts";
import { cutLines, rangeOf } from "../slice.ts";
import { DEFAULT_BUDGET } from "./budget.ts";
import { sizeOf } from "./cut_text.ts";
import { cutResults, type Level, type Rung } from "./levels.ts";

/** What every result has at least, when all of them are told. */
const SHORTEST = { events: 0, entries: 0, summary: 80, min_text: 0, text: 0 } as const;

/**
 * From generous to tight, each with the least of outputs that is worth its place; where more of them fits, more is
 * given. Counts and summaries stay at every rung; aggregates go last: they tell most per byte.
 */
const RUNGS: readonly Rung[] = [
  { events: 50, entries: Infinity, summary: Infinity, min_text: 1024 },
  { events: 20, entries: Infinity, summary: Infinity, min_text: 768 },
  { events: 10, entries: Infinity, summary: Infinity, min_text: 512 },
  { events: 4, entries: Infinity, summary: Infinity, min_text: 256 },
  { events: 2, entries: 10, summary: Infinity, min_text: 256 },
  { events: 0, entries: 10, summary: Infinity, min_text: 128 },
  { events: 0, entries: 3, summary: 600, min_text: 64 },
  { events: 0, entries: 1, summary: 200, min_text: 32 },
  SHORTEST,
];

/** An older round: what it was about, and its figures. */
const CONDENSED = RUNGS.slice(-3);
const MAX_CONDENSED_TEXT = 128;

/** Characters of an output that are tried, most first. */
const TEXTS = [65_536, 40_000, 24_000, 16_384, 12_000, 8_192, 6_000, 4_096, 3_000, 2_048, 1_500, 1_024, 768, 512, 384]
  .concat([256, 192, 128, 96, 64, 32, 0]);
const [MOST_TEXT = 0] = TEXTS;

export interface FitOptions {
  /** Default: that of {@link DEFAULT_BUDGET}. */
  readonly max_bytes?: number;
  /** What is done to the host's text: it is redacted before it is cut, and marked as data after. Nothing by default. */
  readonly outbound?: Outbound;
  /** Whether an older round is told in short, however much room there is. */
  readonly condensed?: boolean;
  /** The whole output that a slice is a part of: a secret that reaches into the slice is seen as a whole only there. */
  readonly sourceOf?: (slice: NonNullable<CommandResult["slice"]>) => string | undefined;
}

/**
 * Writes results as JSON of at most `max_bytes`, marks included.
 *
 * What was cut is named where it was cut (`events_omitted`, `truncated`); when more had to go than the usual bound on
 * events and outputs, `notes` says that too. Where there are too many results to name them all, the last are left out,
 * and counted.
 */
export function fitResults(given: Results, options: FitOptions = {}): string {
  const { max_bytes = DEFAULT_BUDGET.max_message_bytes, outbound = AS_IT_IS, condensed = false } = options;
  // Events that no rung keeps need not be redacted.
  const [{ events } = { events: 0 }] = RUNGS;
  const few = cutResults(given, { events, entries: Infinity, summary: Infinity, text: Infinity });
  const results = redactResults(few, { ...options, outbound });
  const line_counts = new Map<string, number>();
  const write = (level: Level, notes: readonly string[] = []): string => {
    const cut = markOutputs(cutResults(results, { ...level, line_counts }), outbound);
    const said = [...cut.notes ?? [], ...notes];
    return stringify(said.length === 0 ? cut : { ...cut, notes: said });
  };
  for (const [index, rung] of (condensed ? CONDENSED : RUNGS).entries()) {
    const usual = index === 0 && !condensed;
    const noted = (text: number): string =>
      write({ ...rung, text }, usual && text === MOST_TEXT ? [] : [cutNote({ ...rung, text }, condensed)]);
    const texts = TEXTS.filter((text) =>
      text >= rung.min_text && (!condensed || text <= MAX_CONDENSED_TEXT) && outputLength(results, text) <= max_bytes
    );
    const best = firstFitting(texts.map((text) => () => noted(text)), max_bytes);
    if (best !== undefined) return best;
  }
  return writeSome(results, { max_bytes, outbound });
}

/** Characters that outputs take at least: what is too long already need not be written to find out. */
function outputLength({ command_results }: Results, text: number): number {
  return command_results.reduce(
    (sum, { stdout, stderr }) => sum + Math.min(stdout.length, text) + Math.min(stderr.length, text),
    0,
  );
}

/** The first of texts, each shorter than the one before it, that fits; looks at a few of them only. */
function firstFitting(texts: readonly (() => string)[], max_bytes: number): string | undefined {
  // By itself: it may say less about what was cut than those behind it, and be the shorter one for that.
  const whole = texts[0]?.();
  if (whole === undefined || sizeOf(whole) <= max_bytes) return whole;
  let best: string | undefined;
  let low = 1;
  let high = texts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const text = texts[middle]?.() ?? "";
    if (sizeOf(text) <= max_bytes) [best, high] = [text, middle];
    else low = middle + 1;
  }
  return best;
}

/** As many results as fit, in the shortest form. */
function writeSome(
  results: Results,
  { max_bytes, outbound }: { readonly max_bytes: number; readonly outbound: Outbound },
): string {
  const { command_results, ebpf_results } = results;
  const programs = Object.entries(ebpf_results);
  const write = (count: number): string => {
    const some: Results = {
      ...results,
      ebpf_results: Object.fromEntries(programs.slice(0, count)),
      command_results: command_results.slice(0, Math.max(0, count - programs.length)).map((result) => ({
        ...result,
        command: result.command.slice(0, 80).toWellFormed(),
      })),
    };
    const short = markOutputs(cutResults(some, SHORTEST), outbound);
    const left = programs.length + command_results.length - count;
    const note = left === 0 ? cutNote(SHORTEST, false) : `No room for ${left} more results: ask for fewer at once.`;
    return stringify({ ...short, notes: [...results.notes ?? [], note] });
  };
  const counts = Array.from({ length: programs.length + command_results.length + 1 }, (_, index) => index).reverse();
  return firstFitting(counts.map((count) => () => write(count)), max_bytes) ?? write(0);
}

function redactResults(
  results: Results,
  { outbound: { redact }, sourceOf = () => undefined }: FitOptions & { readonly outbound: Outbound },
): Results {
  const ebpf_results = Object.entries(results.ebpf_results)
    .map(([key, result]) => [redact(key), mapStrings(result, redact)] as const);
  const redactCommand = (result: CommandResult): CommandResult => {
    const redacted = mapStrings(result, redact);
    const source = result.slice === undefined ? undefined : sourceOf(result.slice);
    if (result.slice === undefined || source === undefined) return redacted;
    return { ...redacted, stdout: cutLines(redact(source), rangeOf(result.slice.lines)) };
  };
  return {
    ...results,
    command_results: results.command_results.map(redactCommand),
    ebpf_results: Object.fromEntries(ebpf_results) satisfies EbpfResults,
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

function cutNote({ events, text, entries }: Level, condensed: boolean): string {
  if (condensed) {
    return "An earlier round, in short: figures and first lines. Parts of its outputs can be asked for again.";
  }
  const lists = entries === Infinity ? "" : `, ${entries} entries in each aggregate`;
  return `Cut to fit: at most ${events} events a program, ${text} characters of each output${lists}; counts are complete. ` +
    'Lines of an output: {"id":"output:<id>","lines":"200-260"} in commands.';
}
