/** Runs programs through the same door as the loop, around a piece of work. */
import assert from "node:assert/strict";
import { startPrograms } from "../../src/probes/start.ts";
import { DURATION_S, type EbpfProgram, type EbpfResult } from "../../src/protocol/mod.ts";

export type ProgramRequest = Pick<EbpfProgram, "target"> & Partial<EbpfProgram>;

/** Traces `requests` while `work` runs, and ends tracing right after it; results in the order of the requests. */
export async function traceDuring(
  requests: readonly ProgramRequest[],
  work: () => Promise<unknown>,
  options: { readonly rate_per_s?: number } = {},
): Promise<EbpfResult[]> {
  const programs = requests.map((request, i): EbpfProgram => ({
    name: `program${i}`,
    type: "tracepoint",
    duration: DURATION_S.max, // the end of the work ends it
    ...request,
  }));
  const running = await startPrograms(programs, options);
  try {
    await work();
  } finally {
    running.stop();
  }
  const results = await running.results;
  return running.starts.map(({ key }) => results[key]!);
}

/** One program, which must have started. */
export async function traceOne(
  request: ProgramRequest,
  work: () => Promise<unknown>,
  options: { readonly rate_per_s?: number } = {},
): Promise<EbpfResult> {
  const [result] = await traceDuring([request], work, options);
  if (result!.error !== undefined) throw new Error(`${result!.error}\n${result!.hint}`);
  return result!;
}

/**
 * Fails unless a program was hit this often. Since Linux 7.0 a tracepoint's program can be preempted: what hits it on the
 * same CPU meanwhile is skipped, and told as missed, whoever's hit it is.
 *
 * @returns whether every hit was seen
 */
export function assertHits({ event_count, missed_hits = 0 }: EbpfResult, hits: number): boolean {
  assert.ok(event_count <= hits && event_count + missed_hits >= hits, `${event_count} hits, ${missed_hits} missed`);
  return event_count === hits;
}
