/** From an alarm to a diagnosis: the finding as the issue, the snapshot as what is known already. */
import type { EbpfResult, EbpfResults } from "../protocol/result.ts";
import type { Turn } from "../protocol/run.ts";
import type { HealthFinding, Snapshot, SnapshotTool } from "../protocol/snapshot.ts";
import { SNAPSHOT_COMMAND, SNAPSHOT_ID } from "../protocol/snapshot_turn.ts";
import { evidenceText } from "../report/snapshot/evidence.ts";

/** The problem in words, as a person would tell it who has seen the snapshot. */
export function issueOf({ title, evidence }: HealthFinding): string {
  return [`${title}.`, ...evidence].join("\n");
}

/** What the snapshot saw, as if it had been asked for. */
export function firstEvidence(snapshot: Snapshot): Turn {
  const tools = snapshot.tools.filter(({ reading }) => reading !== undefined);
  return {
    request: {
      response_type: "diagnostic",
      reasoning: "The health snapshot that raised the alarm.",
      commands: [{ id: SNAPSHOT_ID, command: SNAPSHOT_COMMAND, description: "figures and findings of this host" }],
      ebpf_programs: tools.map(({ name }) => ({
        name,
        type: "tool",
        target: name,
        duration: Math.max(1, Math.round(snapshot.window_s)),
      })),
    },
    command_results: [{
      id: SNAPSHOT_ID,
      command: SNAPSHOT_COMMAND,
      exit_code: 0,
      stdout: evidenceText(snapshot),
      stderr: "",
      duration_ms: Math.round(snapshot.window_s * 1000),
    }],
    ebpf_results: resultsOf(tools, snapshot),
    notes: ["Nobody asked for this: ktriage looked by itself, and this is what raised the alarm."],
  };
}

function resultsOf(tools: readonly SnapshotTool[], { start_time, window_s }: Snapshot): EbpfResults {
  const start_ms = Date.parse(start_time);
  const nanoseconds = (ms: number): bigint => BigInt(Math.round(ms)) * 1_000_000n;
  return Object.fromEntries(tools.flatMap(({ name, reading }): [string, EbpfResult][] => {
    if (reading === undefined) return [];
    const figures = Object.entries(reading.figures).map(([figure, value]) => `${figure} ${value}`);
    return [[`${name}_${Math.floor(start_ms / 1000)}`, {
      program_name: name,
      type: "tool",
      target: name,
      attached_as: reading.source,
      start_time: nanoseconds(start_ms),
      end_time: nanoseconds(start_ms + window_s * 1000),
      event_count: 0,
      lost_events: 0,
      sampled: false,
      events: [],
      reading,
      summary: figures.length === 0 ? "It read no figures." : `${figures.join(", ")}.`,
    }]];
  }));
}
