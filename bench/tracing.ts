/** What is measured: each bench is a few contenders that do the same work. */
import { Workload } from "../tests/support/workload.ts";
import type { Bench, Figures } from "./measure.ts";
import { bpftrace, ktriage, packaged, reader, type Tool, withLargeBuffers } from "./tools.ts";
import { pause, Tracer } from "./tracer.ts";

/** A probe is named just before it is attached, which takes less than a millisecond. */
export const ATTACH_MS = 100;
/** What ktriage's JSON lines hold too, except that it adds what the call returned and how long it took. */
const PRINT_OPENS = String
  .raw`printf("{\"timestamp\":%lld,\"process_id\":%d,\"process_name\":\"%s\",\"flags\":%d,\"filename\":\"%s\"}\n",
    nsecs, pid, comm, args->flags, str(args->filename));`;
const PRINT_GETPPIDS = String.raw`printf("{\"timestamp\":%lld,\"process_id\":%d,\"process_name\":\"%s\"}\n",
    nsecs, pid, comm);`;
/** bpftrace writes each line by itself otherwise. */
const BUFFERED = ["-B", "full"];

export interface Outcome {
  /** Calls that the workload made. */
  readonly done: number;
  readonly took_s: number;
  /** CPU time of the workload. */
  readonly work_cpu_s: number;
}

interface Traced extends Outcome {
  /** CPU time of the tracer while the workload worked, and until it had written everything. */
  readonly cpu_meanwhile_s: number;
  readonly cpu_s: number;
  readonly peak_bytes: number;
  readonly events: number;
  readonly last_line: string;
}

/** Starts the workload, then the tracer, lets the workload go; what the tracer used meanwhile. */
async function traced(
  tool: Tool,
  work: readonly string[],
  on_output: (bytes: Uint8Array) => void = () => {},
): Promise<Traced> {
  await using workload = await Workload.start(work);
  using output = memoryFile();
  await using tracer = await Tracer.start({ ...tool(workload.pid), file: output.path, on_output });
  await pause(ATTACH_MS);
  const before = tracer.usage().cpu_s;
  const outcome = await timed(workload);
  const cpu_meanwhile_s = tracer.usage().cpu_s - before;
  await tracer.settle();
  const { cpu_s, peak_bytes } = tracer.usage();
  await tracer.end();
  const figures = { cpu_meanwhile_s, cpu_s: cpu_s - before, peak_bytes };
  return { ...outcome, ...figures, events: tracer.events, last_line: tracer.lastLine() };
}

