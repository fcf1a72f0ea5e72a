/** The tool `memory-stalls`: page faults by process, and how long processes waited for memory to be freed. */
import { parsePressureTotals, parseVmstatCounter } from "../../kernel/host/procfs.ts";
import { timeText } from "../result/time_text.ts";
import { COUNT_KEY } from "./layout.ts";
import { startObjectBeside, type ToolObject, type ToolProgram } from "./object.ts";
import { formatOf } from "./offsets.ts";
import { counters, livingProcesses } from "./proc.ts";
import { countKeyAt, histogramsOf, Names, PROCESS, tableOf } from "./reading.ts";
import { timesOf } from "./times.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun, Unavailable } from "./tool.ts";

/**
 * Minor faults for one hit: a hit costs as much as a small fault. A process that has 1,000 is counted within 13%, one
 * that has 100,000 within 1.3%.
 */
const MINOR_WEIGHT = 16;
/** PERF_TYPE_SOFTWARE with PERF_COUNT_SW_PAGE_FAULTS_MIN and _MAJ (include/uapi/linux/perf_event.h). */
const MINOR_FAULTS = { type: 1, config: 5n, sample_period: BigInt(MINOR_WEIGHT) } as const;
const MAJOR_FAULTS = { type: 1, config: 6n, sample_period: 1n } as const;
/** struct process of bpf/tools/memory_stalls.bpf.c; each stall has a count, a sum and a maximum. */
const PROCESS_ROW = { minor: 0, major: 8, stalls: 16, stall_bytes: 24, bytes: 88 } as const;

/** Held against the object's BTF by a test. */
export const MEMORY_STALLS_LAYOUT = {
  process: { minor: PROCESS_ROW.minor, major: PROCESS_ROW.major, stalls: PROCESS_ROW.stalls, bytes: PROCESS_ROW.bytes },
} as const;

export const memoryStalls: Tool = {
  name: "memory-stalls",
  summary:
    "page faults by process, and how long processes had to free memory themselves: direct reclaim, of the host or " +
    "of a control group that is full, and compaction",
  needs:
    "perf events for page faults, raw tracepoints of vmscan and compaction for stalls; without BPF, /proc/vmstat and " +
    "the faults that /proc/PID/stat counts",
  ways: [
    { source: "perf_event page-faults, raw_tracepoints of vmscan and compaction, /proc/vmstat", start: startTracing },
    { source: "/proc/vmstat, /proc/PID/stat", start: startCounting },
  ],
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
};

interface Stall {
  readonly count: number;
  readonly total_ns: number;
  readonly max_ns: number;
}

interface Row {
  readonly tgid: number;
  readonly comm: string;
  readonly minor: number;
  readonly major: number;
  readonly reclaim: Stall;
  readonly group_reclaim: Stall;
  readonly compaction: Stall;
}

/** Of the whole host, ktriage itself included. */
interface HostCounters {
  readonly faults: number;
  readonly major_faults: number;
  readonly direct_reclaims: number;
  /** Pressure (PSI): how long some thread, or all of them, waited for memory. */
  readonly some_us?: number;
  readonly full_us?: number;
}

/** Each kind is there or not: a kernel without compaction has no stalls by it. */
const STALL_EVENTS = [
  { programs: ["reclaim_ended", "reclaim_begun"], event: "vmscan:mm_vmscan_direct_reclaim" },
  { programs: ["group_reclaim_ended", "group_reclaim_begun"], event: "vmscan:mm_vmscan_memcg_reclaim" },
  { programs: ["compaction_ended", "compaction_begun"], event: "compaction:mm_compaction" },
] as const;

async function startTracing(run: ToolRun): Promise<RunningTool> {
  const { tracefs } = groundOf(run);
  const stalls = STALL_EVENTS.flatMap(({ programs: [ended, begun], event }): ToolProgram[] => {
    try {
      formatOf(tracefs, `${event}_begin`);
    } catch (error) {
      if (error instanceof Unavailable) return [];
      throw error;
    }
    const [, name] = event.split(":");
    return [{ program: ended, raw_tracepoint: `${name}_end` }, { program: begun, raw_tracepoint: `${name}_begin` }];
  });
  const plan = {
    name: "memory_stalls",
    programs: [
      ...stalls,
      { program: "minor_fault", perf_event: MINOR_FAULTS },
      { program: "major_fault", perf_event: MAJOR_FAULTS },
    ],
    numbers: [MINOR_WEIGHT],
  } as const;
  return await startObjectBeside(
    run,
    plan,
    hostCounters,
    (object, before, after) => outcomeOf(object, hostFigures(before, after)),
  );
}

