/** The tool `cpu-time`: time on a CPU by process, and how often each gave its CPU up or had it taken away. */
import { cpuTimeOutcome } from "./cpu_time_outcome.ts";
import { startObject, type ToolObject } from "./object.ts";
import { readSchedstat } from "./proc_sched.ts";
import { eventPlan, rawPlan, readSched } from "./sched_rows.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

export const cpuTime: Tool = {
  name: "cpu-time",
  summary: "time on a CPU by process, with voluntary and involuntary switches",
  needs:
    "BPF programs on the raw tracepoint sched_switch, with BTF; without BTF, on the tracepoint sched:sched_switch; " +
    "without BPF, what /proc/PID/task/TID/schedstat and status count (CONFIG_SCHED_INFO)",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
  ways: [
    {
      source: "raw_tracepoint sched_switch",
      start: async (run) => startObject(run, await rawPlan(run, { waits: false }), read),
    },
    {
      source: "tracepoint sched:sched_switch",
      start: (run) => startObject(run, eventPlan(run, { waits: false }), read),
    },
    { source: "/proc/PID/task/TID/schedstat", start: (run) => readSchedstat(run, "time") },
  ],
};

function read(object: ToolObject): ToolOutcome {
  const { rows, names } = readSched(object);
  const { lost_rows } = object.stats();
  return {
    ...cpuTimeOutcome(rows.map((row) => ({ ...row, process: names.cells(row.tgid) })), {
      window_ns: object.window_ns,
      notes: ["waited: for a CPU, after it was taken away", ...names.notes],
    }),
    event_count: rows.reduce((sum, { voluntary, involuntary }) => sum + voluntary + involuntary, lost_rows),
    lost_events: lost_rows,
    missed_hits: object.missed(),
  };
}
