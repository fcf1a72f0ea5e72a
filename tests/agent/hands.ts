/** Hands for tests of the conversation: real processes, and eBPF as on a host without the privileges for it. */
import type { RunCommand } from "../../src/agent/turn.ts";
import type { RunningPrograms, StartPrograms } from "../../src/probes/mod.ts";
import type { EbpfProgram, EbpfResult, EbpfResults } from "../../src/protocol/mod.ts";

/** Runs a command line with sh; the signal kills it, and what it had printed is kept. */
export const runWithSh: RunCommand = async (request, { signal }) => {
  const start = performance.now();
  const output = await new Deno.Command("sh", { args: ["-c", `exec ${request.command}`], stdin: "null", signal })
    .output();
  const text = new TextDecoder();
  return {
    id: request.id,
    command: request.command,
    exit_code: output.signal === null ? output.code : null,
    ...(output.signal === null ? {} : { signal: output.signal }),
    stdout: text.decode(output.stdout),
    stderr: text.decode(output.stderr),
    duration_ms: performance.now() - start,
  };
};

function resultOf(program: EbpfProgram, outcome: Partial<EbpfResult>): EbpfResult {
  const now = BigInt(Date.now()) * 1_000_000n;
  return {
    program_name: program.name,
    type: program.type,
    target: program.target,
    start_time: now,
    end_time: now,
    event_count: 0,
    lost_events: 0,
    sampled: false,
    events: [],
    summary: "",
    ...outcome,
  };
}

function keyed(programs: readonly EbpfProgram[], outcome: Partial<EbpfResult>): EbpfResults {
  return Object.fromEntries(programs.map((program) => [`${program.name}_1700000000`, resultOf(program, outcome)]));
}

/** Every program fails for want of privileges. */
export const startWithoutPrivileges: StartPrograms = (programs) => {
  const why = { error: "no privileges to load eBPF programs", hint: "run as root" };
  return Promise.resolve({
    starts: programs.map(({ name }) => ({ name, key: `${name}_1700000000`, ...why })),
    results: Promise.resolve(keyed(programs, { ...why, summary: "not started" })),
    stop(): void {},
  });
};

export interface Watched {
  readonly start: StartPrograms;
  readonly running: () => boolean;
  readonly stops: () => number;
}

/** Programs that trace (nothing) until the test or the turn ends them, and tell whether they still do. */
export function untilStopped(options: { readonly duration_ms: number }): Watched {
  let running = false;
  let stops = 0;
  const start: StartPrograms = (programs): Promise<RunningPrograms> => {
    running = true;
    const { promise, resolve } = Promise.withResolvers<EbpfResults>();
    const end = (): void => {
      clearTimeout(timer);
      running = false;
      resolve(keyed(programs, { summary: "traced" }));
    };
    const timer = setTimeout(end, options.duration_ms);
    return Promise.resolve({
      starts: programs.map(({ name }) => ({ name, key: `${name}_1700000000` })),
      results: promise,
      stop(): void {
        stops++;
        end();
      },
    });
  };
  return { start, running: () => running, stops: () => stops };
}
