/** The tool `irq-time`: how much of their time CPUs give to hard and soft interrupts, by which, and how long the longest was. */
import { readText } from "../../kernel/read.ts";
import { onlineCpus } from "../../kernel/host/cpus.ts";
import { timeText } from "../result/time_text.ts";
import { startIrqCounting } from "./irq_counters.ts";
import { startObject, type ToolObject, type ToolProgram } from "./object.ts";
import { formatOf, memberOffsets, recordOffsets } from "./offsets.ts";
import { tableOf } from "./reading.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun, Unavailable } from "./tool.ts";

/** Structures of bpf/tools/irq_time.bpf.c. */
const TIMES = { count: 0, total_ns: 8, max_ns: 16, bytes: 24 } as const;
const SOURCE = { times: 0, name: 24, name_bytes: 24, bytes: 48 } as const;
/** Held against the object's BTF by a test. */
export const IRQ_TIME_LAYOUT = {
  times: TIMES,
  source: { times: SOURCE.times, name: SOURCE.name, bytes: SOURCE.bytes },
} as const;
const IS_VECTOR = 0x10000;
/** enum in include/linux/interrupt.h */
const SOFTIRQS = ["HI", "TIMER", "NET_TX", "NET_RX", "BLOCK", "IRQ_POLL", "TASKLET", "SCHED", "HRTIMER", "RCU"];
/**
 * Interrupts of an x86 CPU itself (arch/x86/include/asm/irq_vectors.h), which have tracepoints of their own; elsewhere they
 * are interrupts like all others.
 */
const VECTORS: Readonly<Record<string, readonly [vector: number, name: string]>> = {
  local_timer: [0xec, "local timer"],
  reschedule: [0xfd, "reschedule"],
  call_function: [0xfc, "call function"],
  call_function_single: [0xfb, "call function (one CPU)"],
  irq_work: [0xf6, "irq work"],
};

export const irqTime: Tool = {
  name: "irq-time",
  summary: "CPU time that hard and soft interrupts take: by interrupt and by CPU, with the longest",
  needs: "tracepoints of irq, on x86 those of irq_vectors as well; raw tracepoints where there is BTF. Without BPF: " +
    "/proc/interrupts, /proc/softirqs and the ticks of /proc/stat",
  ways: [
    { source: "raw_tracepoints of irq and irq_vectors", start: startRaw },
    { source: "tracepoints of irq and irq_vectors", start: startEvents },
    { source: "/proc/interrupts, /proc/softirqs, /proc/stat", start: startIrqCounting },
  ],
  filters: [],
  in_snapshot: true,
};

interface Source {
  readonly name: string;
  readonly number?: number;
  readonly by_cpu: readonly Times[];
}

interface Times {
  readonly count: number;
  readonly total_ns: number;
  readonly max_ns: number;
}

async function startRaw(run: ToolRun): Promise<RunningTool> {
  const programs: ToolProgram[] = [
    { program: "raw_hard_left", raw_tracepoint: "irq_handler_exit" },
    { program: "raw_handler_entered", raw_tracepoint: "irq_handler_entry" },
    { program: "raw_soft_left", raw_tracepoint: "softirq_exit" },
    { program: "raw_soft_entered", raw_tracepoint: "softirq_entry" },
    ...vectorsHere(run).flatMap((vector): ToolProgram[] => [
      { program: "raw_hard_left", raw_tracepoint: `${vector}_exit` },
      { program: "raw_vector_entered", raw_tracepoint: `${vector}_entry` },
    ]),
  ];
  const offsets = await memberOffsets(run, ["irqaction.name"]);
  return await startObject(run, { name: "irq_time", programs, offsets }, outcomeOf);
}

async function startEvents(run: ToolRun): Promise<RunningTool> {
  const vectors = vectorsHere(run), [first] = vectors;
  const programs: ToolProgram[] = [
    { program: "hard_left", tracepoint: "irq:irq_handler_exit" },
    { program: "handler_entered", tracepoint: "irq:irq_handler_entry" },
    { program: "soft_left", tracepoint: "irq:softirq_exit" },
    { program: "soft_entered", tracepoint: "irq:softirq_entry" },
    ...vectors.flatMap((vector): ToolProgram[] => [
      { program: "hard_left", tracepoint: `irq_vectors:${vector}_exit` },
      { program: "vector_entered", tracepoint: `irq_vectors:${vector}_entry` },
    ]),
  ];
  const offsets = [
    0,
    ...recordOffsets(run, "irq:irq_handler_entry", ["irq", "name"]),
    ...recordOffsets(run, "irq:softirq_entry", ["vec"]),
    ...(first === undefined ? [] : recordOffsets(run, `irq_vectors:${first}_entry`, ["vector"])),
  ];
  return await startObject(run, { name: "irq_time", programs, offsets }, outcomeOf);
}

function vectorsHere(run: ToolRun): string[] {
  const { tracefs } = groundOf(run);
  return Object.keys(VECTORS).filter((vector) => {
    try {
      return formatOf(tracefs, `irq_vectors:${vector}_entry`).id > 0;
    } catch (error) {
      if (error instanceof Unavailable) return false;
      throw error;
    }
  });
}

