/** Scenes of tests/data/claims: what was captured, and claims about it. */
import assert from "node:assert/strict";
import { checkEvidence } from "../../../src/agent/evidence/mod.ts";
import {
  type CheckedClaim,
  type EbpfResult,
  resolutionReply,
  type Turn,
  turn,
  type ValueCount,
} from "../../../src/protocol/mod.ts";

const START_NS = 1_700_000_000_000_000_000n;

interface SketchedEvent {
  readonly repeat?: number;
  readonly process_name: string;
  readonly process_id: number;
  readonly data: Record<string, unknown>;
}

interface SketchedProgram {
  readonly name: string;
  readonly target: string;
  readonly summary: string;
  readonly events: readonly SketchedEvent[];
}

export interface ExpectedClaim {
  readonly claim: string;
  readonly evidence: readonly string[];
  readonly expect: "verified" | "unsupported" | "contradicted";
  readonly why?: string;
}

export interface Scene {
  readonly scene: string;
  readonly turns: readonly Turn[];
  readonly claims: readonly ExpectedClaim[];
}

/** All scenes, by the name of their file. */
export function readScenes(): readonly Scene[] {
  const directory = new URL("../../data/claims/", import.meta.url);
  return [...Deno.readDirSync(directory)].filter(({ name }) => name.endsWith(".json")).map(({ name }) => {
    const { scene, commands, programs = [], claims } = JSON.parse(Deno.readTextFileSync(new URL(name, directory)));
    return { scene, turns: [sceneTurn(commands, programs)], claims };
  });
}

/** What becomes of one finding. */
export function checkOne(claim: string, evidence: readonly string[], turns: readonly Turn[]): CheckedClaim {
  const resolution = resolutionReply.parse({
    response_type: "resolution",
    root_cause: "Insufficient evidence.",
    resolution_plan: "none",
    confidence: "High",
    findings: [{ claim, evidence }],
  });
  const [checked] = checkEvidence(resolution, turns).evidence_check.claims ?? [];
  assert.ok(checked);
  return checked;
}

/** One turn with these results. */
export function sceneTurn(
  commands: readonly Record<string, unknown>[],
  programs: readonly SketchedProgram[] = [],
): Turn {
  return turn.parse({
    request: { response_type: "diagnostic" },
    command_results: commands.map((command) => ({ exit_code: 0, stdout: "", stderr: "", duration_ms: 1, ...command })),
    ebpf_results: Object.fromEntries(programs.map((program) => [`${program.name}_1700000000`, result(program)])),
  });
}

function result({ name, target, summary, events: sketches }: SketchedProgram): EbpfResult {
  const events = sketches.flatMap(({ repeat = 1, ...event }) => Array.from({ length: repeat }, () => event)).map((
    event,
    index,
  ) => ({
    timestamp: START_NS + BigInt(index) * 1_000_000n,
    event_type: target.replace("/", ":"),
    ...event,
  }));
  const latencies = events.flatMap(({ data }) => typeof data.latency_ns === "number" ? [data.latency_ns] : []).sort((
    a,
    b,
  ) => a - b);
  const at = (share: number): number =>
    latencies[Math.min(latencies.length - 1, Math.floor(share * latencies.length))] ?? 0;
  const by_process = tally(events.map(({ process_name, process_id }) => `${process_id} ${process_name}`)).map(
    ({ value, count }) => {
      const [process_id, process_name = ""] = value.split(" ");
      return { process_id: Number(process_id), process_name, count };
    },
  );
  return {
    program_name: name,
    type: "tracepoint",
    target,
    start_time: START_NS,
    end_time: START_NS + 10_000_000_000n,
    event_count: events.length,
    lost_events: 0,
    sampled: false,
    events,
    aggregates: {
      by_process,
      by_field: {},
      errors: tally(events.flatMap(({ data }) => typeof data.error === "string" ? [data.error] : [])),
      ...(latencies.length === 0 ? {} : {
        latency: {
          count: latencies.length,
          mean_ns: latencies.reduce((sum, latency) => sum + latency, 0) / latencies.length,
          p50_ns: at(0.5),
          p99_ns: at(0.99),
          max_ns: at(1),
        },
      }),
    },
    summary,
  };
}

function tally(values: readonly string[]): ValueCount[] {
  return [...Map.groupBy(values, (value) => value)].map(([value, { length }]) => ({ value, count: length }))
    .sort((a, b) => b.count - a.count);
}
