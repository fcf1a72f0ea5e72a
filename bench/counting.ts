/** What curated tools cost the system calls that they count, beside tools of the same purpose. */
import { TOOL_NAMES } from "../src/probes/tools/registry.ts";
import { Workload } from "../tests/support/workload.ts";
import type { Bench, Figures } from "./measure.ts";
import { bpftraceProgram, ktriageTool, syscount, type Tool } from "./tools.ts";
import { pause, Tracer } from "./tracer.ts";
import { ATTACH_MS, timed } from "./tracing.ts";

const WORK = ["getppid", "2000000"];
const COUNT = "counting by process adds to a getppid [ns]";
const LATENCY = "a latency histogram adds to a getppid [ns]";
/** What bpftrace's own syscount.bt and its histograms of calls do. */
const COUNT_BY_PID = "tracepoint:raw_syscalls:sys_enter { @[pid, comm] = count(); }";
const HISTOGRAM = `tracepoint:raw_syscalls:sys_enter { @start[tid] = nsecs; }
  tracepoint:raw_syscalls:sys_exit /@start[tid]/ { @ns = hist(nsecs - @start[tid]); delete(@start[tid]); }`;

async function nsPerCall(work: readonly string[] = WORK): Promise<number> {
  await using workload = await Workload.start(work);
  const { done, work_cpu_s } = await timed(workload);
  return work_cpu_s / done * 1e9;
}

/** Nanoseconds that each tool adds to a call of a busy process; all of them look at every process of the host. */
export function counting(): Bench {
  let untraced_ns = NaN; // of the same round
  const nothing = async (): Promise<Figures> => {
    untraced_ns = await nsPerCall();
    return { "a getppid takes, untraced [ns]": untraced_ns };
  };
  const adds = (figure: string, tool: Tool) => async (): Promise<Figures> => {
    await using tracer = await Tracer.start(tool(0));
    await pause(ATTACH_MS);
    const traced_ns = await nsPerCall();
    tracer.usage(); // it still counts
    return { [figure]: traced_ns - untraced_ns };
  };
  return {
    name: "tools",
    rounds: 7,
    contenders: [
      { tool: "nothing", run: nothing },
      { tool: "ktriage tool run syscalls", run: adds(COUNT, ktriageTool("syscalls")) },
      { tool: "syscount -P", baseline: "syscount", run: adds(COUNT, syscount("-P")) },
      { tool: "bpftrace @[pid, comm] = count()", run: adds(COUNT, bpftraceProgram(COUNT_BY_PID)) },
      { tool: "ktriage tool run syscall-latency", run: adds(LATENCY, ktriageTool("syscall-latency")) },
      { tool: "bpftrace hist()", baseline: "bpftrace", run: adds(LATENCY, bpftraceProgram(HISTOGRAM)) },
      { tool: "syscount -P -L, sums only", run: adds(LATENCY, syscount("-P", "-L")) },
    ],
  };
}

const OPENS = ["opens", "300000", "/nowhere"], SWITCHES = ["hands", "50000"], FORKS = ["forks", "3000"];
const PAGES = ["pages", "200000"];
/** What a process is busy with while a tool looks: what the tool counts, or opens of files, which all others see. */
const BUSY_WITH: Readonly<Record<string, readonly string[]>> = {
  "run-queue-latency": SWITCHES,
  "cpu-time": SWITCHES,
  "off-cpu": SWITCHES,
  "processes": FORKS,
  "memory-stalls": PAGES,
};

/** By how much each tool slows a process that does nothing but what the tool counts: more than any host will see. */
export function slowdown(): Bench {
  const run = (name: string) => async (): Promise<Figures> => {
    const work = BUSY_WITH[name] ?? OPENS;
    const before_ns = await nsPerCall(work);
    let traced_ns = NaN;
    {
      await using tracer = await Tracer.start(ktriageTool(name)(0));
      await pause(ATTACH_MS);
      traced_ns = await nsPerCall(work);
      tracer.usage(); // it still counts
    }
    const untraced_ns = (before_ns + await nsPerCall(work)) / 2; // the machine's speed drifts
    const percent = 100 * (traced_ns / untraced_ns - 1);
    return {
      "CPU time that a tool adds [%]": percent,
      "CPU time that a tool adds to one step [ns]": traced_ns - untraced_ns,
    };
  };
  return {
    name: "slowdown",
    rounds: 3,
    contenders: TOOL_NAMES.map((name) => ({
      tool: `${name} (${(BUSY_WITH[name] ?? OPENS)[0]})`,
      run: run(name),
    })),
  };
}