function outcomeOf(object: ToolObject): ToolOutcome {
  const hard = hardSources(object), soft = softSources(object);
  const window_ns = object.window_ns;
  const percent = (ns: number): number => Math.round(1000 * ns / window_ns) / 10;
  const cpus = onlineCpus();
  const onCpu = (sources: readonly Source[], cpu: number): number =>
    sources.reduce((sum, { by_cpu }) => sum + (by_cpu[cpu]?.total_ns ?? 0), 0);
  const by_cpu = cpus.map((cpu) => ({ cpu, hard_ns: onCpu(hard, cpu), soft_ns: onCpu(soft, cpu) }))
    .sort((a, b) => b.hard_ns + b.soft_ns - a.hard_ns - a.soft_ns);
  const hard_total = totalOf(hard), soft_total = totalOf(soft);
  const columns = {
    count: "count",
    total: "ns",
    of_one_cpu: "percent",
    mean: "ns",
    longest: "ns",
    most_on_cpu: "count",
  } as const;
  const cells = ({ by_cpu }: Source): readonly number[] => {
    const { count, total_ns, max_ns } = summed(by_cpu);
    const most = by_cpu.reduce((best, times, cpu) => times.total_ns > (by_cpu[best]?.total_ns ?? 0) ? cpu : best, 0);
    return [count, total_ns, percent(total_ns), Math.round(total_ns / count), max_ns, most];
  };
  return {
    reading: {
      figures: {
        hard_interrupts: hard_total.count,
        hard_ns: hard_total.total_ns,
        longest_hard_ns: hard_total.max_ns,
        soft_interrupts: soft_total.count,
        soft_ns: soft_total.total_ns,
        longest_soft_ns: soft_total.max_ns,
      },
      tables: [
        tableOf(
          "hard",
          { interrupt: "text", number: "count", ...columns },
          hard.map((source) => [source.name, source.number ?? null, ...cells(source)]),
        ),
        tableOf("soft", { interrupt: "text", ...columns }, soft.map((source) => [source.name, ...cells(source)])),
        tableOf(
          "by_cpu",
          { cpu: "count", hard: "percent", soft: "percent" },
          by_cpu.map(({ cpu, hard_ns, soft_ns }) => [cpu, percent(hard_ns), percent(soft_ns)]),
        ),
      ],
      histograms: [],
      notes: [
        "the time of handlers, without the CPU's own way in and out; hard interrupts are not in the time of soft ones",
      ],
    },
    event_count: hard_total.count + soft_total.count,
    lost_events: object.stats().lost_rows,
    missed_hits: object.missed(),
    events: [],
    summary: summaryOf({ hard, soft, by_cpu, percent }),
  };
}

function hardSources(object: ToolObject): Source[] {
  const sources: Source[] = [];
  const names = new Map(Object.values(VECTORS));
  object.forEachRow("hard", { key_bytes: 4, value_bytes: SOURCE.bytes * object.cpus }, (key, value) => {
    const number = key.getUint32(0, true), is_vector = number >= IS_VECTOR;
    const by_cpu = Array.from({ length: object.cpus }, (_, cpu) => timesAt(value, cpu * SOURCE.bytes));
    // the name stands where its row was made: on one CPU
    const name = is_vector
      ? names.get(number - IS_VECTOR) ?? `vector ${number - IS_VECTOR}`
      : by_cpu.map((_, cpu) => readText(value, cpu * SOURCE.bytes + SOURCE.name, SOURCE.name_bytes)).find(Boolean) ??
        "?";
    sources.push({ name, by_cpu, ...(is_vector ? {} : { number }) });
  });
  return byTime(sources);
}

function softSources(object: ToolObject): Source[] {
  return byTime(SOFTIRQS.map((name, vec) => ({
    name,
    by_cpu: object.perCpu("soft", TIMES.bytes, vec).map((view) => timesAt(view, 0)),
  })));
}

function timesAt(view: DataView<ArrayBuffer>, at: number): Times {
  const number = (offset: number): number => Number(view.getBigUint64(at + offset, true));
  return { count: number(TIMES.count), total_ns: number(TIMES.total_ns), max_ns: number(TIMES.max_ns) };
}

function byTime(sources: readonly Source[]): Source[] {
  return sources.filter(({ by_cpu }) => summed(by_cpu).count > 0)
    .sort((a, b) => summed(b.by_cpu).total_ns - summed(a.by_cpu).total_ns);
}

function summed(times: readonly Times[]): Times {
  return times.reduce(
    (sum, { count, total_ns, max_ns }) => ({
      count: sum.count + count,
      total_ns: sum.total_ns + total_ns,
      max_ns: Math.max(sum.max_ns, max_ns),
    }),
    { count: 0, total_ns: 0, max_ns: 0 },
  );
}

function totalOf(sources: readonly Source[]): Times {
  return summed(sources.flatMap(({ by_cpu }) => by_cpu));
}

function summaryOf({ hard, soft, by_cpu, percent }: {
  readonly hard: readonly Source[];
  readonly soft: readonly Source[];
  readonly by_cpu: readonly { readonly cpu: number; readonly hard_ns: number; readonly soft_ns: number }[];
  readonly percent: (ns: number) => number;
}): string {
  const [busiest] = by_cpu;
  const most = (sources: readonly Source[]): string => {
    const [first] = sources;
    if (first === undefined) return "none";
    const { total_ns, count, max_ns } = summed(first.by_cpu);
    return `${first.name} (${count} times, ${percent(total_ns)}% of a CPU, the longest ${timeText(max_ns)})`;
  };
  const cpu = busiest === undefined
    ? ""
    : `CPU ${busiest.cpu} gave ${percent(busiest.hard_ns)}% of its time to hard and ${
      percent(busiest.soft_ns)
    }% to soft interrupts, the most of all CPUs. `;
  return `${cpu}Most hard: ${most(hard)}. Most soft: ${most(soft)}.`;
}