function outcomeOf(object: ToolObject, host: Readonly<Record<string, number>>): ToolOutcome {
  const by_name = rowsIn(object), names = new Names();
  for (const { tgid, comm, minor } of by_name) names.add(tgid, comm, minor + 1);
  const rows = byProcess(by_name);
  const stalled = (row: Row): number => row.reclaim.total_ns + row.group_reclaim.total_ns + row.compaction.total_ns;
  const by_faults = rows.toSorted((a, b) => b.major - a.major || b.minor - a.minor);
  const by_stalls = rows.filter((row) => stalled(row) > 0).sort((a, b) => stalled(b) - stalled(a));
  const { hits, lost_rows } = object.stats();
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0);
  return {
    reading: {
      figures: {
        stalls: hits,
        direct_reclaim_ns: sum(({ reclaim }) => reclaim.total_ns),
        group_reclaim_ns: sum(({ group_reclaim }) => group_reclaim.total_ns),
        compaction_ns: sum(({ compaction }) => compaction.total_ns),
        ...host,
      },
      tables: [
        tableOf(
          "stalls",
          {
            ...PROCESS,
            direct_reclaims: "count",
            direct_reclaim: "ms",
            group_reclaims: "count",
            group_reclaim: "ms",
            compactions: "count",
            compaction: "ms",
            longest: "ms",
          },
          by_stalls.map(({ tgid, reclaim, group_reclaim, compaction }) => [
            ...names.cells(tgid),
            ...[reclaim, group_reclaim, compaction].flatMap(({ count, total_ns }) => [count, ms(total_ns)]),
            ms(Math.max(reclaim.max_ns, group_reclaim.max_ns, compaction.max_ns)),
          ]),
        ),
        tableOf(
          "faults",
          { ...PROCESS, major_faults: "count", minor_faults: "count" },
          by_faults.map(({ tgid, major, minor }) => [...names.cells(tgid), major, minor]),
        ),
      ],
      histograms: histogramsOf("stall", "ns", timesOf(object)),
      notes: [
        `minor faults of processes are counted one in ${MINOR_WEIGHT}; faults_of_host and other figures of the host are exact, ` +
        "ktriage's own share among them",
        ...names.notes,
      ],
    },
    event_count: hits,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    summary: summaryOf(by_stalls, by_faults, names),
  };
}

function rowsIn(object: ToolObject): Row[] {
  const rows: Row[] = [];
  object.forEachRow("processes", { key_bytes: COUNT_KEY.bytes, value_bytes: PROCESS_ROW.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    const stall = (i: number): Stall => {
      const at = PROCESS_ROW.stalls + i * PROCESS_ROW.stall_bytes;
      return { count: number(at), total_ns: number(at + 8), max_ns: number(at + 16) };
    };
    rows.push({
      ...countKeyAt(key),
      minor: number(PROCESS_ROW.minor),
      major: number(PROCESS_ROW.major),
      reclaim: stall(0),
      group_reclaim: stall(1),
      compaction: stall(2),
    });
  });
  // the kernel's own threads that free and move memory so that others need not
  return rows.filter(({ comm }) => !/^k(swapd|compactd)\d/.test(comm));
}

/** Threads of a process have names of their own, and each has its row. */
function byProcess(rows: readonly Row[]): Row[] {
  const sum = (a: Stall, b: Stall): Stall => ({
    count: a.count + b.count,
    total_ns: a.total_ns + b.total_ns,
    max_ns: Math.max(a.max_ns, b.max_ns),
  });
  const processes = new Map<number, Row>();
  for (const row of rows) {
    const known = processes.get(row.tgid);
    processes.set(
      row.tgid,
      known === undefined ? row : {
        ...known,
        minor: known.minor + row.minor,
        major: known.major + row.major,
        reclaim: sum(known.reclaim, row.reclaim),
        group_reclaim: sum(known.group_reclaim, row.group_reclaim),
        compaction: sum(known.compaction, row.compaction),
      },
    );
  }
  return [...processes.values()];
}

function ms(ns: number): number {
  return Math.round(ns / 1e3) / 1e3;
}

