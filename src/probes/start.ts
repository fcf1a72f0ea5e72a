/** The programs of one request, from start to results. */
import { openTracefs } from "../kernel/tracefs.ts";
import type { TracefsRoot } from "../kernel/tracefs_files.ts";
import type { EbpfProgram, EbpfResult, EbpfResults } from "../protocol/mod.ts";
import { Collector } from "./collector.ts";
import { FILTER_NAMES } from "./config.ts";
import { endOf } from "./end_of.ts";
import { explainFailure } from "./failure.ts";
import { DEFAULT_RATE_PER_S, type ProgramStart, type RunningPrograms, type StartOptions } from "./mod.ts";
import { planProgram, type Refusal } from "./plan.ts";
import type { Program } from "./program.ts";
import { Session } from "./session.ts";

/** {@inheritDoc StartPrograms} */
export async function startPrograms(
  programs: readonly EbpfProgram[],
  options: StartOptions = {},
): Promise<RunningPrograms> {
  const resources = new DisposableStack();
  const starts: Started[] = [];
  if (programs.length > 0) {
    const ground = await openGround(resources);
    const taken = new Set<string>();
    for (const request of programs) {
      const key = distinctKey(`${request.name}_${Math.floor(Date.now() / 1000)}`, taken);
      starts.push(startOne(request, { key, ground, rate_per_s: options.rate_per_s ?? DEFAULT_RATE_PER_S }));
    }
  }
  const stopping = new AbortController();
  return {
    starts: starts.map(({ start }) => start),
    results: collect(starts, { stopped: stopping.signal, resources }),
    stop: () => stopping.abort(),
  };
}

interface Ground {
  readonly tracefs: TracefsRoot;
  readonly session: Session;
}

interface Started {
  readonly start: ProgramStart;
  readonly request: EbpfProgram;
  readonly start_time: bigint;
  readonly running?: { readonly program: Program; readonly collector: Collector; readonly session: Session };
}

/** What all programs stand on, or why there are none. */
async function openGround(resources: DisposableStack): Promise<Ground | Refusal> {
  try {
    const tracefs = resources.use(openTracefs());
    return { tracefs, session: resources.use(await Session.open(tracefs)) };
  } catch (error) {
    return explainFailure("start eBPF programs", error);
  }
}

function startOne(
  request: EbpfProgram,
  { key, ground, rate_per_s }: { readonly key: string; readonly ground: Ground | Refusal; readonly rate_per_s: number },
): Started {
  const { name } = request;
  const refuse = (refusal: Refusal): Started => ({ start: { name, key, ...refusal }, request, start_time: epochNow() });
  if ("error" in ground) return refuse(ground);
  const { tracefs, session } = ground;
  try {
    const plan = planProgram(request, tracefs);
    if ("error" in plan) return refuse(plan);
    const collector = new Collector();
    const start_time = session.now();
    const filters = request.filters ?? {};
    const program = session.start(plan, { filters, rate_per_s, on_event: (event) => collector.add(event) });
    const notes = [plan.attached_as, unknownFilters(filters)].filter((note) => note !== undefined);
    const start = { name, key, ...(notes.length === 0 ? {} : { attached_as: notes.join("; ") }) };
    return { start, request, start_time, running: { program, collector, session } };
  } catch (error) {
    return refuse(explainFailure(`attach ${request.type} ${request.target}`, error));
  }
}

/** A model may ask for filters that this version does not have: it must not take the answer for a filtered one. */
function unknownFilters(filters: Readonly<Record<string, unknown>>): string | undefined {
  const unknown = Object.keys(filters).filter((name) => !FILTER_NAMES.some((known) => known === name));
  return unknown.length === 0 ? undefined : `not filtered by ${unknown.join(", ")}: unknown to this version of ktriage`;
}

async function collect(
  starts: readonly Started[],
  { stopped, resources }: { readonly stopped: AbortSignal; readonly resources: DisposableStack },
): Promise<EbpfResults> {
  try {
    const entries = await Promise.all(
      starts.map(async (
        started,
      ): Promise<[string, EbpfResult]> => [started.start.key, await resultOf(started, stopped)]),
    );
    return Object.fromEntries(entries);
  } finally {
    resources.dispose();
  }
}

async function resultOf(started: Started, stopped: AbortSignal): Promise<EbpfResult> {
  const { request, start, start_time, running } = started;
  const common = { program_name: request.name, type: request.type, target: request.target, start_time };
  if (running === undefined) return { ...common, ...failedResult(start), end_time: start_time };
  await endOf(request.duration, [stopped]);
  const { program, collector, session } = running;
  const attached_as = start.attached_as === undefined ? {} : { attached_as: start.attached_as };
  try {
    await session.end(program);
  } catch (error) {
    return {
      ...common,
      ...attached_as,
      ...failedResult(explainFailure("read the counts", error)),
      end_time: session.now(),
    };
  }
  const end_time = session.now();
  return { ...common, ...attached_as, end_time, ...collector.result(program, { duration_ns: end_time - start_time }) };
}

function failedResult(
  { error = "", hint = "" }: { readonly error?: string; readonly hint?: string },
): Omit<EbpfResult, "program_name" | "type" | "target" | "start_time" | "end_time"> {
  return { event_count: 0, lost_events: 0, sampled: false, events: [], summary: error, error, hint };
}

function distinctKey(wanted: string, taken: Set<string>): string {
  let key = wanted;
  for (let n = 2; taken.has(key); n++) key = `${wanted}_${n}`;
  taken.add(key);
  return key;
}

function epochNow(): bigint {
  return BigInt(Date.now()) * 1_000_000n;
}