/** A file that costs no disk: some hundred MB are written to it. */
function memoryFile(): Disposable & { readonly path: string } {
  const path = Deno.makeTempFileSync({ dir: "/dev/shm", prefix: "ktriage-bench-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path) };
}

export async function timed(workload: Workload): Promise<Outcome> {
  const cpu_before = cpuTime(workload.pid), start = performance.now();
  const done = await workload.go();
  const took_s = (performance.now() - start) / 1000;
  return { done, took_s, work_cpu_s: cpuTime(workload.pid) - cpu_before };
}

/** Seconds that the process's only thread has run: other load makes it wait, but not longer here (sched-stats.rst). */
function cpuTime(pid: number): number {
  const [run_ns] = Deno.readTextFileSync(`/proc/${pid}/schedstat`).split(" ");
  return Number(run_ns) / 1e9;
}

/** Time from exec to the first decoded event on standard output, with opens going on: a hundred each 5 ms. */
export function firstEvent(): Bench {
  const run = async (tool: Tool): Promise<Figures> => {
    await using workload = await Workload.start(["paced", "30", "20000"]);
    const work = workload.go().catch(() => 0); // it is killed when there was an event
    const start = performance.now();
    try {
      await using tracer = await Tracer.start({ ...tool(workload.pid), ready: /nowhere/ });
      const took_ms = performance.now() - start;
      return { "exec to first event [ms]": took_ms, "peak memory [MB]": tracer.usage().peak_bytes / 1e6 };
    } finally {
      Deno.kill(workload.pid, "SIGKILL");
      await work;
    }
  };
  return {
    name: "start",
    rounds: 5,
    contenders: [
      { tool: "ktriage, the package", run: async () => run(await packaged(ktriage("openat"))) },
      { tool: "ktriage, deno run", run: () => run(ktriage("openat")) },
      { tool: "bpftrace -f json", baseline: "bpftrace", run: () => run(bpftrace("openat", PRINT_OPENS)) },
      { tool: "reader.c", baseline: "reader", run: () => run(reader("print", "openat")) },
    ],
  };
}

/** Events written as JSON lines for each second of CPU time, at 100,000 opens a second. */
export function jsonLines(): Bench {
  const run = async (tool: Tool): Promise<Figures> => {
    const { done, cpu_s, peak_bytes, events } = await traced(tool, ["paced", "3", "100000"]);
    return {
      "events per CPU-second [k/s]": events / cpu_s / 1e3,
      "lost [%]": 100 * (1 - events / done),
      "peak memory [MB]": peak_bytes / 1e6,
    };
  };
  const theirs = bpftrace("openat", PRINT_OPENS, ...BUFFERED);
  return {
    name: "lines",
    rounds: 3,
    contenders: [
      { tool: "ktriage --rate 0, the package", run: async () => run(await packaged(ktriage("openat", "--rate", "0"))) },
      { tool: "ktriage --rate 0, deno run", run: () => run(ktriage("openat", "--rate", "0")) },
      { tool: "bpftrace -f json", baseline: "bpftrace", run: () => run(theirs) },
      { tool: "bpftrace -f json, 8 MB of buffers", run: () => run(withLargeBuffers(theirs)) },
      { tool: "reader.c print", baseline: "reader", run: () => run(reader("print", "openat")) },
    ],
  };
}

/** 10,000 opens made at once: how many are seen by name. */
export function burst(): Bench {
  const run = async (tool: Tool): Promise<Figures> => {
    let text = "";
    const decoder = new TextDecoder();
    const on_output = (bytes: Uint8Array): void => void (text += decoder.decode(bytes, { stream: true }));
    await traced(tool, ["opens", "10000", "/nowhere/burst"], on_output);
    return { "10,000 opens at once, seen by name [%]": new Set(text.match(/\/nowhere\/burst\/\d+/g)).size / 100 };
  };
  const theirs = bpftrace("openat", PRINT_OPENS, ...BUFFERED);
  return {
    name: "burst",
    rounds: 3,
    contenders: [
      { tool: "ktriage", run: () => run(ktriage("openat")) },
      { tool: "ktriage --rate 0", run: () => run(ktriage("openat", "--rate", "0")) },
      { tool: "bpftrace -f json", baseline: "bpftrace", run: () => run(theirs) },
      { tool: "bpftrace -f json, 8 MB of buffers", run: () => run(withLargeBuffers(theirs)) },
      { tool: "reader.c print", baseline: "reader", run: () => run(reader("print", "openat")) },
    ],
  };
}

/** As many calls as one thread can make for five seconds. */
export function storm(): Bench {
  const run = async (tool: Tool): Promise<Figures> => {
    const { done, took_s, cpu_meanwhile_s, cpu_s, events, last_line } = await traced(tool, ["storm", "5"]);
    const read = Number(/"read":(\d+)/.exec(last_line)?.[1] ?? events);
    return {
      "calls made [k/s]": done / took_s / 1e3,
      "events read [k/s]": read / took_s / 1e3,
      "lost [%]": 100 * (1 - read / done),
      "events per CPU-second [k/s]": read / cpu_s / 1e3,
      "CPU of the tracer [% of one core]": 100 * cpu_meanwhile_s / took_s,
    };
  };
  const theirs = bpftrace("getppid", PRINT_GETPPIDS, ...BUFFERED);
  return {
    name: "storm",
    rounds: 3,
    contenders: [
      { tool: "ktriage --rate 0", run: () => run(ktriage("getppid", "--rate", "0")) },
      { tool: "bpftrace -f json", baseline: "bpftrace", run: () => run(theirs) },
      { tool: "bpftrace -f json, 8 MB of buffers", run: () => run(withLargeBuffers(theirs)) },
      { tool: "reader.c count", baseline: "reader", run: () => run(reader("count", "getppid")) },
    ],
  };
}

/** What each hit costs the traced process. */
export function overhead(): Bench {
  const work = ["getppid", "1000000"];
  const per_call = ({ done, work_cpu_s }: Outcome): Figures => ({ "a getppid takes [ns]": work_cpu_s / done * 1e9 });
  const untraced = async (): Promise<Figures> => {
    await using workload = await Workload.start(work);
    return per_call(await timed(workload));
  };
  const run = async (tool: Tool): Promise<Figures> => per_call(await traced(tool, work));
  const count_all = ktriage("raw_syscalls/sys_enter", "--rate", "1");
  return {
    name: "overhead",
    rounds: 5,
    contenders: [
      { tool: "nothing", run: untraced },
      { tool: "ktriage, 2000 events a second", run: () => run(ktriage("getppid")) },
      { tool: "ktriage --rate 0, paired", run: () => run(ktriage("getppid", "--rate", "0")) },
      { tool: "ktriage raw_syscalls, counts by number", run: () => run(count_all) },
      { tool: "bpftrace count()", run: () => run(bpftrace("getppid", "@ = count();")) },
      {
        tool: "bpftrace @[comm] = count()",
        baseline: "bpftrace",
        run: () => run(bpftrace("getppid", "@[comm] = count();")),
      },
      { tool: "reader.c count, paired", baseline: "reader", run: () => run(reader("count", "getppid")) },
    ],
  };
}
