/** The tool `slow-files`: operations on files that took long, by process and path. */
import { pathText } from "../../kernel/btf/known_files.ts";
import { PATH_SLOT_BYTES } from "../../kernel/capture.ts";
import { errnoName } from "../../kernel/errno.ts";
import { readText } from "../../kernel/read.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { timeText } from "../result/time_text.ts";
import { fileOffsets, NO_FILE_OFFSETS } from "./file_offsets.ts";
import { fileBehind, type HungCall, hungCalls } from "./hung_calls.ts";
import { COUNT_KEY, EXEMPLAR } from "./layout.ts";
import { startObject, type ToolObject } from "./object.ts";
import { memberOffsets } from "./offsets.ts";
import { countKeyAt, Names, PROCESS, tableOf } from "./reading.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun } from "./tool.ts";

/** What a person feels, and a disk of any age does in less. */
const THRESHOLD_NS = 10e6;
/** Of some thousand bytes each: more slow calls say no more. */
const RING_BYTES = 1 << 20;
/** enum operation of bpf/tools/slow_files.bpf.c. */
const OPERATIONS = [
  "",
  "read",
  "write",
  "fsync",
  "list",
  "truncate",
  "allocate",
  "open",
  "stat",
  "unlink",
  "rename",
  "mkdir",
  "truncate",
] as const;
const FIRST_BY_PATH = OPERATIONS.indexOf("open");
/** In the order of struct path_layout. */
const PATH_MEMBERS = [
  "dentry.d_parent",
  "dentry.d_name.name",
  "path.mnt",
  "path.dentry",
  "vfsmount.mnt_root",
  "mount.mnt",
  "mount.mnt_parent",
  "mount.mnt_mountpoint",
] as const;
/** Behind struct exemplar. */
const SLOW_CALL = { latency_ns: 0, ret: 8, fd: 16, path_kind: 20, path: 24 } as const;
const PATH_KIND = { names: 1, text: 2 } as const;
const SLOW = { count: 0, latency_ns: 8, latency_max_ns: 16, bytes: 24 } as const;

/** For the test that holds it against the object's BTF; slow_call behind its exemplar. */
export const SLOW_FILES_LAYOUT = { slow: SLOW, slow_call: SLOW_CALL } as const;

export const slowFiles: Tool = {
  name: "slow-files",
  summary: `operations on files that took ${THRESHOLD_NS / 1e6} ms or more, by process and path; those that still hang`,
  needs:
    "BPF programs on the raw tracepoints sys_enter and sys_exit, and BTF to tell files from pipes and sockets and to " +
    "read their paths. Without BTF a path is what /proc/PID/fd shows at the end, and unknown for what was closed by then. " +
    "Not seen are pages of mapped files, io_uring, sendfile(2) and its like, and 32-bit programs. There is no answer without " +
    "BPF: the kernel keeps no times of them; who hangs in one, off-cpu finds.",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: false,
  ways: [
    { source: "raw_tracepoints sys_enter and sys_exit, with BTF", start: startWithBtf },
    {
      source: "raw_tracepoints sys_enter and sys_exit",
      start: (run) => start(run, { offsets: NO_FILE_OFFSETS, has_btf: false }),
    },
  ],
};

async function startWithBtf(run: ToolRun): Promise<RunningTool> {
  return await start(run, {
    offsets: [...await fileOffsets(run), ...await memberOffsets(run, PATH_MEMBERS)],
    has_btf: true,
  });
}

function start(
  run: ToolRun,
  { offsets, has_btf }: { readonly offsets: readonly number[]; readonly has_btf: boolean },
): Promise<RunningTool> {
  return startObject(run, {
    name: "slow_files",
    programs: [
      { program: "sys_exit", raw_tracepoint: "sys_exit" },
      { program: "sys_enter", raw_tracepoint: "sys_enter" },
    ],
    offsets,
    numbers: [THRESHOLD_NS, Number(has_btf)],
    exemplar_bytes: RING_BYTES,
  }, (object) => read(object, run, has_btf));
}

interface SlowCall {
  readonly timestamp: bigint;
  readonly tgid: number;
  readonly tid: number;
  readonly comm: string;
  readonly operation: number;
  readonly latency_ns: number;
  readonly ret: bigint;
  /** Undefined where it is not known any more. */
  readonly path: string | undefined;
}

