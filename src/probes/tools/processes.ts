/** The tool `processes`: what was started and what ended, how, after how long; and who sent which signal to whom. */
import type { TraceEvent } from "../../protocol/result.ts";
import type { ToolTable } from "../../protocol/tool.ts";
import { readText } from "../../kernel/read.ts";
import { signalName } from "../../kernel/tracing/symbols.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { timeText } from "../result/time_text.ts";
import { COMM_BYTES } from "./layout.ts";
import { startObject, sumOf, type ToolObject } from "./object.ts";
import { memberOffsets, recordOffsets } from "./offsets.ts";
import { counters } from "./proc.ts";
import { originOf, type Sent, SIGNALS_LAYOUT, signalsOf, signalsTable } from "./process_signals.ts";
import { tableOf } from "./reading.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun, Unavailable } from "./tool.ts";

/** What a person calls short-lived: too short to be seen in top, long enough to be a program and not a pipeline's piece. */
const SHORT_NS = 1e9;
const UNKNOWN_CODE = 0xffff_ffff;
/** Structures of bpf/tools/processes.bpf.c; those of signals are beside. */
const END_KEY = { code: 0, comm: 8, parent_comm: 24, bytes: 40 } as const;
const END = {
  count: 0,
  short_lived: 8,
  timed: 16,
  total_ns: 24,
  max_ns: 32,
  last_ns: 40,
  tgid: 48,
  parent_tgid: 52,
  uid: 56,
  args_bytes: 60,
  args: 64,
  bytes: 320,
} as const;
/** Held against the object's BTF by a test. */
export const PROCESSES_LAYOUT = { end_key: END_KEY, end: END, ...SIGNALS_LAYOUT } as const;
const TOTALS = ["created", "threads", "executed", "ended", "short_lived", "failed", "killed", "signals"] as const;

export const processes: Tool = {
  name: "processes",
  summary: "what was started and ended: short-lived processes with their command line, exit codes, signals with sender",
  needs:
    "BPF programs on raw tracepoints of task, sched and signal, with BTF; without BTF, on the tracepoints of these names, " +
    "which tell neither exit codes nor command lines, and threads' names for those of processes. Without BPF: how many " +
    "were started.",
  ways: [
    {
      source: "raw_tracepoints task_newtask, sched_process_exec, sched_process_exit, signal_generate",
      start: startRaw,
    },
    {
      source: "tracepoints task_newtask, sched_process_exec, sched_process_exit, signal_generate",
      start: startEvents,
    },
    { source: "/proc/stat", start: countStarted },
  ],
  filters: ["comm", "pid", "uid"],
  in_snapshot: true,
};

/** Processes that ended alike. */
interface End {
  readonly process_name: string;
  readonly parent_name: string;
  readonly code: number;
  readonly count: number;
  readonly short_lived: number;
  readonly timed: number;
  readonly total_ns: number;
  readonly max_ns: number;
  readonly last: { readonly at_ns: bigint; readonly tgid: number; readonly parent_tgid: number; readonly uid: number };
  /** Of the last one; undefined where it executed nothing in the window, or it is not known. */
  readonly command?: string;
}

type Totals = Readonly<Record<typeof TOTALS[number], number>>;

/** Members of structures, and the fields of records before them: enum offset of the C file. */
const MEMBERS = [
  "task_struct.pid",
  "task_struct.tgid",
  "task_struct.group_leader",
  "task_struct.comm",
  "task_struct.exit_code",
  "task_struct.signal",
  "task_struct.mm",
  "signal_struct.live",
  "mm_struct.arg_start",
  "mm_struct.arg_end",
  "kernel_siginfo.si_code",
  "task_struct.thread_pid",
  "pid.level",
  "pid.numbers",
  "pid_namespace.ns.inum",
] as const;
const RECORD_OFFSETS = 8;

async function startRaw(run: ToolRun): Promise<RunningTool> {
  const exited = groupDeadOffset(run) > 0 ? "raw_last_exited" : "raw_exited";
  const plan = {
    name: "processes",
    programs: [
      { program: "raw_created", raw_tracepoint: "task_newtask" },
      { program: "raw_executed", raw_tracepoint: "sched_process_exec" },
      { program: exited, raw_tracepoint: "sched_process_exit" },
      { program: "raw_signalled", raw_tracepoint: "signal_generate" },
    ],
    offsets: [...new Array<number>(RECORD_OFFSETS).fill(0), ...await memberOffsets(run, MEMBERS)],
    numbers: [SHORT_NS],
  } as const;
  return await startObject(run, plan, (object) => outcomeOf(object, run, { has_btf: true }));
}

