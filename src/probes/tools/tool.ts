/** A curated tool: a BPF object that counts in the kernel, how it is attached, and how its maps become a reading. */
import type { TraceEvent } from "../../protocol/result.ts";
import type { ToolReading } from "../../protocol/tool.ts";
import type { ProgramFilters } from "../engine/config.ts";
import type { Ground } from "../ground.ts";
import type { Refusal } from "../plan/tracepoint.ts";

export interface ToolRun {
  /** A refusal where no BPF program can run here: ways that read /proc still work. */
  readonly ground: Ground | Refusal;
  readonly filters: ProgramFilters;
  /** At most this many exemplar events. */
  readonly max_events: number;
}

/** A tool that counts. Disposing it detaches everything. */
export interface RunningTool extends Disposable {
  /** Detaches, reads the maps, says what was seen. Called once, at the window's end. */
  finish(): Promise<ToolOutcome>;
}

export interface ToolOutcome {
  /** Its `source` is the way's, its notes come before those that every tool has. */
  readonly reading: Omit<ToolReading, "source">;
  /** Exact number of what it counts: switches, requests, calls. */
  readonly event_count: number;
  /** What should have been counted or handed over and found no room. */
  readonly lost_events: number;
  /** Hits that the kernel itself skipped. */
  readonly missed_hits?: number;
  /** Exemplars with who, what, where; the gravest first. */
  readonly events: readonly TraceEvent[];
  /** A few sentences: the telling figures first. */
  readonly summary: string;
}

/** One way to answer: BPF programs, or counters of /proc where there is nothing better. */
export interface ToolWay {
  /** Of what: `tracepoint sched:sched_switch`, `/proc/vmstat`. */
  readonly source: string;
  /** @throws {SystemError | Unavailable} this kernel refuses it; the next way is tried, and why is told */
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
  /** Filters that it honours; others are refused by name. */
  readonly filters: readonly (keyof ProgramFilters)[];
  /** Cheap enough for every snapshot. */
  readonly in_snapshot: boolean;
}

/** A way that this host does not offer; the message is a clause: `this kernel has no tracepoint irq:softirq_entry`. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  constructor(message: string, readonly hint?: string) {
    super(message);
  }
}

/** What BPF programs stand on. @throws {Unavailable} none can run here */
export function groundOf({ ground }: ToolRun): Ground {
  if ("error" in ground) throw new Unavailable(ground.error.replace(/\.$/, ""), ground.hint);
  return ground;
}
