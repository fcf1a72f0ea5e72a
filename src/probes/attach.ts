/** One requested program: its ways are tried in order, until the kernel takes one. */
import { SystemError } from "../ffi/libc.ts";
import type { TraceEvent } from "../protocol/result.ts";
import { FILTER_NAMES, type ProgramFilters } from "./engine/config.ts";
import { explainFailure, reasonOf } from "./failure.ts";
import type { Ground } from "./ground.ts";
import type { Refusal } from "./plan/tracepoint.ts";
import { waysOf } from "./plan/request_ways.ts";
import type { Program } from "./engine/program.ts";
import { refusedKind } from "./engine/refused_kind.ts";
import { type ProgramRequest, understand, type Wish } from "./request.ts";
import { attachedAs, type DeadEnd, familyOf, noWay, type Way, type Ways } from "./plan/ways.ts";

const EPERM = 1, EACCES = 13;

export interface AttachOptions {
  /** Events per second; 0: no bound. */
  readonly rate_per_s: number;
  readonly on_event: (event: TraceEvent) => void;
}

/** A program that traces. */
export interface Attached {
  readonly program: Program;
  /** Nanoseconds since the epoch. */
  readonly start_time: bigint;
  readonly attached_as?: string;
}

/** Plans and starts one program. What cannot be done is a refusal: what, why, and what to ask instead. */
export async function startProgram(
  request: ProgramRequest,
  ground: Ground,
  options: AttachOptions,
): Promise<Attached | Refusal> {
  const wish = understand(request);
  if ("error" in wish) return wish;
  try {
    const ways = await waysOf(wish, ground);
    if ("error" in ways) return ways;
    const filters = request.filters ?? {};
    const attached = await tryWays(ways, { wish, ground, filters, ...options });
    return "error" in attached ? attached : withNote(attached, unknownFilters(filters));
  } catch (error) {
    return explainFailure(`attach ${wish.asked}`, error);
  }
}

export interface Attempt extends AttachOptions {
  readonly wish: Wish;
  readonly ground: Ground;
  readonly filters: ProgramFilters;
}

async function tryWays(ways: Ways, attempt: Attempt): Promise<Attached | Refusal> {
  const dead_ends: DeadEnd[] = [];
  for (const way of ways) {
    const outcome = "why" in way ? way : await tryWay(way, dead_ends, attempt);
    if ("program" in outcome) return outcome;
    dead_ends.push(outcome);
  }
  return noWay(attempt.wish.asked, dead_ends);
}

/** Starts what one way describes; a dead end is what the kernel refuses, not an error. */
export async function tryWay(
  way: Way,
  dead_ends: readonly DeadEnd[],
  attempt: Attempt,
): Promise<Attached | DeadEnd> {
  const { kind, plan } = way, { refused_kinds } = attempt.ground;
  const known = refused_kinds.get(familyOf(kind));
  if (known !== undefined) return { kind, why: known };
  try {
    return await start(way, dead_ends, attempt);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    const refused = refusedKind(kind, error);
    if (refused !== undefined) refused_kinds.set(familyOf(kind), refused);
    const why = refused ?? `${plan.event} could not be attached (${reasonOf(error)})`;
    // what the kernel simply does not have, nothing helps against
    const helps = refused === undefined || error.errno === EPERM || error.errno === EACCES;
    return { kind, why, ...(helps ? { hint: explainFailure("", error, { probe: kind }).hint } : {}) };
  }
}

async function start(
  way: Way,
  dead_ends: readonly DeadEnd[],
  { wish, ground, filters, ...options }: Attempt,
): Promise<Attached> {
  const { session } = ground;
  const start_time = session.now();
  const program = await session.start(way.plan, {
    filters: { ...processOf(way.plan), ...filters },
    ...options,
    ...(wish.aggregate === undefined ? {} : { aggregate: wish.aggregate }),
  });
  const attached_as = attachedAs(way, dead_ends);
  return { program, start_time, ...(attached_as === undefined ? {} : { attached_as }) };
}

/** `<pid>:symbol` means that process alone, which the kernel is not always told (see {@link attachProgram}). */
function processOf(plan: Way["plan"]): ProgramFilters {
  if (plan.kind !== "function" || !("path" in plan.attachment)) return {};
  const { pid } = plan.attachment;
  return pid === undefined ? {} : { pid };
}

function withNote(attached: Attached, note: string | undefined): Attached {
  if (note === undefined) return attached;
  return { ...attached, attached_as: attached.attached_as === undefined ? note : `${attached.attached_as}; ${note}` };
}

/** A model may ask for filters that this version does not have: it must not take the answer for a filtered one. */
function unknownFilters(filters: Readonly<Record<string, unknown>>): string | undefined {
  const unknown = Object.keys(filters).filter((name) => !FILTER_NAMES.some((known) => known === name));
  return unknown.length === 0 ? undefined : `not filtered by ${unknown.join(", ")}: unknown to this version of ktriage`;
}
