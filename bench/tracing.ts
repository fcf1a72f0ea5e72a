/** What is measured: each bench is a few contenders that do the same work. */
import { Workload } from "../tests/support/workload.ts";
import type { Bench, Contender } from "./measure.ts";
import { bpftrace, ktriage, Tracer, type TracerOptions } from "./tracer.ts";

/** Until bpftrace, which says so too early, has attached. */
const ATTACH_MS = 500;
const PRINT_OPENS = `tracepoint:syscalls:sys_enter_openat {
  printf("%s %d %d %lld %d %s\\n", comm, pid, tid, nsecs, args->flags, str(args->filename)); }`;
const COUNT_GETPPIDS = "tracepoint:syscalls:sys_enter_getppid { @[pid, comm] = count(); }";

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Starts the workload, then the tracer, lets the workload go; what the tracer used meanwhile. */
async function during(
  tracer_options: TracerOptions | undefined,
  work: readonly string[],
): Promise<{ done: number; took_s: number; cpu_s: number; peak_bytes: number; lines: number }> {
  await using workload = await Workload.start(work);
  if (tracer_options === undefined) return { ...await timed(workload), cpu_s: 0, peak_bytes: 0, lines: 0 };
  await using tracer = await Tracer.start(tracer_options);
  await pause(ATTACH_MS);
  const before = tracer.usage();
  const work_done = await timed(workload);
  await pause(ATTACH_MS);
  const after = tracer.usage();
  await tracer.end();
  return { ...work_done, cpu_s: after.cpu_s - before.cpu_s, peak_bytes: after.peak_bytes, lines: tracer.lines };
}

async function timed(workload: Workload): Promise<{ done: number; took_s: number }> {
  const start = performance.now();
  const done = await workload.go();
  return { done, took_s: (performance.now() - start) / 1000 };
}

function both(ours: readonly Contender[], theirs: readonly Contender[], options: Options): Contender[] {
  return options.bpftrace ? [...ours, ...theirs] : [...ours];
}

export interface Options {
  /** Whether bpftrace is there to compare with. */
  readonly bpftrace: boolean;
}

/** Time from exec to the first decoded event on standard output, with opens going on. */
export function firstEvent(options: Options): Bench {
  const contender = (tool: string, tracer: TracerOptions, event: RegExp): Contender => ({
    tool,
    run: async () => {
      await using workload = await Workload.start(["paced", "2", "1000"]);
      const work = workload.go();
      const start = performance.now();
      await using _ = await Tracer.start({ ...tracer, ready: event });
      const took_ms = performance.now() - start;
      await work;
      return { "exec to first event [ms]": took_ms };
    },
  });
  return {
    name: "start",
    rounds: 5,
    contenders: both(
      [contender("ktriage", ktriage("openat"), /"filename":/)],
      [contender("bpftrace", bpftrace(PRINT_OPENS, "-f", "json"), /nowhere/)],
      options,
    ),
  };
}

/** Events written as JSON lines for each second of CPU time, at 100,000 opens a second. */
export function jsonLines(options: Options): Bench {
  const contender = (tool: string, tracer: TracerOptions): Contender => ({
    tool,
    run: async () => {
      const { done, cpu_s, peak_bytes, lines } = await during(tracer, ["paced", "3", "100000"]);
      return {
        "events per CPU-second [k/s]": lines / cpu_s / 1e3,
        "lost [%]": Math.max(0, 100 * (1 - lines / done)),
        "peak memory [MB]": peak_bytes / 1e6,
      };
    },
  });
  return {
    name: "JSON lines",
    rounds: 3,
    contenders: both(
      [contender("ktriage", ktriage("openat", "--rate", "0", "--comm", "workload"))],
      [contender("bpftrace -f json", bpftrace(PRINT_OPENS, "-f", "json"))],
      options,
    ),
  };
}

/** 10,000 opens made at once: how many are seen by name. */
export function burst(options: Options): Bench {
  const contender = (tool: string, tracer: TracerOptions): Contender => ({
    tool,
    run: async () => {
      let text = "";
      const on_output = (bytes: Uint8Array): void => void (text += new TextDecoder().decode(bytes));
      await during({ ...tracer, on_output }, ["opens", "10000", "/nowhere/burst"]);
      return { "seen by name [%]": new Set(text.match(/\/nowhere\/burst\/\d+/g)).size / 100 };
    },
  });
  return {
    name: "10,000 opens at once",
    rounds: 3,
    contenders: both(
      [
        contender("ktriage", ktriage("openat")),
        contender("ktriage --rate 0", ktriage("openat", "--rate", "0")),
      ],
      [contender("bpftrace -f json", bpftrace(PRINT_OPENS, "-f", "json"))],
      options,
    ),
  };
}

/** What each hit costs the traced process. */
export function overhead(options: Options): Bench {
  const calls = 2_000_000;
  const contender = (tool: string, tracer: TracerOptions | undefined): Contender => ({
    tool,
    run: async () => {
      const { took_s } = await during(tracer, ["getppid", String(calls)]);
      return { "a getppid takes [ns]": took_s / calls * 1e9 };
    },
  });
  return {
    name: "overhead",
    rounds: 3,
    contenders: both(
      [
        contender("nothing", undefined),
        contender("ktriage, 1 event a second", ktriage("getppid", "--rate", "1")),
        contender("ktriage", ktriage("getppid")),
      ],
      [contender("bpftrace count()", bpftrace(COUNT_GETPPIDS))],
      options,
    ),
  };
}