function startEvents(run: ToolRun): Promise<RunningTool> {
  const plan = {
    name: "processes",
    programs: [
      { program: "event_created", tracepoint: "task:task_newtask" },
      { program: "event_executed", tracepoint: "sched:sched_process_exec" },
      { program: "event_exited", tracepoint: "sched:sched_process_exit" },
      { program: "event_signalled", tracepoint: "signal:signal_generate" },
    ],
    offsets: [
      ...recordOffsets(run, "task:task_newtask", ["pid", "clone_flags"]),
      ...recordOffsets(run, "signal:signal_generate", ["sig", "code", "comm", "pid", "result"]),
      groupDeadOffset(run),
    ],
    numbers: [SHORT_NS],
  } as const;
  return startObject(run, plan, (object) => outcomeOf(object, run, { has_btf: false }));
}

function groupDeadOffset(run: ToolRun): number {
  try {
    return recordOffsets(run, "sched:sched_process_exit", ["group_dead"])[0] ?? 0;
  } catch (error) {
    if (error instanceof Unavailable) return 0; // before Linux 6.16
    throw error;
  }
}

function outcomeOf(object: ToolObject, run: ToolRun, { has_btf }: { readonly has_btf: boolean }): ToolOutcome {
  const totals = totalsOf(object), ends = endsOf(object).sort(byGravity), signals = signalsOf(object);
  const { lost_rows } = object.stats();
  const epoch_offset_ns = groundOf(run).session.base.epoch_offset_ns;
  const grave = ends.filter(({ code, short_lived }) => isKilled(code) || isFailed(code) || short_lived > 0);
  return {
    reading: {
      figures: { ...totals },
      tables: [endedTable(ends), signalsTable(signals)],
      histograms: [],
      notes: [
        ...has_btf ? [] : [
          "this kernel has no BTF: exit codes and command lines are not known; a process is called as its thread that " +
          "acted, and a signal to a thread names the thread",
        ],
        ...signals.some(({ target }) => isHostId(target))
          ? ["ids of processes outside of this container are the host's"]
          : [],
      ],
    },
    event_count: totals.ended,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: grave.slice(0, run.max_events).map((end) => eventOf(end, signals, epoch_offset_ns)),
    summary: summaryOf(totals, ends, signals),
  };
}

function totalsOf(object: ToolObject): Totals {
  const views = object.perCpu("totals", TOTALS.length * 8);
  return Object.fromEntries(TOTALS.map((name, i) => [name, sumOf(views, i * 8)])) as Totals;
}

function endsOf(object: ToolObject): End[] {
  const ends: End[] = [];
  object.forEachRow("ends", { key_bytes: END_KEY.bytes, value_bytes: END.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    const command = commandOf(value);
    ends.push({
      process_name: readText(key, END_KEY.comm, COMM_BYTES),
      parent_name: readText(key, END_KEY.parent_comm, COMM_BYTES),
      code: key.getUint32(END_KEY.code, true),
      count: number(END.count),
      short_lived: number(END.short_lived),
      timed: number(END.timed),
      total_ns: number(END.total_ns),
      max_ns: number(END.max_ns),
      last: {
        at_ns: value.getBigUint64(END.last_ns, true),
        tgid: value.getUint32(END.tgid, true),
        parent_tgid: value.getUint32(END.parent_tgid, true),
        uid: value.getUint32(END.uid, true),
      },
      ...(command === "" ? {} : { command }),
    });
  });
  return ends;
}

/** Arguments as ps shows them, with a space between. */
function commandOf(value: DataView<ArrayBuffer>): string {
  const length = value.getUint32(END.args_bytes, true);
  const bytes = new Uint8Array(value.buffer, value.byteOffset + END.args, length);
  return new TextDecoder().decode(bytes).replace(/\0+$/, "").replaceAll("\0", " ");
}

function isKilled(code: number): boolean {
  return code !== UNKNOWN_CODE && (code & 0x7f) !== 0;
}

function isFailed(code: number): boolean {
  return code !== UNKNOWN_CODE && !isKilled(code) && code !== 0;
}

/** A code of wait(2): `exit 1`, `SIGKILL`. */
function codeText(code: number): string {
  if (code === UNKNOWN_CODE) return "unknown";
  const signal = code & 0x7f;
  if (signal === 0) return `exit ${code >> 8 & 0xff}`;
  return `${signalName(signal) ?? `signal ${signal}`}${(code & 0x80) === 0 ? "" : " (core dumped)"}`;
}

