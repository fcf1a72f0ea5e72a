/** The tool `syscalls`: calls by process and by name, how many failed and with which error. */
import { startObject, type ToolObject } from "./object.ts";
import { recordOffsets } from "./offsets.ts";
import { readWrites } from "./proc_io.ts";
import { PROCESS, tableOf } from "./reading.ts";
import { merged, programsOf, readCalls } from "./syscall_rows.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

const PROGRAMS = programsOf("counted");

export const syscalls: Tool = {
  name: "syscalls",
  summary: "system calls by process and by call: how many, how many failed, with which errors",
  needs:
    "BPF programs on the raw tracepoint sys_exit, or on the tracepoint raw_syscalls:sys_exit; without BPF, the reads " +
    "and writes that /proc/PID/io counts",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: false,
  ways: [
    {
      source: "raw_tracepoint sys_exit",
      start: (run) => startObject(run, { name: "syscalls", programs: PROGRAMS.raw }, read),
    },
    {
      source: "tracepoint raw_syscalls:sys_exit",
      start: (run) => {
        const offsets = recordOffsets(run, "raw_syscalls:sys_exit", ["id", "ret"]);
        return startObject(run, { name: "syscalls", programs: PROGRAMS.event, offsets }, read);
      },
    },
    { source: "/proc/PID/io", start: readWrites },
  ],
};

function read(object: ToolObject): ToolOutcome {
  const { rows, errors, names } = readCalls(object);
  const by_process = merged(rows, ({ tgid }) => tgid).sort((a, b) => b.calls - a.calls);
  const by_call = merged(rows, ({ call }) => call).sort((a, b) => b.calls - a.calls);
  const { lost_rows } = object.stats();
  const calls = by_process.reduce((sum, row) => sum + row.calls, lost_rows);
  const failed = by_process.reduce((sum, row) => sum + row.errors, 0);
  const [first] = by_process, [worst] = errors;
  const seconds = object.window_ns / 1e9;
  return {
    event_count: calls,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures: { calls, errors: failed, calls_per_s: Math.round(calls / seconds) },
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, calls: "count", errors: "count" },
          by_process.map(({ tgid, calls, errors }) => [...names.cells(tgid), calls, errors]),
        ),
        tableOf(
          "by_call",
          { call: "text", calls: "count", errors: "count" },
          by_call.map(({ call, calls, errors }) => [call, calls, errors]),
        ),
        tableOf(
          "errors",
          { ...PROCESS, call: "text", error: "text", count: "count" },
          errors.map(({ tgid, call, error, count }) => [...names.cells(tgid), call, error, count]),
        ),
      ],
      histograms: [],
      notes: [...names.notes],
    },
    summary: [
      `${calls} system calls in ${seconds.toFixed(1)} s, ${failed} of them failed.`,
      first === undefined ? "" : `Most by ${names.of(first.tgid)} (pid ${names.cells(first.tgid)[0]}): ${first.calls}.`,
      worst === undefined
        ? ""
        : `Most common error: ${worst.error} of ${worst.call} in ${names.of(worst.tgid)} (pid ${
          names.cells(worst.tgid)[0]
        }), ${worst.count} times.`,
    ].filter((sentence) => sentence !== "").join(" "),
  };
}
