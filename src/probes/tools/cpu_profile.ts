/** The tool `cpu-profile`: what the CPUs run, sampled with the stacks of the kernel and of programs. */
import { parseProcessStat } from "../../kernel/host/procfs.ts";
import { readText } from "../../kernel/read.ts";
import { COMM_BYTES } from "./layout.ts";
import { sumOf, ToolObject } from "./object.ts";
import { counters, livingProcesses } from "./proc.ts";
import { Names, PROCESS, tableOf } from "./reading.ts";
import { type NamedStack, type StackIds, Stacks } from "./stacks.ts";
import type { RunningTool, Tool, ToolOutcome, ToolRun } from "./tool.ts";

/** Samples a second on each CPU; not 100, or it would beat with what programs do a hundred times a second. */
const SAMPLES_PER_S = 99;
/** PERF_TYPE_SOFTWARE, PERF_COUNT_SW_CPU_CLOCK (include/uapi/linux/perf_event.h): every kernel and virtual machine has it. */
const CPU_CLOCK = { type: 1, config: 0n, sample_period: BigInt(SAMPLES_PER_S), frequency: true } as const;
/** How often new processes are looked at, so that those which end can still be named. */
const LOOK_MS = 500;
/** Stacks that get names, the most common first: each may need another file's symbols. */
const MAX_NAMED = 2000;
const NOT_NAMED: NamedStack = { frames: ["unknown (rare)"], text: "unknown (rare)" };
/** Structures of bpf/tools/cpu_profile.bpf.c. */
const KEY = { tgid: 0, user_stack: 4, kernel_stack: 8, comm: 16, bytes: 32 } as const;
const COUNT_BYTES = 8;
const SAMPLES = { busy: 0, idle: 8, bytes: 16 } as const;
/** Held against the object's BTF by a test. */
export const CPU_PROFILE_LAYOUT = { sample_key: KEY, samples: SAMPLES } as const;
/** USER_HZ: 1/100 s on every Linux. */
const TICK_NS = 1e7;

export const cpuProfile: Tool = {
  name: "cpu-profile",
  summary: "what the CPUs run: processes, functions and stacks, of programs and of the kernel",
  needs:
    "perf events (PERF_COUNT_SW_CPU_CLOCK), /proc/kallsyms and the programs' own symbols for names; without BPF, the " +
    "CPU time that /proc/PID/stat counts, without stacks",
  ways: [
    { source: `perf_event cpu-clock, ${SAMPLES_PER_S} samples a second and CPU`, start: startSampling },
    { source: "/proc/PID/stat", start: startCounting },
  ],
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: false,
};

interface Row extends StackIds {
  readonly comm: string;
  readonly samples: number;
}

type Named = Row & { readonly stack: NamedStack };

async function startSampling(run: ToolRun): Promise<RunningTool> {
  const object = await ToolObject.start(run, {
    name: "cpu_profile",
    programs: [{ program: "sampled", perf_event: CPU_CLOCK }],
  });
  const stacks = new Stacks(object);
  const look = setInterval(() => rowsIn(object).forEach(({ tgid }) => stacks.note(tgid)), LOOK_MS);
  const stop = (): void => {
    clearInterval(look);
    object[Symbol.dispose]();
  };
  return {
    finish: async () => {
      clearInterval(look);
      try {
        await object.detach();
        return await outcomeOf(object, stacks);
      } finally {
        stop();
      }
    },
    [Symbol.dispose]: stop,
  };
}

function rowsIn(object: ToolObject): Row[] {
  const rows: Row[] = [];
  object.forEachRow("counts", { key_bytes: KEY.bytes, value_bytes: COUNT_BYTES }, (key, value) => {
    rows.push({
      tgid: key.getUint32(KEY.tgid, true),
      user_stack: key.getInt32(KEY.user_stack, true),
      kernel_stack: key.getInt32(KEY.kernel_stack, true),
      comm: readText(key, KEY.comm, COMM_BYTES),
      samples: Number(value.getBigUint64(0, true)),
    });
  });
  return rows;
}

