/** Hand-made turns, shaped as the hands give them, for tests of the expert. */
import type { CommandResult, EbpfResult, Host, ResolutionReply, TraceEvent, Turn } from "../../src/protocol/mod.ts";
import { checkEvidence } from "../../src/agent/evidence/mod.ts";
import { createExpert } from "../../src/models/expert/mod.ts";
import assert from "node:assert/strict";

const START_S = 1_795_238_000;
const DURATION_S = 10;

export const HEALTHY_HOST: Host = {
  hostname: "h",
  os: "Debian GNU/Linux 12",
  kernel: "6.1.0",
  architecture: "x86_64",
  capabilities: [],
  figures: {
    uptime_s: 1000,
    load_1m: 0.1,
    load_5m: 0.1,
    cpus: 2,
    cpu_busy_percent: 3,
    iowait_percent: 0,
    memory_total_bytes: 8e9,
    memory_available_bytes: 6e9,
    swap_total_bytes: 0,
    swap_free_bytes: 0,
    oom_kills: 0,
    processes: 80,
    processes_blocked: 0,
    filesystems: [],
    top_cpu: [],
  },
};

/** The host with some figures of its own. */
export function hostWith(figures: Partial<Host["figures"]>): Host {
  return { ...HEALTHY_HOST, figures: { ...HEALTHY_HOST.figures, ...figures } };
}

export interface EventSketch {
  readonly at_s?: number;
  readonly by?: readonly [name: string, pid: number];
  readonly data: Record<string, unknown>;
}

/** One result of a program that watched `target`, with its key. */
export function program(
  name: string,
  target: string,
  events: readonly EventSketch[],
  more: Partial<EbpfResult> = {},
): readonly [string, EbpfResult] {
  return [`${name}_${START_S}`, {
    program_name: name,
    type: "tracepoint",
    target,
    start_time: BigInt(START_S) * 1_000_000_000n,
    end_time: BigInt(START_S + DURATION_S) * 1_000_000_000n,
    event_count: events.length,
    lost_events: 0,
    sampled: false,
    events: events.map(({ at_s = 1, by = ["app", 100], data }): TraceEvent => ({
      timestamp: BigInt(START_S) * 1_000_000_000n + BigInt(Math.round(at_s * 1e9)),
      process_id: by[1],
      process_name: by[0],
      event_type: target.replace("/", ":"),
      data,
    })),
    summary: `${events.length} × ${target}`,
    ...more,
  }];
}

/** What a command printed. */
export function command(id: string, stdout: string, more: Partial<CommandResult> = {}): CommandResult {
  return { id, command: id, exit_code: 0, stdout, stderr: "", duration_ms: 1, ...more };
}

export function turn(
  programs: readonly (readonly [string, EbpfResult])[],
  commands: readonly CommandResult[] = [],
): Turn {
  return {
    request: { response_type: "diagnostic", reasoning: "", commands: [], ebpf_programs: [] },
    command_results: [...commands],
    ebpf_results: Object.fromEntries(programs),
  };
}

/** The expert's resolution when this is all that it may have; every claim must be verified by the evidence of the turns. */
export async function resolve(issue: string, turns: readonly Turn[], host = HEALTHY_HOST): Promise<ResolutionReply> {
  const reply = await conclusion(issue, turns, host);
  const { claims = [], unknown_evidence } = checkEvidence(reply, turns, { host }).evidence_check;
  assert.deepEqual(unknown_evidence, [], "the expert names evidence that was not captured");
  const doubted = claims.filter(({ status }) => status !== "verified");
  assert.deepEqual(doubted, [], "the expert says what the evidence does not show");
  for (const { claim, evidence } of reply.findings ?? []) assert(evidence.length > 0, `no evidence: ${claim}`);
  return reply;
}

/** The expert's resolution, as it comes. */
export async function conclusion(issue: string, turns: readonly Turn[], host = HEALTHY_HOST): Promise<ResolutionReply> {
  const { reply } = await createExpert().answer(
    { issue, host, turns, messages: [], rounds_left: 1 },
    { signal: new AbortController().signal },
  );
  assert(reply.response_type === "resolution");
  return reply;
}

/** A line of /proc/net/tcp; addresses in the kernel's own hexadecimal form. */
export function procSocket(local: string, remote: string, state: string): string {
  return `   0: ${local} ${remote} ${state} 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0`;
}
