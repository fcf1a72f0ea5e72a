/** A part of an output that was captured before, and was too long to be sent whole. */
import { type CommandResult, notRun, type OutputSlice, type Turn } from "../protocol/mod.ts";

/** Lines of one slice at most; what does not fit into the message is cut there. */
const MAX_SLICE_LINES = 2000;

const PREFIX = "output:";

/** The first and the last line, counted from 1. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/**
 * Answers a slice from what is kept; nothing is run.
 *
 * @param id of the answer
 * @returns the lines as stdout, or an error that says what there is instead
 */
export function sliceResult(slice: OutputSlice, id: string, turns: readonly Turn[]): CommandResult {
  const { stream = "stdout" } = slice;
  const command = `${slice.id} lines ${slice.lines}${stream === "stdout" ? "" : ` of ${stream}`}`;
  const answer = notRun({ id, command });
  const source = sliceSource(slice.id, turns);
  if (source === undefined) return { ...answer, error: unknownOutput(slice.id, turns) };
  const lines = linesOf(source[stream]);
  const range = readRange(slice.lines, lines.length);
  if (typeof range === "string") return { ...answer, error: `Cannot show lines of ${source.id}: ${range}` };
  return {
    ...answer,
    stdout: cutLines(source[stream], range),
    slice: { of: source.id, stream, lines: `${range.first}-${range.last}` },
  };
}

/** The result that a slice is a part of: by its id, with or without `output:` before it. */
export function sliceSource(id: string, turns: readonly Turn[]): CommandResult | undefined {
  const wanted = id.startsWith(PREFIX) ? id.slice(PREFIX.length) : id;
  const results = turns.flatMap(({ command_results }) => command_results).filter(({ slice }) => slice === undefined);
  return results.find((result) => result.id === wanted) ?? results.find((result) => result.id === id);
}

/** Lines of a text, without their ends; a text that ends in a line's end has no empty line behind it. */
export function linesOf(text: string): readonly string[] {
  if (text === "") return [];
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** The lines of a range, as far as the text has them. */
export function cutLines(text: string, { first, last }: LineRange): string {
  return linesOf(text).slice(first - 1, last).map((line) => `${line}\n`).join("");
}

/** What a slice's result says of its range. */
export function rangeOf(lines: string): LineRange {
  const [first = 1, last = first] = lines.split("-").map(Number);
  return { first, last };
}

/** Reads `200-260`, `200-` or `17`; a sentence where that is no range of so many lines. */
function readRange(text: string, count: number): LineRange | string {
  const [, from, dash, to = ""] = /^\s*(\d{1,9})\s*(?:(-|–|\.\.)\s*(\d{1,9})?)?\s*$/.exec(text) ?? [];
  if (from === undefined) return `"${text.slice(0, 40)}" is no range. Write "200-260", "200-" or "17".`;
  const first = Number(from);
  const asked = dash === undefined ? first : to === "" ? count : Number(to);
  if (count === 0) return "it is empty; there may be something in the other stream.";
  if (first < 1 || first > count || asked < first) {
    return `it has lines 1 to ${count}, not ${text.trim()}. Ask for lines within these.`;
  }
  return { first, last: Math.min(asked, count, first + MAX_SLICE_LINES - 1) };
}

function unknownOutput(id: string, turns: readonly Turn[]): string {
  const known = turns.flatMap(({ command_results }) => command_results)
    .filter(({ slice, stdout, stderr }) => slice === undefined && (stdout !== "" || stderr !== "")).map(({ id }) => id);
  const there = known.length === 0
    ? "No command has given any output yet: ask for a command first."
    : `There is output of: ${known.slice(0, 30).join(", ")}${known.length > 30 ? ", and more" : ""}.`;
  return `Cannot show lines of ${id}: no command result of this run is called so. ${there}`;
}