/** Exact, by process and operation. */
interface Slow {
  readonly tgid: number;
  readonly comm: string;
  readonly operation: number;
  readonly count: number;
  readonly latency_ns: number;
  readonly latency_max_ns: number;
}

function read(object: ToolObject, run: ToolRun, has_btf: boolean): ToolOutcome {
  const hung = hungOf(object, run, groundOf(run).session.base.libc.clocks().monotonic_ns);
  const calls = callsOf(object, has_btf), rows = has_btf ? slowOf(object) : rowsFrom(calls);
  const names = new Names();
  for (const { tgid, comm, count } of rows) names.add(tgid, comm, count);
  for (const { tgid, comm } of hung) names.add(tgid, comm);
  const { lost_rows, lost_events } = object.stats();
  const count = rows.reduce((sum, row) => sum + row.count, 0);
  const figures = {
    slow_operations: count,
    hanging_at_end: hung.length,
    total_latency_ns: rows.reduce((sum, row) => sum + row.latency_ns, 0),
  };
  calls.sort((a, b) => b.latency_ns - a.latency_ns);
  return {
    event_count: count,
    lost_events: lost_rows + lost_events,
    missed_hits: object.missed(),
    events: calls.slice(0, run.max_events).map(eventOf),
    reading: {
      figures,
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, operation: "text", count: "count", mean_latency: "ns", longest: "ns" },
          rows.map((row) => [
            ...names.cells(row.tgid),
            operationName(row.operation),
            row.count,
            Math.round(row.latency_ns / row.count),
            row.latency_max_ns,
          ]),
        ),
        tableOf(
          "by_path",
          { ...PROCESS, operation: "text", path: "text", count: "count", mean_latency: "ns", longest: "ns" },
          byPath(calls).map((row) => [
            ...names.cells(row.tgid),
            operationName(row.operation),
            row.path ?? null,
            row.count,
            Math.round(row.latency_ns / row.count),
            row.latency_max_ns,
          ]),
        ),
        tableOf(
          "hanging",
          { ...PROCESS, operation: "text", path: "text", waited: "ns" },
          hung.map((
            call,
          ) => [...names.cells(call.tgid), operationName(call.operation), call.path ?? null, call.waited_ns]),
        ),
      ],
      histograms: [],
      notes: [
        `slow is ${THRESHOLD_NS / 1e6} ms or more; reads and writes are of files, folders and disks only`,
        "paths of open, stat, unlink, rename and mkdir are as the program gave them",
        ...has_btf ? [] : ["this kernel has no BTF: paths of open files are what /proc/PID/fd showed at the end"],
        ...names.notes,
      ],
    },
    summary: summaryOf(figures, calls, hung),
  };
}

/** What hangs is asked of /proc, behind the filters that the programs have for the others. */
function hungOf(object: ToolObject, { filters }: ToolRun, now_ns: bigint): HungCall[] {
  const hung = hungCalls(object, { now_ns, threshold_ns: THRESHOLD_NS, by_path: FIRST_BY_PATH });
  if (filters.uid !== undefined) return [];
  return hung.filter(({ tgid, tid, comm }) =>
    (filters.pid === undefined || filters.pid === tgid) && (filters.tid === undefined || filters.tid === tid) &&
    (filters.comm === undefined || isNamed(comm, filters.comm))
  );
}

function isNamed(comm: string, filter: string): boolean {
  return filter.endsWith("*") ? comm.startsWith(filter.slice(0, -1)) : comm === filter;
}

function callsOf(object: ToolObject, has_btf: boolean): SlowCall[] {
  const calls: SlowCall[] = [];
  object.forEachExemplar(({ timestamp, tgid, tid, comm, kind }, view, at) => {
    const rest = at + EXEMPLAR.bytes, fd = view.getUint32(rest + SLOW_CALL.fd, true);
    const is_by_path = kind >= FIRST_BY_PATH;
    const path = is_by_path || has_btf ? pathAt(view, rest) : fileBehind(plainId(tgid), fd);
    // without BTF it may have been a pipe or a socket
    if (!has_btf && !is_by_path && path === undefined) return;
    calls.push({
      timestamp,
      tgid,
      tid,
      comm,
      operation: kind,
      latency_ns: Number(view.getBigUint64(rest + SLOW_CALL.latency_ns, true)),
      ret: view.getBigInt64(rest + SLOW_CALL.ret, true),
      path,
    });
  });
  return calls;
}

