/** A finished diagnosis as text for people. */
import {
  type CheckedClaim,
  type Cited,
  citedResults,
  type CommandResult,
  type EbpfResult,
  type ResolutionReply,
  type Run,
} from "../protocol/mod.ts";
import { claimMark, countsByStatus, doubtsElsewhere } from "./claims.ts";
import { count, cut, harmless, indent, wrap } from "./layout.ts";
import type { TextOptions } from "./paint.ts";
import { outcome } from "./progress.ts";
import { tellingLine } from "./telling_line.ts";

const EVIDENCE_MARGIN = 6;
/** Enough for what a piece of evidence showed; the whole of it is in the run's document. */
const EVIDENCE_LINES = 3;

/** The report of a diagnosis: the answer first, what it stands on, what to do, and what ktriage did. */
export function runText(run: Run, options: TextOptions): string {
  const parts = run.resolution ? resolutionParts(run.resolution, run, options) : failureParts(run, options);
  return [
    ...parts,
    ...followUpParts(run, options),
    section("What ktriage did here", wrapped(deeds(run), options), options),
  ].join("\n\n") + "\n";
}

function resolutionParts(resolution: ResolutionReply, run: Run, options: TextOptions): readonly string[] {
  const { root_cause, resolution_plan, ebpf_evidence } = resolution;
  const findings = resolution.findings ?? [];
  return [
    section("Root cause", wrapped(root_cause, options), options),
    section(
      "Confidence",
      [wrapped(confidence(resolution, run), options), ...doubtsElsewhere(run, options)].join("\n"),
      options,
    ),
    ...(findings.length === 0 ? [] : [section("Findings", findingsText(run, options), options)]),
    ...(findings.length > 0 || ebpf_evidence.trim() === ""
      ? []
      : [section("Kernel events", wrapped(ebpf_evidence, options), options)]),
    section("Plan", wrapped(resolution_plan, options), options),
  ];
}

/** The grade, and what it stands on. */
function confidence({ confidence, findings = [] }: ResolutionReply, { turns, evidence_check }: Run): string {
  const given = evidence_check?.given_confidence;
  const grade = given === undefined ? confidence : `${confidence} (the model said ${given})`;
  const cited = new Set(
    findings.flatMap(({ evidence }) => evidence).flatMap((id) => citedResults(id, turns)[0]?.result ?? []),
  );
  const stands = findings.length === 0
    ? "the answer names no evidence for its claims."
    : cited.size === 0
    ? "no claim stands on captured evidence."
    : `${count(findings.length, "claim")} on ${count(cited.size, "piece")} of captured evidence${
      countsByStatus(evidence_check)
    }.`;
  return [`${grade}: ${stands}`, ...(evidence_check?.notes ?? [])].join("\n");
}

function findingsText({ resolution, evidence_check, turns }: Run, options: TextOptions): string {
  const shown = new Set<EbpfResult>();
  // findings come first, in their order
  const checked: readonly CheckedClaim[] = evidence_check?.claims ?? [];
  return (resolution?.findings ?? []).map(({ claim, evidence }, index) =>
    [
      numbered(index + 1, claim, options.width),
      ...claimMark(checked[index], options),
      ...evidence.map((id) => evidenceLine(id, claim, { turns, shown, ...options })),
    ].join("\n")
  ).join("\n");
}

function numbered(number: number, text: string, width: number): string {
  const label = `${number}. `;
  const [first, ...rest] = wrap(harmless(text), width - 2 - label.length).split("\n");
  return [`  ${label}${first}`, ...rest.map((line) => " ".repeat(2 + label.length) + line)].join("\n");
}

/** The id, and what that evidence showed of the claim. */
function evidenceLine(
  id: string,
  claim: string,
  { turns, shown, width, paint }: TextOptions & { readonly turns: Run["turns"]; readonly shown: Set<EbpfResult> },
): string {
  const [evidence] = citedResults(id, turns);
  const again = evidence?.kind === "program" && shown.has(evidence.result);
  if (evidence?.kind === "program") shown.add(evidence.result);
  const showed = evidence === undefined
    ? "no result of this run has this id"
    : again
    ? "as above"
    : showedBy(evidence, claim);
  return brief(`${id}: ${showed}`, width).replace(oneLine(id), (name) => paint("cyan", name));
}

function showedBy(evidence: Cited, claim: string): string {
  if (evidence.kind === "program") return oneLine(evidence.result.error ?? evidence.result.summary);
  const { result } = evidence;
  if (result.refused !== undefined) return `refused: ${oneLine(result.refused.reason)}`;
  if (result.error !== undefined) return `not run: ${oneLine(result.error)}`;
  const line = tellingLine(result.stdout, claim) ?? tellingLine(result.stderr, claim);
  if (line !== undefined) return line;
  const lines = `${result.stdout}\n${result.stderr}`.split("\n").filter((text) => text.trim() !== "").length;
  return `${oneLine(result.command)}: ${lines === 0 ? "no output" : count(lines, "line")}, ${outcome(result)}`;
}

