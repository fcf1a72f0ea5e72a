/** Two snapshots side by side, as text for people. */
import type { FigureChange, SnapshotDiff } from "../protocol/history.ts";
import type { Figure, HealthFinding } from "../protocol/snapshot.ts";
import { count, cut, harmless, indent, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";
import { valueText } from "./snapshot/values.ts";

/** Figures that are named of each kind; all of them are in the document. */
const MAX_FIGURES = 20, MAX_ONLY = 10;
const MAX_TIMES = 1000;

/** The findings first, then what changed by how much, then what only one of them has. */
export function snapshotDiffText(diff: SnapshotDiff, options: TextOptions): string {
  const { paint, width } = options;
  const { before, after, notes, findings, figures } = diff;
  const material = figures.changed.filter(({ is_material }) => is_material);
  const quiet = figures.changed.length - material.length + figures.same;
  return [
    paint("bold", wrap(`${sideText(before)}\n→ ${sideText(after)}`, width)),
    ...notes.map((note) => paint("dim", wrap(`Note: ${harmless(note)}.`, width))),
    "",
    ...findingLines(findings, options),
    ...section("Figures that changed:", material.slice(0, MAX_FIGURES).map((change) => changeCells(change)), options),
    ...(material.length > MAX_FIGURES ? [`  and ${material.length - MAX_FIGURES} more (--json has all)`] : []),
    ...onlyLines("before", figures.only_before, options),
    ...onlyLines("after", figures.only_after, options),
    paint(
      "dim",
      `${count(quiet, "figure")} did not change by much${
        findings.same === 0 ? "" : `, and ${count(findings.same, "finding")} not at all`
      }.`,
    ),
  ].join("\n") + "\n";
}

function sideText({ source, hostname, time, verdict }: SnapshotDiff["before"]): string {
  return harmless(`${source}: ${hostname}, ${time.slice(0, 16).replace("T", " ")}Z, ${verdict.toUpperCase()}`);
}

function findingLines(
  { new: fresh, worse, better, gone }: SnapshotDiff["findings"],
  { paint, width }: TextOptions,
): string[] {
  const line = (mark: string, { of, title, severity }: HealthFinding, was = ""): string => {
    const text = `${mark} ${severity.toUpperCase()}${was} ${harmless(title)}${
      of === undefined || title.includes(of) ? "" : ` (${harmless(of)})`
    }`;
    return indent(wrap(text, width - 2));
  };
  const lines = [
    ...fresh.map((finding) => paint("red", line("new:", finding))),
    ...worse.map(({ before, finding }) => paint("red", line("worse:", finding, ` (was ${before})`))),
    ...better.map(({ before, finding }) => paint("yellow", line("better:", finding, ` (was ${before})`))),
    ...gone.map((finding) => paint("green", line("gone:", finding))),
  ];
  return [...(lines.length === 0 ? ["No finding came, went or changed."] : ["Findings:", ...lines]), ""];
}

type Cells = readonly [name: string, before: string, after: string, change: string];

function changeCells({ name, of, unit, before, after }: FigureChange): Cells {
  return [nameOf({ name, of }), valueText(before, unit), valueText(after, unit), changeText(before, after)];
}

/** `×3.2`, `÷10`, or `+5`: what a person would say. */
function changeText(before: number, after: number): string {
  if (before === 0 || after === 0 || before < 0 !== after < 0) return after > before ? "+" : "-";
  const times = Math.abs(after) / Math.abs(before);
  const [mark, size] = times >= 1 ? ["×", times] : ["÷", 1 / times];
  return size >= MAX_TIMES ? `${mark}${MAX_TIMES} and more` : `${mark}${size.toFixed(size < 10 ? 1 : 0)}`;
}

function section(title: string, rows: readonly Cells[], { width }: TextOptions): string[] {
  if (rows.length === 0) return [];
  const others = [1, 2, 3].map((i) => Math.max(...rows.map((cells) => cells[i]?.length ?? 0)));
  const rest = others.reduce((sum, each) => sum + each + 2, 2) + 1;
  const name_width = Math.max(10, Math.min(Math.max(...rows.map(([name]) => name.length)), width - rest));
  const lines = rows.map(([name, before, after, change]) => {
    const [before_width = 0, after_width = 0] = others;
    const values = `${before.padStart(before_width)}  ${after.padStart(after_width)}  ${change}`;
    return `  ${cut(name, name_width).padEnd(name_width)}  ${values}`;
  });
  return [title, ...lines, ""];
}

function onlyLines(side: "before" | "after", figures: readonly Figure[], { width }: TextOptions): string[] {
  if (figures.length === 0) return [];
  const named = figures.slice(0, MAX_ONLY).map((figure) =>
    indent(cut(`${nameOf(figure)}  ${valueText(figure.value, figure.unit)}`, width - 2))
  );
  const more = figures.length > MAX_ONLY ? [`  and ${figures.length - MAX_ONLY} more`] : [];
  return [`Only ${side}:`, ...named, ...more, ""];
}

function nameOf({ name, of }: { readonly name: string; readonly of?: string | undefined }): string {
  return harmless(of === undefined ? name : `${name} of ${of}`);
}
