/** Recorded runs, and two verdicts on the same evidence, as text for people. */
import type { Comparison, ListedRun, Verdict } from "../protocol/mod.ts";
import { count, cut, harmless, indent, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";

const MIN_ISSUE = 16;
const MIN_SIDE = 20;
const LABEL = 12;

/** A table: a line a record, what became of it below. */
export function runsText(runs: readonly ListedRun[], options: TextOptions): string {
  if (runs.length === 0) return "No records.\n";
  const rows = runs.map((run) => ({ run, cells: cellsOf(run) }));
  const head = ["BEGAN", "STATE", "ROUNDS", "CONFIDENCE", "FOLDER"];
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map(({ cells }) => cells[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd();
  return [
    options.paint("bold", line(head)),
    ...rows.flatMap(({ run, cells }) => [painted(line(cells), run, options), ...detailsOf(run, options)]),
  ].join("\n") + "\n";
}

/** Two verdicts side by side, then what the other model asked for in vain. */
export function comparisonText({ recorded, replayed, not_recorded }: Comparison, options: TextOptions): string {
  const side = Math.max(MIN_SIDE, Math.floor((options.width - LABEL - 4) / 2));
  const rows: readonly (readonly [string, string, string])[] = [
    ["", "RECORDED", "REPLAYED"],
    ...ROWS.map(([label, cell]) => [label, cell(recorded), cell(replayed)] as const),
  ];
  const table = rows.map(([label, left, right], index) => {
    const text = sideBySide(label, [left, right], side);
    return index === 0 ? options.paint("bold", text) : text;
  });
  const asked = not_recorded.length === 0 ? [] : [
    "",
    wrap(
      `${count(not_recorded.length, "question")} that the record does not answer: ${
        not_recorded.map(oneLine).join("; ")
      }`,
      options.width,
    ),
  ];
  return [...table, ...asked].join("\n") + "\n";
}

const ROWS: readonly (readonly [string, (verdict: Verdict) => string])[] = [
  ["model", ({ model }) => model],
  ["root cause", ({ root_cause, failure }) => root_cause ?? `none: ${failure ?? "the run did not end"}`],
  [
    "confidence",
    ({ confidence, given_confidence }) =>
      `${confidence ?? "none"}${given_confidence === undefined ? "" : ` (the model said ${given_confidence})`}`,
  ],
  ["claims", claimsText],
  ["rounds", ({ rounds }) => String(rounds)],
];

function claimsText({ claims }: Verdict): string {
  const told = Object.entries(claims).filter(([, n]) => n > 0).map(([status, n]) => `${n} ${status}`);
  return told.length === 0 ? "none" : told.join(", ");
}

function sideBySide(label: string, texts: readonly [string, string], side: number): string {
  const [left = [], right = []] = texts.map((text) => broken(text, side));
  return Array.from(
    { length: Math.max(left.length, right.length) },
    (_, i) => `${(i === 0 ? label : "").padEnd(LABEL)}  ${(left[i] ?? "").padEnd(side)}  ${right[i] ?? ""}`.trimEnd(),
  ).join("\n");
}

/** Lines that are no wider than the column, however long a word is. */
function broken(text: string, width: number): readonly string[] {
  return wrap(harmless(text.trim()), width).split("\n").flatMap((line) => {
    const characters = [...line];
    return Array.from(
      { length: Math.max(1, Math.ceil(characters.length / width)) },
      (_, i) => characters.slice(i * width, (i + 1) * width).join(""),
    );
  });
}

function cellsOf({ time, state, rounds, confidence, folder }: ListedRun): readonly string[] {
  return [
    time === undefined ? "?" : `${time.slice(0, 10)} ${time.slice(11, 16)}Z`,
    state,
    rounds === undefined ? "-" : String(rounds),
    confidence ?? "-",
    harmless(folder),
  ];
}

function painted(line: string, { state }: ListedRun, { paint }: TextOptions): string {
  return state === "concluded" ? line : paint(state === "broken" ? "red" : "yellow", line);
}

function detailsOf({ issue, hostname, model, outcome, fault }: ListedRun, { width }: TextOptions): readonly string[] {
  const asked = issue === undefined
    ? []
    : [`${oneLine(issue)}${hostname === undefined ? "" : ` (${oneLine(hostname)}, ${oneLine(model ?? "")})`}`];
  const lines = [...asked, ...(outcome === undefined ? [] : [`→ ${oneLine(outcome)}`])]
    .map((line) => `  ${cut(line, Math.max(MIN_ISSUE, width - 2))}`);
  return fault === undefined ? lines : [...lines, indent(wrap(`→ ${oneLine(fault)}`, Math.max(MIN_ISSUE, width - 2)))];
}

function oneLine(text: string): string {
  return harmless(text).replace(/\s+/g, " ").trim();
}
