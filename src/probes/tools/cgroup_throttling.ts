/** The tool `cgroup-throttling`: control groups that used up their CPU quota, for how long, and who is in them. */
import { type CpuGroup, cpuHierarchies, processesIn, readCpuGroups } from "../../kernel/host/cpu_groups.ts";
import { parseProcessStat } from "../../kernel/host/procfs.ts";
import { timeText } from "../result/time_text.ts";
import { counters } from "./proc.ts";
import { PROCESS, tableOf } from "./reading.ts";
import { type RunningTool, type Tool, type ToolOutcome, Unavailable } from "./tool.ts";

/** USER_HZ: 1/100 s on every Linux. */
const TICK_NS = 1e7;

export const cgroupThrottling: Tool = {
  name: "cgroup-throttling",
  summary:
    "control groups that used up their CPU quota: in how many periods, for how long, which processes are in them",
  needs: "cgroup version 1 or 2 with the cpu controller, of which it reads cpu.stat; no BPF",
  ways: [{ source: "cpu.stat", start: startCounting }],
  filters: [],
  in_snapshot: true,
};

/** At one time. */
interface Sample {
  readonly groups: ReadonlyMap<string, CpuGroup>;
  /** CPU time of the processes in groups with a bound. */
  readonly ticks: ReadonlyMap<number, Used>;
}

interface Used {
  readonly name: string;
  readonly start: number;
  readonly ticks: number;
}

interface Throttled {
  readonly group: CpuGroup;
  readonly periods: number;
  readonly throttled_periods: number;
  readonly throttled_ns: number;
  readonly processes: readonly { readonly pid: number; readonly name: string; readonly ticks: number }[];
}

function startCounting(): Promise<RunningTool> {
  const hierarchies = cpuHierarchies(Deno.readTextFileSync("/proc/self/mountinfo"));
  if (hierarchies.length === 0) throw new Unavailable("no cgroup hierarchy with the cpu controller is mounted");
  return counters(() => sample(readCpuGroups(hierarchies)), outcomeOf);
}

function sample(groups: ReadonlyMap<string, CpuGroup>): Sample {
  const ticks = new Map<number, Used>();
  for (const { path, quota_percent } of groups.values()) {
    if (quota_percent === undefined) continue;
    for (const pid of processesIn(path)) {
      const used = ticks.has(pid) ? undefined : usedBy(pid);
      if (used !== undefined) ticks.set(pid, used);
    }
  }
  return { groups, ticks };
}

function usedBy(pid: number): Used | undefined {
  try {
    const stat = parseProcessStat(Deno.readTextFileSync(`/proc/${pid}/stat`));
    return stat && { name: stat.process_name, start: stat.start_ticks, ticks: stat.cpu_ticks };
  } catch {
    return undefined; // it has ended
  }
}

function outcomeOf(before: Sample, after: Sample, window_s: number): ToolOutcome {
  const throttled = throttledBetween(before, after);
  const sum = (of: (one: Throttled) => number): number => throttled.reduce((total, one) => total + of(one), 0);
  const ofCpu = (ticks: number): number => Math.round(1000 * ticks * TICK_NS / 1e9 / window_s) / 10;
  const throttled_periods = sum((one) => one.throttled_periods);
  return {
    reading: {
      figures: {
        groups_with_quota: [...after.groups.values()].filter(({ quota_percent }) => quota_percent !== undefined).length,
        groups_throttled: throttled.length,
        throttled_periods,
        throttled_ns: sum((one) => one.throttled_ns),
      },
      tables: [
        tableOf(
          "groups",
          {
            cgroup: "text",
            quota_of_one_cpu: "percent",
            periods: "count",
            throttled_periods: "count",
            throttled: "ms",
            processes: "count",
          },
          throttled.map(({ group, periods, throttled_periods, throttled_ns, processes }) => [
            group.name,
            group.quota_percent ?? null,
            periods,
            throttled_periods,
            Math.round(throttled_ns / 1e6),
            processes.length,
          ]),
        ),
        tableOf(
          "processes",
          { cgroup: "text", ...PROCESS, of_one_cpu: "percent" },
          throttled.flatMap(({ group, processes }) =>
            processes.filter(({ ticks }) => ticks > 0).map((
              { pid, name, ticks },
            ) => [group.name, pid, name, ofCpu(ticks)])
          ),
        ),
      ],
      histograms: [],
      notes: ["time is summed over CPUs; of groups that were removed meanwhile nothing is known"],
    },
    event_count: throttled_periods,
    lost_events: 0,
    events: [],
    summary: summaryOf(throttled, window_s),
  };
}

/** The longest kept from running first. */
function throttledBetween(before: Sample, after: Sample): Throttled[] {
  return [...after.groups.values()].flatMap((group): Throttled[] => {
    const earlier = before.groups.get(group.path)?.stat;
    const since = (name: keyof CpuGroup["stat"]): number => group.stat[name] - (earlier?.[name] ?? 0);
    if (since("throttled_periods") <= 0) return [];
    const processes = processesIn(group.path).flatMap((pid) => {
      const used = after.ticks.get(pid), earlier = before.ticks.get(pid);
      if (used === undefined) return [];
      return [{ pid, name: used.name, ticks: earlier?.start === used.start ? used.ticks - earlier.ticks : used.ticks }];
    }).sort((a, b) => b.ticks - a.ticks);
    return [{
      group,
      periods: since("periods"),
      throttled_periods: since("throttled_periods"),
      throttled_ns: since("throttled_ns"),
      processes,
    }];
  }).sort((a, b) => b.throttled_ns - a.throttled_ns);
}

function summaryOf(throttled: readonly Throttled[], window_s: number): string {
  const [worst] = throttled;
  if (worst === undefined) return "No control group used up its CPU quota.";
  const { group, periods, throttled_periods, throttled_ns, processes: [first] } = worst;
  const quota = group.quota_percent === undefined ? "" : `, quota ${Math.round(group.quota_percent)}% of a CPU`;
  return `${throttled.length} control group${
    throttled.length === 1 ? "" : "s"
  } used up the CPU quota. Worst: ${group.name}` +
    `${quota}, throttled in ${throttled_periods} of ${periods} periods, for ${timeText(throttled_ns)} in ${
      window_s.toFixed(1)
    } s (summed over CPUs)${first === undefined ? "" : `; most CPU time in it: ${first.name} (pid ${first.pid})`}.`;
}
