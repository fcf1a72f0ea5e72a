/**
 * The words that open the conversation: what a language model is told before its first reply.
 *
 * Text of the host and of people passes through {@link Outbound} when a message is written; our own words do not.
 */
import { isReady } from "../kernel/host/capabilities.ts";
import { mapStrings } from "../models/map_strings.ts";
import { AS_IT_IS, type Message, type Outbound } from "../models/model.ts";
import { BYTES_PER_PROMPT_TOKEN, CONTRACT, systemPrompt } from "../models/prompts.ts";
import { type Capability, type Host, stringify } from "../protocol/mod.ts";
import { cutToBytes, sizeOf } from "./budget/cut_text.ts";

export interface Problem {
  readonly issue: string;
  readonly host: Host;
  /** Answers that the model may give, the resolution included. */
  readonly max_rounds: number;
  /** Bound on both messages together in bytes, for models with little room. Default: none. */
  readonly max_bytes?: number;
}

/** Of the bytes that there are, what the user message may take before it is shortened. */
const USER_SHARE = 0.7;
/** Of a short user message, what the issue may take. */
const ISSUE_SHARE = 0.15;
/** Entries of a list of figures in a short message. */
const FEW = 2;

/**
 * The messages before the first answer: the system prompt, and what must be known even where a gateway's own template
 * replaces that prompt: the problem, this host, and the contract in brief.
 *
 * Where room is short, parts of the system prompt go first, then details of the host; the contract and the ends of
 * the issue stay, however little room there is.
 */
export function openingMessages(problem: Problem): readonly Message[] {
  const { max_bytes = Infinity } = problem;
  const full = userContent(problem);
  const roomy = sizeOf(full(AS_IT_IS)) <= max_bytes * USER_SHARE;
  const content = roomy ? full : userContent(problem, { issue_bytes: max_bytes * ISSUE_SHARE });
  const system = systemPrompt((max_bytes - sizeOf(content(AS_IT_IS))) / BYTES_PER_PROMPT_TOKEN);
  return [{ role: "system", content: () => system }, { role: "user", content }];
}

/** @param short where it has to be short: bytes of the issue */
function userContent(
  { issue, host, max_rounds }: Problem,
  short?: { readonly issue_bytes: number },
): (outbound: Outbound) => string {
  const { capabilities, ...facts } = host;
  return ({ redact }) => {
    const said = redact(issue);
    return [
      `# Problem\n${short === undefined ? said : cutToBytes(said, short.issue_bytes)}`,
      `# Host\n${stringify(mapStrings(short === undefined ? facts : fewFacts(facts), redact))}`,
      `# What can be traced here\n${redact(offeredProbes(capabilities, short === undefined ? "detailed" : "brief"))}`,
      CONTRACT,
      `# Rounds\n${roundsRule(max_rounds)}`,
    ].join("\n\n");
  };
}

/** What is worth its place where there is hardly any. */
function fewFacts({ hostname, os, kernel, architecture, container, figures }: Omit<Host, "capabilities">): unknown {
  const { uptime_s, load_1m, cpus, cpu_busy_percent, memory_total_bytes, memory_available_bytes, oom_kills } = figures;
  const filesystems = figures.filesystems.slice(0, FEW)
    .map(({ mount_point, used_percent, read_only }) => ({ mount_point, used_percent, read_only }));
  const top_cpu = figures.top_cpu.slice(0, FEW);
  return {
    ...{ hostname, os, kernel, architecture, container, uptime_s, load_1m, cpus, cpu_busy_percent },
    ...{ memory_total_bytes, memory_available_bytes, oom_kills, filesystems, top_cpu },
  };
}

/** What works by name, and what does not with the reason and what is done instead. */
function offeredProbes(capabilities: readonly Capability[], how: "detailed" | "brief"): string {
  const missing = capabilities.filter(({ available }) => !available);
  if (!isReady(capabilities)) {
    // Everything else follows from missing privileges.
    const cause = missing.filter(({ id }) => id === "privileges");
    return [
      "No eBPF program can run on this host: ask for commands only, and conclude from them.",
      ...(cause.length > 0 ? cause : missing).map(({ id, detail }) => `- ${id}: no, ${detail}`),
    ].join("\n");
  }
  const works = capabilities.filter(({ available }) => available).map(({ id }) => id);
  const others = how === "brief" ? [`- Not: ${missing.map(({ id }) => id).join(", ")}.`] : missing.map(missingLine);
  return [`- Works: ${works.join(", ")}.`, ...others].join("\n");
}

function missingLine({ id, detail, instead }: Capability): string {
  return `- ${id}: no, ${detail}${instead === undefined ? "" : `; instead: ${instead}`}`;
}

function roundsRule(max_rounds: number): string {
  return max_rounds === 1
    ? "You have one reply: it must be a resolution."
    : `You have at most ${max_rounds} replies; the last of them must be a resolution. Conclude as soon as the evidence allows.`;
}
