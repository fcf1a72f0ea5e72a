/** Without BPF: reads and writes by process, as /proc/PID/io counts them. */
import { PROCESS, tableOf } from "./reading.ts";
import { counters, livingProcesses } from "./proc.ts";
import type { RunningTool, ToolOutcome, ToolRun } from "./tool.ts";

interface Io {
  readonly name: string;
  readonly reads: number;
  readonly writes: number;
}

/** @see Documentation/filesystems/proc.rst, 3.3: syscr and syscw are calls of read(2) and write(2) and their like */
export function parseIo(text: string): Omit<Io, "name"> | undefined {
  const reads = /^syscr: (\d+)$/m.exec(text)?.[1], writes = /^syscw: (\d+)$/m.exec(text)?.[1];
  return reads === undefined || writes === undefined ? undefined : { reads: Number(reads), writes: Number(writes) };
}

export function readWrites(run: ToolRun): Promise<RunningTool> {
  return counters(() => readAll(run), outcomeOf);
}

function readAll({ filters }: ToolRun): Map<number, Io> {
  const all = new Map<number, Io>();
  for (const { pid, comm, text } of livingProcesses(filters)) {
    const io = parseIo(text("io") ?? "");
    if (io !== undefined) all.set(pid, { name: comm, ...io });
  }
  return all;
}

function outcomeOf(before: Map<number, Io>, after: Map<number, Io>, window_s: number): ToolOutcome {
  const rows = [...after].map(([pid, { name, reads, writes }]) => {
    const then = before.get(pid);
    return { pid, name, reads: reads - (then?.reads ?? 0), writes: writes - (then?.writes ?? 0) };
  }).filter(({ reads, writes }) => reads + writes > 0).sort((a, b) => b.reads + b.writes - a.reads - a.writes);
  const reads = rows.reduce((sum, row) => sum + row.reads, 0), writes = rows.reduce((sum, row) => sum + row.writes, 0);
  return {
    event_count: reads + writes,
    lost_events: 0,
    events: [],
    reading: {
      figures: { reads, writes },
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, reads: "count", writes: "count" },
          rows.map(({ pid, name, reads, writes }) => [pid, name, reads, writes]),
        ),
      ],
      histograms: [],
      notes: ["only calls that read and write are counted, of processes that lived to the end; errors are not seen"],
    },
    summary: `${reads} reading and ${writes} writing system calls in ${
      window_s.toFixed(1)
    } s; others are not counted here.`,
  };
}
