/** A process that uses a CPU, or several, all the time. */
import { type Candidate, count, type Diagnose, enumerate } from "../candidate.ts";
import { type Evidence, outputOf, type Program, programsOf } from "../evidence.ts";
import { parseCpuUse, parsePs } from "../readers/tables.ts";

/** Percent of the time from which a process counts as a hog that runs, or waits for the CPU that it lost to others. */
const HOG_PERCENT = 60;
/** Hogs that are named beside the first. */
const MAX_OTHERS = 3;

interface Use {
  readonly process_id: number;
  readonly process_name: string;
  /** 100 is one CPU. */
  readonly percent: number;
  readonly waited_percent: number;
  readonly key: string;
}

export const cpuHog: Diagnose = (evidence) => {
  const hogs = programsOf(evidence, "cpu-time")
    .flatMap((program) => usesOf(program))
    .filter(({ percent, waited_percent }) => percent + waited_percent >= HOG_PERCENT)
    .sort((a, b) => b.percent - a.percent);
  const [first, ...others] = hogs;
  return first === undefined ? [] : [describe(first, others.slice(0, MAX_OTHERS), evidence)];
};

/** CPU use by process, as the tool cpu-time has counted it. */
function usesOf({ result, key, traced_s }: Program): readonly Use[] {
  const table = result.reading?.tables.find(({ name }) => name === "by_process");
  return (table?.rows ?? []).flatMap((row): Use[] => {
    const cell = (wanted: string): string | number | null | undefined =>
      row[table?.columns.findIndex(({ name }) => name === wanted) ?? -1];
    const process_id = cell("process_id"), process_name = cell("process_name"), percent = cell("cpu_percent");
    if (typeof process_id !== "number" || typeof process_name !== "string" || typeof percent !== "number") return [];
    const waited_percent = Number(cell("waited_ns") ?? 0) / 1e9 / traced_s * 100;
    return [{ process_id, process_name, percent, waited_percent, key }];
  });
}

function describe(use: Use, others: readonly Use[], evidence: Evidence): Candidate {
  const { process_id, process_name } = use;
  const percent = Math.round(use.percent);
  const { figures } = evidence.host;
  const listed = parsePs(outputOf(evidence, "processes") ?? "").find((row) => row.process_id === process_id);
  const total = parseCpuUse(outputOf(evidence, "hog_times") ?? "", outputOf(evidence, "uptime") ?? "");
  const calls = systemCallsOf(process_id, evidence);
  const isConfirmed = (listed?.cpu_percent ?? 0) >= HOG_PERCENT ||
    (total !== undefined && total.cpu_s >= 0.5 * total.age_s);
  const isStarving = figures.cpu_busy_percent >= 85 || figures.load_1m > 2 * figures.cpus;
  return {
    category: "cpu",
    // a busy process is a fault only where someone complains of slowness, or nothing is left for the others
    score: Math.min(85, 40 + Math.min(20, percent / 10) + (isStarving ? 20 : 0) + (isConfirmed ? 5 : 0)),
    confidence: isConfirmed ? "High" : "Medium",
    root_cause: `${process_name} (pid ${process_id}) uses ${percent} % of a CPU${
      calls === undefined || calls.per_s >= 1000 ? "" : ", nearly all of it in its own code: it computes or spins"
    }${others.length === 0 ? "" : `; so do ${enumerate(others.map(useText))}`}.`,
    plan: [
      `See what ${process_name} works on: its log, its threads (\`top -H -p ${process_id}\`), its code (\`perf top -p ${process_id}\`).`,
      `If it must not take the CPU from others: \`renice 10 -p ${process_id}\`, or a limit (systemd CPUQuota=). If it is stuck, restart it.`,
      "Verify: its share of the CPU falls, and what was slow is quick again.",
    ],
    findings: [
      {
        claim: `${process_name} (pid ${process_id}) ran for ${percent} % of one CPU while traced`,
        evidence: [use.key],
      },
      ...(calls === undefined ? [] : [{
        claim: `it made ${count(calls.count, "system call")}, ${Math.round(calls.per_s)} a second`,
        evidence: [calls.key],
      }]),
      ...(listed === undefined ? [] : [{
        claim: `ps lists ${process_name} (pid ${process_id}) with ${listed.cpu_percent} % CPU over its life`,
        evidence: ["processes"],
      }]),
      ...(total === undefined ? [] : [{
        claim: `it has used ${total.cpu_s.toFixed(1)} s of CPU in the ${total.age_s.toFixed(1)} s since it began`,
        evidence: ["hog_times", "uptime"],
      }]),
    ],
    processes: [use, ...others].map((each) => each.process_name),
    follow_up: [
      { id: "hog_times", command: `cat /proc/${process_id}/stat`, description: `CPU time of ${process_name}` },
      { id: "uptime", command: "cat /proc/uptime", description: "how long the host is up" },
    ],
  };
}

function useText({ process_name, process_id, percent }: Use): string {
  return `${process_name} (pid ${process_id}) at ${Math.round(percent)} %`;
}

/** System calls of one process; undefined when they were not watched, or the process is not among those counted. */
function systemCallsOf(
  process_id: number,
  evidence: Evidence,
): { readonly count: number; readonly per_s: number; readonly key: string } | undefined {
  const [program] = programsOf(evidence, "raw_syscalls");
  const counted = program?.result.aggregates?.by_process.find((row) => row.process_id === process_id);
  if (program === undefined || counted === undefined) return undefined;
  return { count: counted.count, per_s: counted.count / program.traced_s, key: program.key };
}
