/** The programs of one request, from start to results. */
import type { EbpfProgram, EbpfResult, EbpfResults } from "../protocol/mod.ts";
import { startProgram } from "./attach.ts";
import { Collector, shareOfEvents } from "./result/collector.ts";
import { endOf } from "./end_of.ts";
import { explainFailure } from "./failure.ts";
import { Ground } from "./ground.ts";
import { DEFAULT_RATE_PER_S, type ProgramStart, type RunningPrograms, type StartOptions } from "./mod.ts";
import { nameGiver } from "./names.ts";
import type { Refusal } from "./plan/tracepoint.ts";
import { parseTarget } from "./target.ts";

/** {@inheritDoc StartPrograms} */
export async function startPrograms(
  programs: readonly EbpfProgram[],
  options: StartOptions = {},
): Promise<RunningPrograms> {
  const { rate_per_s = DEFAULT_RATE_PER_S, ...ground_options } = options;
  const resources = new DisposableStack();
  const starts: Started[] = [];
  if (programs.length > 0) {
    const ground = await Ground.open(ground_options);
    if (!("error" in ground)) resources.use(ground);
    const distinct = nameGiver();
    const max_events = shareOfEvents(programs.length);
    for (const request of programs) {
      const key = distinct(`${request.name}_${Math.floor(Date.now() / 1000)}`);
      const started = await startOne(request, { key, ground, rate_per_s, max_events });
      if (started.running?.disposable !== undefined) resources.use(started.running.disposable);
      starts.push(started);
    }
  }
  return {
    starts: starts.map(({ start }) => start),
    results: collect(starts, resources),
    stop: (key) => {
      for (const { start, stopping } of starts) if (key === undefined || key === start.key) stopping.abort();
    },
  };
}

interface Started {
  readonly start: ProgramStart;
  readonly request: EbpfProgram;
  readonly start_time: bigint;
  readonly stopping: AbortController;
  readonly running?: Running;
}

/** What a program or a tool has in common once it runs. */
interface Running {
  readonly start_time: bigint;
  readonly attached_as?: string;
  /** Detaches it; what it saw, and until when. */
  readonly end: () => Promise<Outcome>;
  /** What the session does not dispose of. */
  readonly disposable?: Disposable;
}

type Outcome = Omit<EbpfResult, "program_name" | "type" | "target" | "start_time">;

interface StartingOptions {
  readonly ground: Ground | Refusal;
  readonly rate_per_s: number;
  readonly max_events: number;
}

async function startOne(
  request: EbpfProgram,
  { key, ...options }: StartingOptions & { readonly key: string },
): Promise<Started> {
  const { name } = request;
  const running = await begin(request, options);
  if ("error" in running) {
    const { error, hint } = running;
    const start = { name, key, error, hint };
    return { start, request, start_time: epochNow(), stopping: new AbortController() };
  }
  const { start_time, attached_as } = running;
  const start = { name, key, ...(attached_as === undefined ? {} : { attached_as }) };
  return { start, request, start_time, stopping: new AbortController(), running };
}

async function begin(request: EbpfProgram, options: StartingOptions): Promise<Running | Refusal> {
  const { type, target } = parseTarget(request.target, request.type), { ground, rate_per_s, max_events } = options;
  if (type === "tool") {
    const { startToolRequest } = await import("./tools/request.ts");
    return await startToolRequest(target, { ground, max_events, filters: request.filters ?? {} });
  }
  if ("error" in ground) return ground;
  const collector = new Collector({ capture: request.capture, max_events });
  const attached = await startProgram(request, ground, { rate_per_s, on_event: (event) => collector.add(event) });
  if ("error" in attached) return attached;
  const { session } = ground, { program, start_time } = attached;
  const end = async (): Promise<Outcome> => {
    await session.end(program);
    const end_time = session.now();
    return { end_time, ...collector.result(program, { duration_ns: end_time - start_time }) };
  };
  return { ...attached, end };
}

async function collect(starts: readonly Started[], resources: DisposableStack): Promise<EbpfResults> {
  try {
    const entries = await Promise.all(
      starts.map(async (
        started,
      ): Promise<[string, EbpfResult]> => [started.start.key, await resultOf(started)]),
    );
    return Object.fromEntries(entries);
  } finally {
    resources.dispose();
  }
}

async function resultOf(started: Started): Promise<EbpfResult> {
  const { request, start, start_time, stopping, running } = started;
  const common = { program_name: request.name, type: request.type, target: request.target, start_time };
  if (running === undefined) return { ...common, ...failedResult(start), end_time: start_time };
  await endOf(request.duration, [stopping.signal]);
  const attached_as = start.attached_as === undefined ? {} : { attached_as: start.attached_as };
  try {
    return { ...common, ...attached_as, ...await running.end() };
  } catch (error) {
    return {
      ...common,
      ...attached_as,
      ...failedResult(explainFailure("read the counts", error)),
      end_time: epochNow(),
    };
  }
}

function failedResult(
  { error = "", hint = "" }: { readonly error?: string; readonly hint?: string },
): Omit<EbpfResult, "program_name" | "type" | "target" | "start_time" | "end_time"> {
  return { event_count: 0, lost_events: 0, sampled: false, events: [], summary: error, error, hint };
}

function epochNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
