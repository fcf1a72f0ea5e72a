/** Runs plans for functions in a session of their own, around a piece of work. */
import assert from "node:assert/strict";
import type { Capture, Read } from "../../src/kernel/capture.ts";
import { readInt64, readText } from "../../src/kernel/read.ts";
import { openTracefs } from "../../src/kernel/tracing/tracefs.ts";
import type { Attachment, FunctionPlan } from "../../src/probes/plan/function_plan.ts";
import type { Plan } from "../../src/probes/plan/tracepoint.ts";
import type { Counts, ProgramOptions } from "../../src/probes/engine/program.ts";
import { Session } from "../../src/probes/engine/session.ts";
import type { TraceEvent } from "../../src/protocol/result.ts";
import { runCommand } from "./vm_process.ts";
import { compiled } from "./workload.ts";

export interface Seen {
  readonly counts: Counts;
  readonly events: readonly TraceEvent[];
}

export type TracingOptions = Partial<Pick<ProgramOptions, "filters" | "rate_per_s" | "aggregate">>;

/** What one program sees of `work`. */
export async function traceWork(
  plan: Plan | FunctionPlan,
  work: () => Promise<unknown>,
  options: TracingOptions = {},
): Promise<Seen> {
  const [seen] = await traceTogether([{ plan, ...options }], work);
  return seen!;
}

/** What several programs of one session see of `work`. */
export async function traceTogether(
  programs: readonly ({ readonly plan: Plan | FunctionPlan } & TracingOptions)[],
  work: () => Promise<unknown>,
): Promise<readonly Seen[]> {
  using tracefs = openTracefs();
  using session = await Session.open(tracefs);
  const running = [];
  for (const { plan, ...options } of programs) {
    const events: TraceEvent[] = [];
    const on_event = (event: TraceEvent): void => void events.push(event);
    running.push({ events, program: await session.start(plan, { filters: {}, rate_per_s: 0, ...options, on_event }) });
  }
  await work();
  await Promise.all(running.map(({ program }) => session.end(program)));
  return running.map(({ events, program }) => ({ events, counts: program.counts }));
}

/** What the kernel says to a plan; undefined: it was attached. */
export async function refusalOf(plan: FunctionPlan): Promise<unknown> {
  try {
    await traceWork(plan, () => Promise.resolve());
  } catch (error) {
    return error;
  }
}

/** A plan with sensible rest. */
export function functionPlan(attachment: Attachment, rest: Partial<FunctionPlan> = {}): FunctionPlan {
  return {
    kind: "function",
    event: attachment.kind,
    attachment,
    argument_count: 1,
    has_return: true,
    captures: [],
    ...rest,
  };
}

/** The argument as a signed number. */
export function numberOf(source: Read["source"], name = `arg${source}`): Capture {
  return {
    name,
    type: "long",
    reads: [{ source, path: [], kind: "value", bytes: 8, space: "kernel" }],
    decode: ([slot]) => slot === undefined ? null : readInt64(slot.view, slot.at),
  };
}

export function textOf(source: Read["source"], read: Partial<Read> = {}): Capture {
  return {
    name: `text${source}`,
    type: "char *",
    reads: [{ source, path: [], kind: "string", bytes: 32, space: "user", ...read }],
    decode: ([slot]) => slot === undefined ? null : readText(slot.view, slot.at, slot.bytes),
  };
}

/** Where in its file a function of tests/support/functions.c is. */
export async function functionOfProgram(name: string): Promise<{ readonly path: string; readonly offset: bigint }> {
  const path = await compiled("functions");
  const [, value] = new RegExp(`^([0-9a-f]+) T ${name}$`, "m").exec(await runCommand("nm", path)) ?? [];
  assert.ok(value !== undefined, `no function ${name} in ${path}`);
  // some linkers map the code elsewhere than it is in the file
  const code = /LOAD +(0x[0-9a-f]+) +(0x[0-9a-f]+) .* R E /.exec(
    await runCommand("readelf", "--wide", "--segments", path),
  );
  assert.ok(code?.[1] !== undefined && code[2] !== undefined, `no code in ${path}`);
  return { path, offset: BigInt(`0x${value}`) - BigInt(code[2]) + BigInt(code[1]) };
}
