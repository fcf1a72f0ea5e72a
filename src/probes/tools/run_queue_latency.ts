/** The tool `run-queue-latency`: how long processes that could run waited for a CPU. */
import { timeText } from "../result/time_text.ts";
import { startObject, type ToolObject } from "./object.ts";
import { readSchedstat } from "./proc_sched.ts";
import { histogramsOf, PROCESS, tableOf } from "./reading.ts";
import { eventPlan, rawPlan, readSched } from "./sched_rows.ts";
import type { Tool, ToolOutcome } from "./tool.ts";

export const runQueueLatency: Tool = {
  name: "run-queue-latency",
  summary: "how long processes that could run waited for a CPU: by process, and a histogram of every wait",
  needs:
    "BPF programs on the raw tracepoints sched_switch and sched_wakeup, with BTF; without BTF, on the tracepoints of " +
    "these names; without BPF, the sums that /proc/PID/task/TID/schedstat keeps (CONFIG_SCHED_INFO)",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
  ways: [
    {
      source: "raw_tracepoint sched_switch and sched_wakeup",
      start: async (run) => startObject(run, await rawPlan(run, { waits: true }), read),
    },
    {
      source: "tracepoint sched:sched_switch and sched:sched_wakeup",
      start: (run) => startObject(run, eventPlan(run, { waits: true }), read),
    },
    { source: "/proc/PID/task/TID/schedstat", start: (run) => readSchedstat(run, "waits") },
  ],
};

function read(object: ToolObject): ToolOutcome {
  const { rows, names, waits: buckets } = readSched(object);
  const waiting = rows.filter(({ waits }) => waits > 0).sort((a, b) => b.wait_ns - a.wait_ns);
  const waits = waiting.reduce((sum, row) => sum + row.waits, 0);
  const total_wait_ns = waiting.reduce((sum, row) => sum + row.wait_ns, 0);
  const max_wait_ns = waiting.reduce((max, row) => Math.max(max, row.max_wait_ns), 0);
  const { lost_rows } = object.stats();
  const histograms = histogramsOf("wait", "ns", buckets, { total: total_wait_ns, max: max_wait_ns });
  const [first] = waiting, p99 = histograms[0]?.p99 ?? 0;
  return {
    event_count: waits + lost_rows,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures: { waits, total_wait_ns, max_wait_ns, p99_wait_ns: p99 },
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, total_wait_ns: "ns", waits: "count", mean_wait_ns: "ns", max_wait_ns: "ns" },
          waiting.map(({ tgid, waits, wait_ns, max_wait_ns }) => [
            ...names.cells(tgid),
            wait_ns,
            waits,
            Math.round(wait_ns / waits),
            max_wait_ns,
          ]),
        ),
      ],
      histograms,
      notes: [...names.notes],
    },
    summary: first === undefined
      ? "No process waited for a CPU."
      : `${waits} waits for a CPU, 99% of them shorter than ${timeText(p99)}, the longest ${timeText(max_wait_ns)}. ` +
        `Longest in all: ${names.of(first.tgid)} (pid ${names.cells(first.tgid)[0]}), ${
          timeText(first.wait_ns)
        } in ${first.waits} waits.`,
  };
}