function pathAt(view: DataView<ArrayBuffer>, at: number): string | undefined {
  const kind = view.getUint32(at + SLOW_CALL.path_kind, true), path_at = at + SLOW_CALL.path;
  if (kind === PATH_KIND.names) return pathText({ view, at: path_at, bytes: PATH_SLOT_BYTES });
  return kind === PATH_KIND.text ? readText(view, path_at, PATH_SLOT_BYTES) : undefined;
}

function slowOf(object: ToolObject): Slow[] {
  const rows: Slow[] = [];
  object.forEachRow("slow", { key_bytes: COUNT_KEY.bytes, value_bytes: SLOW.bytes }, (row, value) => {
    const { tgid, comm, key } = countKeyAt(row);
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    rows.push({
      tgid,
      comm,
      operation: key,
      count: number(SLOW.count),
      latency_ns: number(SLOW.latency_ns),
      latency_max_ns: number(SLOW.latency_max_ns),
    });
  });
  return rows.sort(byLatency);
}

type Grouped = Slow & { readonly path?: string | undefined };

function byPath(calls: readonly SlowCall[]): Grouped[] {
  return grouped(calls, ({ tgid, operation, path }) => `${tgid} ${operation} ${path}`);
}

function rowsFrom(calls: readonly SlowCall[]): Slow[] {
  return grouped(calls, ({ tgid, operation }) => `${tgid} ${operation}`);
}

function grouped(calls: readonly SlowCall[], keyOf: (call: SlowCall) => string): Grouped[] {
  const rows = new Map<string, Grouped>();
  for (const call of calls) {
    const key = keyOf(call), { tgid, comm, operation, path, latency_ns } = call, known = rows.get(key);
    rows.set(key, {
      tgid,
      comm,
      operation,
      path,
      count: (known?.count ?? 0) + 1,
      latency_ns: (known?.latency_ns ?? 0) + latency_ns,
      latency_max_ns: Math.max(known?.latency_max_ns ?? 0, latency_ns),
    });
  }
  return [...rows.values()].sort(byLatency);
}

function byLatency(a: Slow, b: Slow): number {
  return b.latency_ns - a.latency_ns;
}

function operationName(operation: number): string {
  return OPERATIONS[operation] ?? `operation ${operation}`;
}

function eventOf({ timestamp, tgid, tid, comm, operation, latency_ns, ret, path }: SlowCall): TraceEvent {
  const error = ret < 0n ? errnoName(-ret) : undefined;
  return {
    timestamp,
    process_id: plainId(tgid),
    ...(isHostId(tgid) ? { host_process: true as const } : {}),
    process_name: comm,
    thread_id: plainId(tid),
    event_type: `file:${operationName(operation)}`,
    data: { path: path ?? null, latency_ns, ...(error === undefined ? {} : { error }) },
  };
}

function summaryOf(
  { slow_operations, total_latency_ns }: { readonly slow_operations: number; readonly total_latency_ns: number },
  [slowest]: readonly SlowCall[],
  hung: readonly HungCall[],
): string {
  const said = [
    `${slow_operations} operations on files took ${THRESHOLD_NS / 1e6} ms or more, ${
      timeText(total_latency_ns)
    } in all.`,
  ];
  if (slowest !== undefined) {
    const { comm, tgid, operation, path = "a file", latency_ns } = slowest;
    said.push(
      `Slowest: ${operationName(operation)} of ${path} by ${comm} (pid ${plainId(tgid)}), ${timeText(latency_ns)}.`,
    );
  }
  for (const { comm, tgid, operation, path = "a file", waited_ns } of hung.slice(0, 2)) {
    said.push(
      `${comm} (pid ${tgid}) still hangs in ${operationName(operation)} of ${path} for ${timeText(waited_ns)}.`,
    );
  }
  return said.join(" ");
}
