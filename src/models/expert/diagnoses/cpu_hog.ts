/** A process that uses a CPU, or several, all the time. */
import { type Candidate, count, type Diagnose, enumerate, groupBy } from "../candidate.ts";
import { type Evidence, outputOf, type Program, programsOf } from "../evidence.ts";
import { numberOf } from "../fields.ts";
import { parseCpuUse, parsePs } from "../readers/tables.ts";

/** Percent of one CPU from which a process counts as a hog. */
const HOG_PERCENT = 60;
/** Hogs that are named beside the first. */
const MAX_OTHERS = 3;

interface Use {
  readonly process_id: number;
  readonly process_name: string;
  /** 100 is one CPU. */
  readonly percent: number;
  readonly key: string;
}

export const cpuHog: Diagnose = (evidence) => {
  const hogs = programsOf(evidence, "sched_stat_runtime")
    .flatMap((program) => usesOf(program))
    .filter(({ percent }) => percent >= HOG_PERCENT)
    .sort((a, b) => b.percent - a.percent);
  const [first, ...others] = hogs;
  return first === undefined ? [] : [describe(first, others.slice(0, MAX_OTHERS), evidence)];
};

/**
 * CPU use by process. Hits are exact and events may be a sample, so a process's time is its hits times the mean
 * running time that its events tell; a hit comes at each tick and at each switch.
 */
function usesOf(program: Program): readonly Use[] {
  const runtimes = groupBy(program.events, ({ process_id }) => String(process_id));
  return (program.result.aggregates?.by_process ?? countEvents(program)).flatMap(
    ({ process_id, process_name, count: hits }) => {
      const own = (runtimes.get(String(process_id)) ?? []).map(({ data }) => numberOf(data.runtime) ?? 0);
      if (own.length === 0 || process_id === 0) return [];
      const mean_ns = own.reduce((sum, runtime) => sum + runtime, 0) / own.length;
      return [{ process_id, process_name, percent: hits * mean_ns / 1e9 / program.traced_s * 100, key: program.key }];
    },
  );
}

function countEvents({ events }: Program): readonly { process_id: number; process_name: string; count: number }[] {
  return [...groupBy(events, ({ process_id }) => String(process_id)).values()].flatMap((group) =>
    group.slice(0, 1).map(({ process_id, process_name }) => ({ process_id, process_name, count: group.length }))
  );
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
