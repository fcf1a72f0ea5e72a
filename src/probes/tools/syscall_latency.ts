/** The tool `syscall-latency`: how long system calls took, by process and call. */
import { startObject, type ToolObject } from "./object.ts";
import { recordOffsets } from "./offsets.ts";
import { histogramsOf, PROCESS, tableOf } from "./reading.ts";
import { timeText } from "../result/time_text.ts";
import { type CallRow, merged, programsOf, readCalls } from "./syscall_rows.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

// the return first: no call is seen to begin whose end would not be
const PROGRAMS = programsOf("ended", "begun");

export const syscallLatency: Tool = {
  name: "syscall-latency",
  summary: "time spent in system calls by process and call, with a histogram of every call",
  needs:
    "BPF programs on the raw tracepoints sys_enter and sys_exit, or on the tracepoints raw_syscalls:sys_enter and " +
    "sys_exit; there is no answer without BPF, since /proc does not time calls",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: false,
  ways: [
    {
      source: "raw_tracepoint sys_enter and sys_exit",
      start: (run) => startObject(run, { name: "syscalls", programs: PROGRAMS.raw }, read),
    },
    {
      source: "tracepoint raw_syscalls:sys_enter and sys_exit",
      start: (run) => {
        const offsets = recordOffsets(run, "raw_syscalls:sys_exit", ["id", "ret"]);
        return startObject(run, { name: "syscalls", programs: PROGRAMS.event, offsets }, read);
      },
    },
  ],
};

function read(object: ToolObject): ToolOutcome {
  const { rows, names, latencies } = readCalls(object);
  const slowest = rows.toSorted((a, b) => b.total_ns - a.total_ns);
  const by_call = merged(rows, ({ call }) => call).sort((a, b) => b.total_ns - a.total_ns);
  const { lost_rows } = object.stats();
  const sum = (of: (row: CallRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
  const calls = sum((row) => row.calls), total_ns = sum((row) => row.total_ns);
  const max_ns = rows.reduce((max, row) => Math.max(max, row.max_ns), 0);
  const times = { calls: "count", total_ns: "ns", mean_ns: "ns", max_ns: "ns" } as const;
  const timed = (
    { calls, total_ns, max_ns }: CallRow,
  ): number[] => [calls, total_ns, Math.round(total_ns / calls), max_ns];
  const [first] = slowest;
  return {
    event_count: calls + lost_rows,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures: { calls, total_ns },
      tables: [
        tableOf(
          "by_process_and_call",
          { ...PROCESS, call: "text", ...times },
          slowest.map((row) => [...names.cells(row.tgid), row.call, ...timed(row)]),
        ),
        tableOf("by_call", { call: "text", ...times }, by_call.map((row) => [row.call, ...timed(row)])),
      ],
      histograms: histogramsOf("latency", "ns", latencies, { total: total_ns, max: max_ns }),
      notes: [
        "calls that had begun before the window, or had not returned at its end, are not among them",
        "a call that waits by design (futex, poll, epoll_wait, nanosleep, read of a socket) is long without being slow",
        ...names.notes,
      ],
    },
    summary: first === undefined
      ? "No system call began and ended in the window."
      : `${calls} system calls took ${timeText(total_ns)} in all. Longest in all: ${first.call} of ${
        names.of(first.tgid)
      } (pid ${names.cells(first.tgid)[0]}), ${first.calls} calls, ${timeText(first.total_ns)}, the longest ${
        timeText(first.max_ns)
      }.`,
  };
}
