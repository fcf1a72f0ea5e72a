/** A snapshot as one page for people: the verdict, what is wrong and what to do, then the figures. */
import type { HealthFinding, Snapshot, Verdict } from "../../protocol/snapshot.ts";
import { count, cut, harmless, indent, wrap } from "../layout.ts";
import type { Style } from "../paint.ts";
import { figureLines } from "./figure_lines.ts";
import type { PageLayout } from "./page_layout.ts";

const VERDICT_STYLE: Readonly<Record<Verdict, Style>> = {
  ok: "green",
  warning: "yellow",
  critical: "red",
  unknown: "cyan",
};

const SEVERITY_WIDTH = "CRITICAL  ".length;
const LABEL_WIDTH = "means  ".length;
/** Lines of evidence that a finding gets on the page; all of them are in the document. */
const EVIDENCE_LINES = 3;
/** Kept for figures, however many findings there are. */
const MIN_FIGURE_ROWS = 6;
/** Lines kept for the titles of findings that are not shown whole. */
const TITLES_BEHIND = 3;
/** Lines about what could not be read and what else the reader must know. */
const MAX_NOTES = 6;

/** The page. A pure function: the same snapshot and layout, the same text. */
export function snapshotText(snapshot: Snapshot, layout: PageLayout): string {
  const head = headLines(snapshot, layout);
  const foot = footLines(snapshot, layout);
  const room = layout.rows - head.length - foot.length;
  const findings = findingLines(snapshot.findings, layout, room - MIN_FIGURE_ROWS);
  const figures = figureLines(snapshot, layout, room - findings.length - 1);
  return [...head, ...findings, ...figures, ...(figures.length === 0 ? [] : [""]), ...foot].join("\n") + "\n";
}

/** What is the matter, in a line. */
export function verdictLine({ verdict, findings, collectors }: Snapshot): string {
  const [first, ...rest] = findings;
  if (first !== undefined) {
    const more = rest.length === 0 ? "" : ` (and ${count(rest.length, "more finding")})`;
    return `${oneLine(first.title)}${more}`;
  }
  if (verdict === "ok") return "Nothing is wrong that ktriage looks for.";
  const failed = collectors.filter(({ state }) => state === "failed").length;
  return `Too little could be read to tell: ${failed} of ${count(collectors.length, "collector")} failed.`;
}

function headLines(snapshot: Snapshot, { width, paint }: PageLayout): string[] {
  const { verdict, host, start_time, window_s } = snapshot;
  const word = verdict.toUpperCase();
  const [first = "", ...more] = wrap(verdictLine(snapshot), width - word.length - 2).split("\n");
  const where = [
    host.hostname,
    host.os,
    `kernel ${host.kernel}`,
    ...(host.container === undefined ? [] : [`in a container (${host.container})`]),
    `${start_time.slice(0, 19).replace("T", " ")} UTC`,
    `over ${window_s.toLocaleString("en-US", { maximumFractionDigits: 1 })} s`,
  ].map(oneLine).join(" · ");
  return [
    `${paint(VERDICT_STYLE[verdict], paint("bold", word))}  ${paint("bold", first)}`,
    ...more.map((line) => " ".repeat(word.length + 2) + paint("bold", line)),
    ...wrap(where, width).split("\n").map((line) => paint("dim", line)),
    "",
  ];
}

/** Whole while there is room, then by their titles, at last only how many. */
function findingLines(findings: readonly HealthFinding[], layout: PageLayout, room: number): string[] {
  const lines: string[] = [];
  for (const [index, finding] of findings.entries()) {
    const behind = findings.length - index - 1;
    const whole = wholeFinding(finding, layout);
    // the gravest is always whole; the others while titles of those behind it fit as well, or a line that counts them
    if (index === 0 || lines.length + whole.length + Math.min(behind, TITLES_BEHIND) <= room) {
      lines.push(...whole);
    } else if (lines.length + 1 + Math.min(behind, 1) <= room) {
      lines.push(titleLine(finding, layout));
    } else {
      lines.push(moreLine(`… and ${count(behind + 1, "more finding")}: ktriage snapshot --json`, layout), "");
      return lines;
    }
  }
  return lines.length === 0 || lines.at(-1) === "" ? lines : [...lines, ""];
}

function moreLine(text: string, { width, paint }: PageLayout): string {
  return paint("dim", cut(text, width));
}

function titleLine({ severity, title }: HealthFinding, { width, paint }: PageLayout): string {
  const word = paint(VERDICT_STYLE[severity], severity.toUpperCase().padEnd(SEVERITY_WIDTH));
  return word + cut(oneLine(title), width - SEVERITY_WIDTH);
}

function wholeFinding(finding: HealthFinding, layout: PageLayout): string[] {
  const { severity, title, evidence, meaning, next } = finding;
  const { width, paint } = layout;
  const word = paint(VERDICT_STYLE[severity], severity.toUpperCase().padEnd(SEVERITY_WIDTH));
  const [first = "", ...more] = wrap(oneLine(title), width - SEVERITY_WIDTH).split("\n");
  const hidden = evidence.length - EVIDENCE_LINES;
  const shown = evidence.slice(0, hidden === 1 ? evidence.length : EVIDENCE_LINES).map(oneLine);
  return [
    word + paint("bold", first),
    ...more.map((line) => indent(paint("bold", line), SEVERITY_WIDTH)),
    ...labelled("seen", hidden > 1 ? [...shown, `… and ${hidden} more`] : shown, layout),
    ...labelled("means", [oneLine(meaning)], layout),
    ...labelled("next", [oneLine(next)], layout, "cyan"),
    "",
  ];
}

/** A command is not broken into lines: it is to be copied. */
function labelled(label: string, texts: readonly string[], { width, paint }: PageLayout, style?: Style): string[] {
  const margin = "  ";
  const room = width - margin.length - LABEL_WIDTH;
  const lines = texts.flatMap((text) => style === undefined ? wrap(text, room).split("\n") : [text]);
  return lines.map((line, index) => {
    const left = margin + (index === 0 ? label : "").padEnd(LABEL_WIDTH);
    return paint("dim", left) + (style === undefined ? line : paint(style, line));
  });
}

function footLines({ collectors, tools, baseline, notes, cost }: Snapshot, { width, paint }: PageLayout): string[] {
  const unread = collectors.filter(({ state }) => state === "failed" || state === "partial")
    .map(({ name, state, detail = "" }) => `${name} (${state === "partial" ? "in part" : "not read"}): ${detail}`);
  const failed_tools = tools.flatMap(({ name, error }) =>
    // the line is cut where it ends: the reason goes before what the line says already
    error === undefined ? [] : [`${name}: ${error.replace(`Cannot run the tool ${name}: `, "")}`]
  );
  const took = `Took ${(cost.cpu_ms / 1000).toFixed(2)} s of CPU and ${
    Math.ceil(cost.peak_memory_bytes / 2 ** 20)
  } MiB.`;
  const lines = [...unread.map((text) => `! ${text}`), ...failed_tools.map((text) => `! tool ${text}`), ...notes];
  const shown = lines.slice(0, MAX_NOTES);
  const more = lines.length > MAX_NOTES ? [`… and ${lines.length - MAX_NOTES} more: ktriage snapshot --json`] : [];
  return [
    ...[...shown.map((text) => cut(oneLine(text), width)), ...more],
    ...wrap(`${oneLine(baseline.detail)} ${took}`, width).split("\n").map((line) => paint("dim", line)),
  ];
}

/** Text of the host on one line, harmless for a terminal. */
export function oneLine(text: string): string {
  return harmless(text).replace(/\s+/g, " ").trim();
}
