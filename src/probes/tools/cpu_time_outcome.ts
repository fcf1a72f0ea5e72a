/** Time on a CPU by process, from wherever it was counted. */
import { onlineCpus } from "../../kernel/host/cpus.ts";
import { PROCESS, tableOf } from "./reading.ts";
import type { ToolOutcome } from "./tool.ts";

export interface CpuTimeRow {
  readonly process: readonly [process_id: number, process_name: string];
  readonly ran_ns: number;
  /** Ready to run, and another one ran. */
  readonly wait_ns: number;
  readonly voluntary: number;
  readonly involuntary: number;
}

export function cpuTimeOutcome(
  all: readonly CpuTimeRow[],
  { window_ns, notes }: { readonly window_ns: number; readonly notes: readonly string[] },
): Pick<ToolOutcome, "events" | "reading" | "summary"> {
  const rows = all.toSorted((a, b) => b.ran_ns - a.ran_ns);
  const sum = (of: (row: CpuTimeRow) => number): number => rows.reduce((sum, row) => sum + of(row), 0);
  const cpus = onlineCpus().length, percent = (ns: number): number => Math.round(1000 * ns / window_ns) / 10;
  const ran_ns = sum((row) => row.ran_ns), involuntary = sum((row) => row.involuntary);
  const [first] = rows;
  const most = rows.toSorted((a, b) => b.involuntary - a.involuntary)[0];
  return {
    events: [],
    reading: {
      figures: {
        ran_ns,
        busy_percent: Math.round(10 * percent(ran_ns) / cpus) / 10,
        voluntary_switches: sum((row) => row.voluntary),
        involuntary_switches: involuntary,
      },
      tables: [
        tableOf(
          "by_process",
          {
            ...PROCESS,
            cpu_percent: "percent",
            ran_ns: "ns",
            waited_ns: "ns",
            voluntary: "count",
            involuntary: "count",
          },
          rows.map(({ process, ran_ns, wait_ns, voluntary, involuntary }) => [
            ...process,
            percent(ran_ns),
            ran_ns,
            wait_ns,
            voluntary,
            involuntary,
          ]),
        ),
      ],
      histograms: [],
      notes: ["100% is one CPU; ktriage itself and what it started are not counted", ...notes],
    },
    summary: first === undefined
      ? "No process ran."
      : `${percent(ran_ns / cpus)}% of ${cpus} CPUs used. Most: ${first.process[1]} (pid ${first.process[0]}), ${
        percent(first.ran_ns)
      }% of a CPU.` +
        (most === undefined || most.involuntary === 0
          ? ""
          : ` ${involuntary} involuntary switches, most of ${most.process[1]} (pid ${
            most.process[0]
          }): ${most.involuntary}.`),
  };
}
