/** A curated tool: a BPF object that counts in the kernel, how it is attached, and how its maps become a reading. */
import type { TraceEvent } from "../../protocol/result.ts";
import type { ToolReading } from "../../protocol/tool.ts";
import type { Filters } from "../../protocol/request.ts";
import type { Ground } from "../ground.ts";

export interface ToolRun {
  readonly ground: Ground;
  readonly filters: Filters;
  /** At most this many exemplar events. */
  readonly max_events: number;
}

/** A tool that counts. Disposing it detaches everything. */
export interface RunningTool extends Disposable {
  /** What it was really attached to, where that is not its first choice, and why. */
  readonly attached_as?: string;
  /** Detaches, reads the maps, says what was seen. Called once, at the window's end. */
  finish(): Promise<ToolOutcome>;
}

export interface ToolOutcome {
  readonly reading: ToolReading;
  /** Exact number of what it counts: switches, requests, calls. */
  readonly event_count: number;
  readonly lost_events: number;
  /** Exemplars with who, what, where; the gravest first. */
  readonly events: readonly TraceEvent[];
  /** A few sentences: the telling figures first. */
  readonly summary: string;
}

/** One way to answer: BPF programs, or counters of /proc where there is nothing better. */
export interface ToolWay {
  /** Of what: `tracepoint sched:sched_switch`, `/proc/vmstat`. */
  readonly source: string;
  /** @throws {SystemError} this kernel refuses it; the next way is tried, and why is told */
  readonly start: (run: ToolRun) => Promise<RunningTool>;
}

export interface Tool {
  /** As in `ktriage tool run NAME`: run-queue-latency. */
  readonly name: string;
  readonly summary: string;
  /** What it needs of the kernel, and what it does without. */
  readonly needs: string;
  /** The cheapest and most exact first. */
  readonly ways: readonly ToolWay[];
  /** Filters that it honours in the kernel; others are refused by name. */
  readonly filters: readonly (keyof Filters)[];
  /** Cheap enough for every snapshot. */
  readonly in_snapshot: boolean;
}