function failureParts(run: Run, options: TextOptions): readonly string[] {
  const { message, hint } = run.failure ?? { message: "The diagnosis ended without an answer.", hint: undefined };
  const text = hint === undefined || hint === "" ? message : `${message}\n→ ${hint}`;
  const captured = run.turns.flatMap(({ command_results, ebpf_results }) => [
    ...Object.values(ebpf_results).map((result) => `${result.program_name}: ${result.error ?? result.summary}`),
    ...command_results.map((result) =>
      `${result.id}: ${showedBy({ kind: "command", id: result.id, result }, run.issue)}`
    ),
  ]);
  const lines = captured.map((line) => `  ${cut(oneLine(line), options.width - 2)}`).join("\n");
  return [
    section("No answer", wrapped(text, options), options),
    ...(captured.length === 0 ? [] : [section("What was captured", lines, options)]),
  ];
}

/** What was asked one after another, each with what was answered to it; the last answer stands above. */
function followUpParts(run: Run, options: TextOptions): readonly string[] {
  const { issue, follow_ups = [], resolution, failure } = run;
  if (follow_ups.length === 0) return [];
  const answers = follow_ups.map(({ earlier_resolution }) =>
    earlier_resolution === undefined ? NO_ANSWER : `${earlier_resolution.confidence}: ${earlier_resolution.root_cause}`
  );
  const last = resolution === undefined ? failure?.message ?? NO_ANSWER : "The answer above.";
  const lines = [issue, ...follow_ups.map(({ question }) => question)].map((question, index) =>
    [
      numbered(index + 1, oneLine(question), options.width),
      brief(answers[index] ?? last, options.width),
    ].join("\n")
  );
  return [section("What was asked", lines.join("\n"), options)];
}

const NO_ANSWER = "There was no answer.";

/** A few lines below something that is numbered. */
function brief(text: string, width: number): string {
  const lines = wrap(oneLine(text), width - EVIDENCE_MARGIN).split("\n");
  const some = lines.slice(0, EVIDENCE_LINES);
  if (lines.length > EVIDENCE_LINES) some.push(`${some.pop()} …`);
  return indent(some.map((line) => cut(line, width - EVIDENCE_MARGIN)).join("\n"), EVIDENCE_MARGIN);
}

/** What ktriage did to this host. */
function deeds(run: Run): string {
  const commands = run.turns.flatMap(({ command_results }) => command_results);
  const programs = run.turns.flatMap(({ ebpf_results }) => Object.values(ebpf_results));
  const ran = commands.filter(({ refused, error }) => refused === undefined && error === undefined).length;
  const traced = programs.filter(({ error }) => error === undefined).length;
  const seconds = (Date.parse(run.end_time) - Date.parse(run.start_time)) / 1000;
  const did = commands.length + programs.length === 0 ? "Ran nothing on this host." : ranOnHost({
    commands: `${count(ran, "command")}${shortfall(commands.length - ran, "refused or not run")}`,
    programs: `${count(traced, "eBPF program")}${shortfall(programs.length - traced, "not started")}`,
  });
  return `${did}${agreement(commands)} ${count(run.turns.length, "round")} of questions in ${
    tookText(seconds)
  }, answered by ${run.model}${usageText(run)}.`;
}

function usageText({ usage }: Run): string {
  if (usage === undefined) return "";
  return `, with ${count(usage.input_tokens, "token")} of questions and ${
    count(usage.output_tokens, "token")
  } of answers`;
}

/** A case that was carried takes days. */
function tookText(seconds: number): string {
  return seconds < 7200 ? `${seconds.toFixed(1)} s` : `${(seconds / 3600).toFixed(1)} hours`;
}

/** What was not simply run as it was asked for. */
function agreement(commands: readonly CommandResult[]): string {
  const agreed = commands.filter(({ approved }) => approved !== undefined).length;
  const bounded = commands.filter(({ changed }) => changed !== undefined).length;
  return (agreed === 0 ? "" : ` The operator agreed to ${count(agreed, "command")}.`) +
    (bounded === 0 ? "" : ` ${count(bounded, "command")} got a bound, so as to end.`);
}

function ranOnHost({ commands, programs }: { readonly commands: string; readonly programs: string }): string {
  return `Ran ${commands} and ${programs}. Commands only read, programs only watched and are all detached again: ` +
    "nothing was changed.";
}

function shortfall(n: number, why: string): string {
  return n === 0 ? "" : ` (${n} more ${why})`;
}

function section(title: string, body: string, { paint }: TextOptions): string {
  return `${paint("bold", title)}\n${body}`;
}

function wrapped(text: string, { width }: TextOptions): string {
  return indent(wrap(harmless(text.trim()), width - 2));
}

function oneLine(text: string): string {
  return harmless(text).replace(/\s+/g, " ").trim();
}