async function outcomeOf(object: ToolObject, stacks: Stacks): Promise<ToolOutcome> {
  const rows = rowsIn(object).sort((a, b) => b.samples - a.samples);
  const named = await stacks.name(rows.slice(0, MAX_NAMED));
  const all = rows.map((row, i): Named => ({ ...row, stack: named[i] ?? NOT_NAMED }));
  const views = object.perCpu("samples", SAMPLES.bytes);
  const samples = sumOf(views, SAMPLES.busy), idle_samples = sumOf(views, SAMPLES.idle);
  const kernel_samples = all.reduce((sum, row) => sum + (row.kernel_stack === -1 ? 0 : row.samples), 0);
  const per_cpu = SAMPLES_PER_S * object.window_ns / 1e9;
  const ofCpu = (count: number): number => Math.round(1000 * count / per_cpu) / 10;
  const names = new Names();
  for (const { tgid, comm, samples } of rows) names.add(tgid, comm, samples);
  const processes = summed(all, ({ tgid }) => `${tgid}`);
  const functions = summed(all, ({ stack }) => stack.frames[0] ?? "unknown");
  const by_stack = summed(all, ({ tgid, stack }) => `${tgid} ${stack.text}`);
  return {
    reading: {
      figures: { samples, idle_samples, kernel_samples, samples_per_s: SAMPLES_PER_S },
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, samples: "count", of_one_cpu: "percent", in_kernel: "percent" },
          processes.map(({ row, samples, kernel }) => [
            ...names.cells(row.tgid),
            samples,
            ofCpu(samples),
            Math.round(100 * kernel / samples),
          ]),
        ),
        tableOf(
          "by_program",
          { process_name: "text", processes: "count", samples: "count", of_one_cpu: "percent" },
          summed(all, ({ comm }) => comm).map(({ key, samples }) => [
            key,
            new Set(rows.filter(({ comm }) => comm === key).map(({ tgid }) => tgid)).size,
            samples,
            ofCpu(samples),
          ]),
        ),
        tableOf(
          "by_function",
          { function: "text", samples: "count", of_one_cpu: "percent", most_in: "text" },
          functions.map(({ key, row, samples }) => [key, samples, ofCpu(samples), names.of(row.tgid)]),
        ),
        tableOf(
          "by_stack",
          { ...PROCESS, samples: "count", of_one_cpu: "percent", stack: "text" },
          by_stack.map(({ row, samples }) => [
            ...names.cells(row.tgid),
            samples,
            ofCpu(samples),
            row.stack.text === "" ? "unknown" : row.stack.text,
          ]),
        ),
      ],
      histograms: [],
      notes: [...stacks.notes, ...names.notes],
    },
    event_count: samples,
    lost_events: object.stats().lost_rows,
    missed_hits: object.missed(),
    events: [],
    summary: summaryOf({ samples, idle_samples, ofCpu, names, processes, functions }),
  };
}

interface Sum {
  readonly key: string;
  /** The row with the most samples. */
  readonly row: Named;
  readonly samples: number;
  readonly kernel: number;
}

/** Rows of one key become one, the most samples first. */
function summed(rows: readonly Named[], keyOf: (row: Named) => string): Sum[] {
  const sums = new Map<string, Sum>();
  for (const row of rows.toSorted((a, b) => b.samples - a.samples)) {
    const key = keyOf(row), known = sums.get(key);
    const kernel = row.kernel_stack === -1 ? 0 : row.samples;
    sums.set(key, {
      key,
      row: known?.row ?? row,
      samples: (known?.samples ?? 0) + row.samples,
      kernel: (known?.kernel ?? 0) + kernel,
    });
  }
  return [...sums.values()].sort((a, b) => b.samples - a.samples);
}

function summaryOf({ samples, idle_samples, ofCpu, names, processes, functions }: {
  readonly samples: number;
  readonly idle_samples: number;
  readonly ofCpu: (count: number) => number;
  readonly names: Names;
  readonly processes: readonly Sum[];
  readonly functions: readonly Sum[];
}): string {
  const [first] = processes, [hottest] = functions;
  if (first === undefined || hottest === undefined) return "No process ran on a CPU when it was looked at.";
  const [pid, name] = names.cells(first.row.tgid);
  return `${samples} samples of processes, ${idle_samples} of idle CPUs. Most by ${name} (pid ${pid}): ${
    ofCpu(first.samples)
  }% of a CPU. Hottest function: ${hottest.key}, ${ofCpu(hottest.samples)}% of a CPU, most of it in ${
    names.of(hottest.row.tgid)
  }.`;
}

function startCounting({ filters }: ToolRun): Promise<RunningTool> {
  const read = (): Map<number, { readonly name: string; readonly start: number; readonly ticks: number }> => {
    const all = new Map();
    for (const { pid, comm, text } of livingProcesses(filters)) {
      const stat = parseProcessStat(text("stat") ?? "");
      if (stat !== undefined) all.set(pid, { name: comm, start: stat.start_ticks, ticks: stat.cpu_ticks });
    }
    return all;
  };
  return counters(read, (before, after, window_s) => {
    const rows = [...after].map(([pid, { name, start, ticks }]) => {
      const earlier = before.get(pid);
      return { pid, name, ticks: earlier?.start === start ? ticks - earlier.ticks : ticks };
    }).filter(({ ticks }) => ticks > 0).sort((a, b) => b.ticks - a.ticks);
    const ticks = rows.reduce((sum, row) => sum + row.ticks, 0);
    const ofCpu = (ticks: number): number => Math.round(1000 * ticks * TICK_NS / 1e9 / window_s) / 10;
    const [first] = rows;
    return {
      reading: {
        figures: { cpu_time_ns: ticks * TICK_NS },
        tables: [
          tableOf(
            "by_process",
            { ...PROCESS, cpu_time: "ms", of_one_cpu: "percent" },
            rows.map(({ pid, name, ticks }) => [pid, name, ticks * TICK_NS / 1e6, ofCpu(ticks)]),
          ),
        ],
        histograms: [],
        notes: ["without perf events neither functions nor stacks are known, nor processes that have ended"],
      },
      event_count: ticks,
      lost_events: 0,
      events: [],
      summary: first === undefined
        ? "No process used CPU time."
        : `Most CPU time by ${first.name} (pid ${first.pid}): ${ofCpu(first.ticks)}% of a CPU.`,
    };
  });
}
