/** From candidates to the answer: the best one, or healthy, or insufficient evidence. */
import type { Finding, ResolutionReply } from "../../protocol/mod.ts";
import { type Candidate, count, enumerate, isNamed } from "./candidate.ts";
import { attemptsWith, destinationsOf, keysOfAttempts } from "./connections.ts";
import { isAnswered, nameQueries } from "./diagnoses/name_resolution.ts";
import { type Evidence, keysOf, outputOf, type Program, programsOf } from "./evidence.ts";
import { type Category, namesPath } from "./intent.ts";
import { ESSENTIAL } from "./questions.ts";
import { parseCounters, parseDf } from "./readers/tables.ts";

/** Below this a candidate is a side note: shown too weakly, or about something that nobody asked for. */
const ENOUGH = 50;
const SIDE_NOTE = 40;
const MAX_SIDE_NOTES = 3;

/** An issue about the first is often caused by the others. */
const RELATED: Readonly<Record<Category, readonly Category[]>> = {
  network: ["name_resolution"],
  name_resolution: ["network"],
  process: ["memory", "file", "disk"],
  file: ["disk"],
  disk: ["file"],
  cpu: ["memory"],
  memory: ["process"],
};

/** Categories in which silence proves nothing: the fault shows only in what a process does. */
const SHOWN_BY_ACTIVITY: ReadonlySet<Category> = new Set(["network", "name_resolution", "process", "file"]);

export interface Ranked {
  readonly candidate: Candidate;
  readonly weight: number;
}

/** Weighs candidates against what the issue asks, best first. */
export function rank(candidates: readonly Candidate[], evidence: Evidence): readonly Ranked[] {
  return candidates
    .map((candidate) => ({ candidate, weight: weigh(candidate, evidence) }))
    .sort((a, b) => b.weight - a.weight);
}

/** The best candidate, when it is good enough to be the answer. */
export function best(ranked: readonly Ranked[]): Candidate | undefined {
  const [first] = ranked;
  return first !== undefined && first.weight >= ENOUGH ? first.candidate : undefined;
}

/** The answer. */
export function conclude(ranked: readonly Ranked[], evidence: Evidence): ResolutionReply {
  const cause = best(ranked);
  if (cause !== undefined) return resolve(cause, { ranked, evidence });
  const gaps = gapsIn(evidence);
  return gaps.length > 0 ? insufficient(gaps, { ranked, evidence }) : healthy({ ranked, evidence });
}

function weigh(candidate: Candidate, evidence: Evidence): number {
  const { asked, from_figures } = evidence.intent;
  const isAsked = asked.some((category) =>
    category === candidate.category || RELATED[category].includes(candidate.category)
  );
  const fit = isAsked ? 20 : from_figures.includes(candidate.category) || asked.length === 0 ? 10 : -30;
  const isMeant = isNamed(candidate, evidence) ||
    (candidate.paths ?? []).some((path) => namesPath(evidence.intent, path));
  return candidate.score + fit + (isMeant ? 15 : 0);
}

interface Context {
  readonly ranked: readonly Ranked[];
  readonly evidence: Evidence;
}

function resolve(cause: Candidate, { ranked, evidence }: Context): ResolutionReply {
  const findings = [...cause.findings, ...sideNotes(ranked, cause)];
  return {
    response_type: "resolution",
    root_cause: cause.root_cause,
    resolution_plan: numbered(cause.plan),
    confidence: cause.confidence,
    ebpf_evidence: kernelEvidence(findings, evidence),
    findings,
  };
}

function healthy({ ranked, evidence }: Context): ResolutionReply {
  const findings = [...observations(evidence), ...sideNotes(ranked)];
  const { asked, from_figures } = evidence.intent;
  const traced_s = Math.round(Math.max(...evidence.programs.map((program) => program.traced_s)));
  const activity = asked.length > 0
    ? `what the issue speaks of was watched for ${traced_s} s and worked`
    : `the host was watched for ${traced_s} s and nothing failed that matters`;
  const figures = from_figures.length === 0
    ? ", and the host's figures are in order"
    : `. Apart from it, ${standOut(from_figures)}`;
  return {
    response_type: "resolution",
    root_cause: `Healthy: no fault was seen; ${activity}${figures}.`,
    resolution_plan: numbered([
      "Nothing needs to be done on this host for what was seen.",
      "If the fault comes and goes, run the diagnosis while it is there, and name the process and the error text in the issue.",
    ]),
    confidence: evidence.intent.intermittent || from_figures.length > 0 ? "Low" : "Medium",
    ebpf_evidence: kernelEvidence(findings, evidence),
    findings,
  };
}

function insufficient(gaps: readonly string[], { ranked, evidence }: Context): ResolutionReply {
  const findings = [...observations(evidence), ...sideNotes(ranked)];
  const hints = [...new Set(evidence.failed.flatMap(({ result }) => result.hint ?? []))];
  return {
    response_type: "resolution",
    root_cause: `Insufficient evidence: ${gaps.join("; ")}.`,
    resolution_plan: numbered([
      ...hints.slice(0, 3),
      "Run the diagnosis again while the fault is there, and name the process and the error text in the issue.",
      "Watch for longer by hand, for example `ktriage trace syscalls/sys_enter_connect --duration 120`.",
    ]),
    confidence: "Low",
    ebpf_evidence: kernelEvidence(findings, evidence),
    findings,
  };
}