function summaryOf(stalls: readonly Row[], faults: readonly Row[], names: Names): string {
  const [worst] = stalls, [faulting] = faults;
  const said = [];
  if (worst === undefined) said.push("No process had to free memory itself.");
  else {
    const [pid, name] = names.cells(worst.tgid);
    const parts = [
      ["direct reclaim", worst.reclaim],
      ["reclaim of its control group", worst.group_reclaim],
      ["compaction", worst.compaction],
    ] as const;
    const told = parts.filter(([, { count }]) => count > 0)
      .map(([what, { count, total_ns }]) => `${timeText(total_ns)} in ${what} (${count} times)`);
    said.push(`Most stalled for memory: ${name} (pid ${pid}), ${told.join(", ")}.`);
  }
  if (faulting !== undefined) {
    const [pid, name] = names.cells(faulting.tgid);
    said.push(
      `Most page faults: ${name} (pid ${pid}), ${faulting.major} from storage, about ${faulting.minor} others.`,
    );
  }
  return said.join(" ");
}

function hostCounters(): HostCounters {
  const text = Deno.readTextFileSync("/proc/vmstat");
  const of = (name: string): number => parseVmstatCounter(text, name) ?? 0;
  // one for each zone since Linux 4.10
  const allocstalls = [...text.matchAll(/^allocstall(?:_\w+)? (\d+)$/gm)];
  const { some, full } = pressure();
  return {
    faults: of("pgfault"),
    major_faults: of("pgmajfault"),
    direct_reclaims: allocstalls.reduce((sum, [, count]) => sum + Number(count), 0),
    ...(some === undefined ? {} : { some_us: some }),
    ...(full === undefined ? {} : { full_us: full }),
  };
}

/** Nothing where the kernel has no PSI (before 4.20, or switched off). */
function pressure(): ReturnType<typeof parsePressureTotals> {
  try {
    return parsePressureTotals(Deno.readTextFileSync("/proc/pressure/memory"));
  } catch {
    return {};
  }
}

function hostFigures(before: HostCounters, after: HostCounters): Record<string, number> {
  const { some_us, full_us } = after;
  return {
    faults_of_host: after.faults - before.faults,
    major_faults_of_host: after.major_faults - before.major_faults,
    direct_reclaims_of_host: after.direct_reclaims - before.direct_reclaims,
    ...(some_us === undefined ? {} : { some_waited_for_memory_us: some_us - (before.some_us ?? some_us) }),
    ...(full_us === undefined ? {} : { all_waited_for_memory_us: full_us - (before.full_us ?? full_us) }),
  };
}

interface Faults {
  readonly name: string;
  readonly start: number;
  readonly minor: number;
  readonly major: number;
}

/** Faults of `/proc/PID/stat`: fields 10 and 12, the start is 22 (proc(5)). */
export function parseFaults(stat: string): Omit<Faults, "name"> | undefined {
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [minor, major, start] = [fields[7], fields[9], fields[19]].map(Number);
  if (minor === undefined || major === undefined || start === undefined) return undefined;
  return Number.isNaN(minor + major + start) ? undefined : { minor, major, start };
}

function startCounting({ filters }: ToolRun): Promise<RunningTool> {
  const read = (): { readonly host: HostCounters; readonly processes: ReadonlyMap<number, Faults> } => {
    const processes = new Map<number, Faults>();
    for (const { pid, comm, text } of livingProcesses(filters)) {
      const faults = parseFaults(text("stat") ?? "");
      if (faults !== undefined) processes.set(pid, { name: comm, ...faults });
    }
    return { host: hostCounters(), processes };
  };
  return counters(read, (before, after) => {
    const rows = [...after.processes].map(([pid, { name, start, minor, major }]) => {
      const known = before.processes.get(pid), same = known?.start === start ? known : { minor: 0, major: 0 };
      return { pid, name, minor: minor - same.minor, major: major - same.major };
    }).filter(({ minor, major }) => minor + major > 0).sort((a, b) => b.major - a.major || b.minor - a.minor);
    const host = hostFigures(before.host, after.host), [first] = rows;
    return {
      reading: {
        figures: host,
        tables: [
          tableOf(
            "faults",
            { ...PROCESS, major_faults: "count", minor_faults: "count" },
            rows.map(({ pid, name, major, minor }) => [pid, name, major, minor]),
          ),
        ],
        histograms: [],
        notes: ["without BPF it is not known who had to free memory, nor anything of processes that have ended"],
      },
      event_count: host.direct_reclaims_of_host ?? 0,
      lost_events: 0,
      events: [],
      summary: `Processes had to free memory themselves ${host.direct_reclaims_of_host} times.${
        first === undefined
          ? ""
          : ` Most page faults: ${first.name} (pid ${first.pid}), ${first.major} from storage, ${first.minor} others.`
      }`,
    };
  });
}
