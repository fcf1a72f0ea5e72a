/** One round of the worker, seen by programs that are attached for it, one way or the other. */
import { type Attached, startProgram, tryWay } from "../probes/attach.ts";
import type { Counts } from "../probes/engine/program.ts";
import type { Ground } from "../probes/ground.ts";
import { waysOf } from "../probes/plan/request_ways.ts";
import type { Refusal } from "../probes/plan/tracepoint.ts";
import type { ProbeKind } from "../probes/plan/ways.ts";
import { type ProgramRequest, understand } from "../probes/request.ts";
import type { TraceEvent } from "../protocol/result.ts";
import type { Deeds } from "./deeds.ts";
import { Fault, must } from "./fault.ts";
import type { Provoker } from "./provoker.ts";
import type { Remains } from "./remains.ts";

/** What the parts of the self-test that trace stand on. */
export interface Bench {
  readonly ground: Ground;
  readonly worker: Provoker;
  readonly remains: Remains;
}

/** A program to attach; with a kind, by that and nothing else. */
export interface Asked extends ProgramRequest {
  readonly kind?: ProbeKind;
}

/** What one program saw of a round. */
export interface Seen {
  /** The event, and what the asker would be told of it. */
  readonly attached_as: string;
  readonly counts: Counts;
  readonly events: readonly TraceEvent[];
}

export interface Round {
  readonly deeds: Deeds;
  /** In the order of the programs. */
  readonly seen: readonly Seen[];
}

/**
 * Attaches the programs, has the worker work once, and detaches them.
 *
 * @param also what else is done while they trace
 * @throws {Fault} one of them cannot be attached
 */
export async function traceRound(
  bench: Bench,
  programs: readonly Asked[],
  also: () => Promise<void> = () => Promise.resolve(),
): Promise<Round> {
  const running: { readonly attached: Attached; readonly events: TraceEvent[] }[] = [];
  let deeds: Deeds;
  try {
    for (const asked of programs) {
      const events: TraceEvent[] = [];
      running.push({ events, attached: await attach(asked, bench.ground, (event) => void events.push(event)) });
    }
    bench.remains.look();
    deeds = await bench.worker.provoke();
    await also();
  } finally {
    await Promise.all(running.map(({ attached }) => bench.ground.session.end(attached.program)));
  }
  const seen = running.map(({ attached: { program, attached_as }, events }): Seen => ({
    attached_as: withEvent(attached_as, program.plan.event),
    counts: program.counts,
    events,
  }));
  return { deeds, seen };
}

/** What an asker is told, which leaves the event out where it is what was asked for. */
function withEvent(attached_as: string | undefined, event: string): string {
  if (attached_as === undefined) return event;
  return attached_as.includes(event) ? attached_as : `${event}; ${attached_as}`;
}

/** One program of the worker alone. */
export async function traceWorker(bench: Bench, asked: Asked): Promise<{ readonly deeds: Deeds; readonly seen: Seen }> {
  const { deeds, seen: [seen] } = await traceRound(bench, [{ ...asked, filters: { pid: bench.worker.pid } }]);
  if (seen === undefined) throw new Fault("nothing was attached");
  return { deeds, seen };
}

/**
 * Since Linux 7.0 a program can be preempted, and what hits it on that CPU meanwhile is skipped and counted as missed.
 *
 * @throws {Fault} it was not hit exactly so often
 */
export function mustHit({ counts: { hits, missed } }: Seen, expected: number): void {
  must(hits <= expected && hits + missed >= expected && hits > 0, () => `${hits} hits were counted, not ${expected}`);
}

async function attach(asked: Asked, ground: Ground, on_event: (event: TraceEvent) => void): Promise<Attached> {
  const options = { rate_per_s: 0, on_event };
  if (asked.kind === undefined) return orFault(await startProgram(asked, ground, options));
  const wish = orFault(understand(asked));
  const ways = orFault(await waysOf(wish, ground));
  for (const way of ways) {
    if (way.kind !== asked.kind) continue;
    const attempt = { wish, ground, filters: asked.filters ?? {}, ...options };
    const outcome = "why" in way ? way : await tryWay(way, [], attempt);
    if ("program" in outcome) return outcome;
    throw new Fault(outcome.why, outcome.hint);
  }
  throw new Fault(`${wish.asked} has no such way here`);
}

function orFault<T extends object>(outcome: T | Refusal): T {
  if ("error" in outcome) throw new Fault(outcome.error, outcome.hint === "" ? undefined : outcome.hint);
  return outcome;
}