/** Why "healthy" would be more than was seen; nothing when it would not. */
function gapsIn(evidence: Evidence): readonly string[] {
  const { asked, from_figures } = evidence.intent;
  // tools also count without eBPF, and then see a part only
  if (evidence.programs.every(({ result }) => result.type === "tool")) return [nothingRan(evidence)];
  const [main] = asked;
  const gaps: string[] = [];
  if (main !== undefined) {
    const programs = programsOf(evidence, ...ESSENTIAL[main]);
    if (programs.length === 0) gaps.push(notWatched(main, evidence));
    else if (SHOWN_BY_ACTIVITY.has(main) && !hasActivity(main, programs, evidence)) {
      gaps.push(
        `nothing happened while tracing that belongs to ${words(main)}, so what the issue speaks of was not observed`,
      );
    }
  }
  const [first, ...others] = evidence.commands.values();
  if (first?.error !== undefined && others.every(({ error }) => error !== undefined)) {
    gaps.push(`no command could run (${first.error}), so that only the kernel's events were seen`);
  }
  // figures about something else do not unsay that what was asked about worked
  if (from_figures.length > 0 && (main === undefined || gaps.length > 0)) gaps.push(standOut(from_figures));
  return gaps;
}

function standOut(categories: readonly Category[]): string {
  return `the host's figures stand out in ${enumerate(categories.map(words))}, and no cause of it was seen`;
}

function nothingRan({ failed }: Evidence): string {
  const [first] = failed;
  return first === undefined
    ? "no eBPF program was run"
    : `no eBPF program could run (${
      first.result.error ?? "for an unknown reason"
    }), and the commands alone show no fault`;
}

function notWatched(category: Category, { failed }: Evidence): string {
  const program = failed.find(({ watched }) => ESSENTIAL[category].includes(watched));
  return `${words(category)} could not be watched${program === undefined ? "" : ` (${program.result.error})`}`;
}

function hasActivity(category: Category, programs: readonly Program[], evidence: Evidence): boolean {
  if (category === "network") return destinationsOf(evidence).some(({ attempts }) => attempts.length > 0);
  if (category === "name_resolution") return nameQueries(evidence).some(isAnswered);
  return programs.some(({ result }) => result.event_count > 0);
}

function words(category: Category): string {
  return category.replaceAll("_", " ");
}

/** What was seen to work: connections, each program's hits, and the figures that commands show. */
function observations(evidence: Evidence): readonly Finding[] {
  return [
    ...connectionFindings(evidence),
    ...queryFindings(evidence),
    ...programFindings(evidence),
    ...figureFindings(evidence),
  ];
}

function connectionFindings(evidence: Evidence): readonly Finding[] {
  const established = destinationsOf(evidence).flatMap((destination) => attemptsWith(destination, "established"));
  if (established.length === 0) return [];
  return [{
    claim: `${count(established.length, "connection")} succeeded`,
    evidence: [...keysOfAttempts(established)],
  }];
}

function queryFindings(evidence: Evidence): readonly Finding[] {
  const answered = nameQueries(evidence).filter(isAnswered);
  if (answered.length === 0) return [];
  return [{
    claim: `${count(answered.length, "use")} of a name server had an answer`,
    evidence: [...keysOf(answered.flatMap(({ seen, received }) => [seen, ...received]))],
  }];
}

function programFindings({ programs }: Evidence): readonly Finding[] {
  return programs.map(({ key, result, traced_s }) => ({
    claim: `${result.target} fired ${count(result.event_count, "time")} in ${traced_s.toFixed(1)} s${
      result.sampled ? ", of which a sample was looked at" : ""
    }`,
    evidence: [key],
  }));
}

function figureFindings(evidence: Evidence): readonly Finding[] {
  const findings: Finding[] = [];
  const fullest =
    [...parseDf(outputOf(evidence, "disk_space") ?? "")].sort((a, b) => b.used_percent - a.used_percent)[0];
  if (fullest !== undefined) {
    findings.push({
      claim: `the fullest file system is ${fullest.mount_point} at ${fullest.used_percent} %`,
      evidence: ["disk_space"],
    });
  }
  const memory = parseCounters(outputOf(evidence, "memory") ?? "");
  const [total, available] = [memory.get("MemTotal"), memory.get("MemAvailable")];
  if (total !== undefined && available !== undefined) {
    findings.push({ claim: `${Math.round(available / total * 100)} % of memory is available`, evidence: ["memory"] });
  }
  const load = outputOf(evidence, "load")?.split(" ")[0];
  if (load !== undefined) findings.push({ claim: `the load average is ${load}`, evidence: ["load"] });
  return findings;
}

/** Other candidates that are worth a word. */
function sideNotes(ranked: readonly Ranked[], cause?: Candidate): readonly Finding[] {
  return ranked
    .filter(({ candidate, weight }) => candidate !== cause && weight >= SIDE_NOTE)
    .slice(0, MAX_SIDE_NOTES)
    .map(({ candidate }) => ({
      claim: `Also seen: ${candidate.root_cause}`,
      evidence: [...new Set(candidate.findings.flatMap((finding) => finding.evidence))],
    }));
}

/** What eBPF showed of the findings, and what it could not show. */
function kernelEvidence(findings: readonly Finding[], { programs, failed }: Evidence): string {
  const used = new Set(findings.flatMap((finding) => finding.evidence));
  const shown = programs.filter(({ key }) => used.has(key)).map(({ key, result }) => `${key}: ${result.summary}`);
  const missing = failed.map(({ key, result }) => `${key}: could not run: ${result.error}`);
  return shown.length + missing.length > 0 ? [...shown, ...missing].join("\n") : "No eBPF program contributed.";
}

function numbered(steps: readonly string[]): string {
  return steps.map((step, index) => `${index + 1}. ${step}`).join("\n");
}
