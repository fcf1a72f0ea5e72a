/** A whole snapshot: looking, judging, comparing, keeping. */
import type { Snapshot, Verdict } from "../protocol/snapshot.ts";
import type { Baseline } from "./baseline/mod.ts";
import type { Collector, Sources } from "./collector.ts";
import { costSince } from "./cost.ts";
import { readIdentity } from "./identity.ts";
import { inOrder, merged, verdictOf } from "./judge.ts";
import type { Hold } from "./lock.ts";
import { type SnapshotTools, snapshotTools } from "./tools.ts";
import { take, type Taken, type ToolSource } from "./take.ts";
import { toolFindings } from "./tool_findings.ts";

export interface MakeOptions {
  readonly version: string;
  readonly window_ms: number;
  readonly state_dir: string | undefined;
  readonly tools: "run" | "left out";
  /** A name to look up, too. */
  readonly resolve: string | undefined;
  /** Ends the window early. */
  readonly signal: AbortSignal;
  /** Whoever has not answered then is left behind. */
  readonly deadline: AbortSignal;
  /** Undefined where nothing could be locked. */
  readonly hold: Hold | undefined;
  /** What the reader must know already. */
  readonly notes: readonly string[];
}

export interface Made {
  readonly snapshot: Snapshot;
  /** Of the snapshot before, where it is known. */
  readonly last_verdict: Verdict | undefined;
}

/** Wall and steady clock may part by so much in a window before somebody has set the clock. */
const CLOCK_JUMP_MS = 2000;
/** Skipped runs that a note names one by one. */
const NAMED_SKIPS = 3;

/** Makes a snapshot and keeps it. Nothing that fails on the way keeps the verdict back. */
export async function makeSnapshot(options: MakeOptions): Promise<Made> {
  const { state_dir, hold, signal, deadline, window_ms } = options;
  const { openBaseline } = await import("./baseline/mod.ts");
  const costs = costSince();
  using baseline = openBaseline(state_dir, { now: Date.now });
  const last_verdict = baseline.last()?.verdict;
  const [{ collectors, sources }, tools] = await Promise.all([hostCollectors(options), toolsOf(options)]);
  using _tools = tools;
  const leave_out = new Set(hold?.leave_out ?? []);
  const clock = startClock();
  const taken = await take({
    collectors: collectors.map((one) => leave_out.has(one.name) ? leftOut(one) : one),
    tools: tools.sources.filter(({ name }) => !leave_out.has(`tool ${name}`)),
    sources,
    window_ms,
    remembered: baseline.remembered,
    signal,
    deadline,
    on_step: (name) => hold?.step(name),
  });
  const snapshot = snapshotOf(taken, {
    baseline,
    sources,
    options,
    start_time: clock.start_time,
    costs,
    notes: [
      ...options.notes,
      ...skippedNotes(hold?.takeSkipped() ?? []),
      ...unfinishedNotes(hold),
      ...clock.notes(),
      ...tools.notes,
      ...(deadline.aborted ? ["The limit of time or memory was reached: what had not answered is missing."] : []),
    ],
  });
  const unkept = baseline.keep(snapshot, taken.remember);
  const kept: Snapshot = state_dir === undefined ? snapshot : { ...snapshot, notes: [...snapshot.notes, ...unkept] };
  return { snapshot: kept, last_verdict };
}

function snapshotOf(
  taken: Taken,
  { baseline, sources, options, start_time, costs, notes }: {
    readonly baseline: Baseline;
    readonly sources: Sources;
    readonly options: MakeOptions;
    readonly start_time: string;
    readonly costs: () => Snapshot["cost"];
    readonly notes: readonly string[];
  },
): Snapshot {
  const { window_s, figures, tools, collectors } = taken;
  const host = readIdentity(sources);
  const seen = merged([...taken.findings, ...toolFindings(tools, { findings: taken.findings, sources })]);
  const compared = baseline.compare({ boot_id: host.boot_id, figures });
  const findings = inOrder(merged([...seen, ...compared.findings]));
  return {
    schema: "ktriage.snapshot/1",
    ktriage_version: options.version,
    host,
    start_time,
    window_s,
    verdict: verdictOf(findings, collectors),
    findings: [...findings],
    figures: [...figures],
    tools: [...tools],
    collectors: [...collectors],
    baseline: compared.baseline,
    notes: [...notes, ...compared.notes],
    cost: costs(),
  };
}

async function hostCollectors(
  { resolve }: MakeOptions,
): Promise<{ readonly collectors: readonly Collector[]; readonly sources: Sources }> {
  const [{ COLLECTORS }, { hostSources }] = await Promise.all([
    import("./collectors/mod.ts"),
    import("./sources.ts"),
  ]);
  const asked = resolve === undefined ? [] : [(await import("./name_lookup.ts")).nameLookup(resolve)];
  return { collectors: [...asked, ...COLLECTORS], sources: hostSources() };
}

/** Without tools there is a snapshot all the same, which says why. */
async function toolsOf({ tools }: MakeOptions): Promise<SnapshotTools & { readonly notes: readonly string[] }> {
  const none: readonly ToolSource[] = [];
  const without = (notes: readonly string[]): SnapshotTools & { readonly notes: readonly string[] } => ({
    sources: none,
    notes,
    [Symbol.dispose]: () => {},
  });
  if (tools === "left out") return without([]);
  try {
    const opened = await snapshotTools();
    return { ...opened, notes: [], [Symbol.dispose]: () => opened[Symbol.dispose]() };
  } catch (error) {
    return without([`No tool looked along: ${error instanceof Error ? error.message : error}`]);
  }
}

function leftOut({ name }: Collector): Collector {
  return {
    name,
    start: () =>
      Promise.reject(new Error("left out for an hour: snapshots before hung while they read this, and were ended")),
  };
}

function unfinishedNotes(hold: Hold | undefined): string[] {
  if (hold?.unfinished === undefined) return [];
  const { since, at } = hold.unfinished;
  return [
    `The snapshot of ${since.slice(0, 19)}Z was ended before it was done${at === undefined ? "" : `, in ${at}`}.`,
  ];
}

function skippedNotes(times: readonly string[]): string[] {
  if (times.length === 0) return [];
  const named = times.slice(0, NAMED_SKIPS).map((time) => `${time.slice(0, 19)}Z`).join(", ");
  const more = times.length > NAMED_SKIPS ? ` and ${times.length - NAMED_SKIPS} more` : "";
  return [
    `${times.length === 1 ? "One run was" : `${times.length} runs were`} skipped, since another was under way: ` +
    `${named}${more}.`,
  ];
}

interface Clock {
  readonly start_time: string;
  /** What became of the clock since. */
  readonly notes: () => readonly string[];
}

function startClock(): Clock {
  const wall = Date.now(), steady = performance.now();
  return {
    start_time: new Date(wall).toISOString(),
    notes: () => {
      const jump_ms = Date.now() - wall - (performance.now() - steady);
      if (Math.abs(jump_ms) < CLOCK_JUMP_MS) return [];
      const way = jump_ms < 0 ? "back" : "forward";
      return [`The clock was set ${way} by ${Math.round(Math.abs(jump_ms) / 1000)} s while this snapshot looked.`];
    },
  };
}