/** Killed before failed before short-lived, then the most. */
function byGravity(a: End, b: End): number {
  const rank = ({ code }: End): number => isKilled(code) ? 0 : isFailed(code) ? 1 : 2;
  return rank(a) - rank(b) || b.short_lived - a.short_lived || b.count - a.count;
}

function endedTable(ends: readonly End[]): ToolTable {
  return tableOf(
    "ended",
    {
      process_name: "text",
      parent_name: "text",
      ended_with: "text",
      count: "count",
      short_lived: "count",
      mean_life: "ms",
      longest_life: "ms",
      last_process_id: "count",
      last_command: "text",
    },
    ends.map((end) => [
      end.process_name,
      end.parent_name === "" ? null : end.parent_name,
      codeText(end.code),
      end.count,
      end.short_lived,
      end.timed === 0 ? null : rounded(end.total_ns / end.timed),
      end.timed === 0 ? null : rounded(end.max_ns),
      plainId(end.last.tgid),
      end.command ?? null,
    ]),
  );
}

function rounded(ns: number): number {
  return Math.round(ns / 1e3) / 1e3;
}

function eventOf(end: End, signals: readonly Sent[], epoch_offset_ns: bigint): TraceEvent {
  const { last, code } = end;
  const killer = isKilled(code)
    ? signals.find(({ target, number }) => target === last.tgid && number === (code & 0x7f))
    : undefined;
  return {
    timestamp: last.at_ns + epoch_offset_ns,
    process_id: plainId(last.tgid),
    ...(isHostId(last.tgid) ? { host_process: true as const } : {}),
    process_name: end.process_name,
    user_id: last.uid,
    event_type: "sched:sched_process_exit",
    data: {
      ended_with: codeText(code),
      ...(end.command === undefined ? {} : { command: end.command }),
      ...(end.parent_name === "" ? {} : { parent_id: plainId(last.parent_tgid), parent_name: end.parent_name }),
      ...(killer === undefined ? {} : {
        signal_sent_by: originOf(killer),
        sender_id: plainId(killer.sender),
        sender_name: killer.sender_name,
      }),
      alike: end.count,
    },
  };
}

function summaryOf(totals: Totals, ends: readonly End[], signals: readonly Sent[]): string {
  const { created, threads, executed, ended, short_lived, failed, killed } = totals;
  const said = [
    `${created} processes and ${threads} threads were started, ${executed} programs executed, ${ended} processes ended: ` +
    `${short_lived} within a second, ${failed} with an error, ${killed} by a signal.`,
  ];
  const storm = ends.toSorted((a, b) => b.short_lived - a.short_lived)[0];
  if (storm !== undefined && storm.short_lived > 0) {
    const mean = storm.timed === 0 ? "" : `, living ${timeText(storm.total_ns / storm.timed)} on average`;
    const from = storm.parent_name === "" ? "" : ` started by ${storm.parent_name}`;
    said.push(`Most short-lived: ${storm.process_name}${from}, ${storm.short_lived} times${mean}.`);
  }
  for (const { code, process_name, count } of ends.filter(({ code }) => isKilled(code)).slice(0, 2)) {
    const sent = signals.find(({ number, target_name }) => number === (code & 0x7f) && target_name === process_name);
    const by = sent === undefined
      ? ""
      : originOf(sent) === "kernel"
      ? ", sent by the kernel"
      : `, sent by ${sent.sender_name} (${plainId(sent.sender)})`;
    said.push(`${process_name} was ended by ${codeText(code)}${count > 1 ? ` ${count} times` : ""}${by}.`);
  }
  return said.join(" ");
}

/** All that is known without BPF. */
function countStarted(): Promise<RunningTool> {
  return counters(startedSinceBoot, (before, after) => {
    const started = after - before;
    return {
      reading: {
        figures: { created_with_threads: started },
        tables: [],
        histograms: [],
        notes: ["which processes ended, and how, is not known without BPF; threads are among those that were started"],
      },
      event_count: started,
      lost_events: 0,
      events: [],
      summary: `${started} processes and threads were started, ktriage's own among them.`,
    };
  });
}

/** `processes` of /proc/stat (proc(5)): forks since boot, threads among them. */
function startedSinceBoot(): number {
  const text = Deno.readTextFileSync("/proc/stat");
  const [, count] = /^processes (\d+)$/m.exec(text) ?? [];
  if (count === undefined) throw new Unavailable("/proc/stat does not say how many processes were started");
  return Number(count);
}
