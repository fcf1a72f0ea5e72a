/** CPU time over the window, load, and the scheduler's counters. */
import { type CpuTimes, parseCpuTimes, parseLoadavg } from "../../kernel/host/procfs.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { severityOver, STEAL_PERCENT } from "../limits.ts";
import { type Counters, namedCounters } from "../readings/counters.ts";
import { number, rise, share, shown, watched } from "../readings/figures.ts";
import { Gaps } from "../readings/reading.ts";

export const cpu: Collector = {
  name: "cpu",
  start: (sources) => {
    const gaps = new Gaps();
    const before = read(sources, gaps);
    return Promise.resolve(({ window_s }) => {
      const after = read(sources, gaps);
      const loads = gaps.try("/proc/loadavg", () => loadFigures(sources)) ?? [];
      if (before === undefined || after === undefined) {
        return Promise.resolve({ figures: loads, findings: [], ...gaps.state() });
      }
      const steal = share(rise(before.times.steal, after.times.steal), after.times.total - before.times.total);
      const figures = [
        ...timeFigures(before.times, after.times),
        watched("cpu.steal_percent", steal, { ...STEAL_PERCENT, min: 0, max: 100 }),
        watched("cpu.context_switches_per_s", perSecond(before, after, { name: "ctxt", window_s })),
        watched("cpu.forks_per_s", perSecond(before, after, { name: "processes", window_s })),
        ...loads,
      ];
      return Promise.resolve({ figures, findings: stealFindings(steal), ...gaps.state() });
    });
  },
};

interface Reading {
  readonly times: CpuTimes;
  readonly counters: Counters;
}

function read(sources: Sources, gaps: Gaps): Reading | undefined {
  return gaps.try("/proc/stat", () => {
    const text = sources.text("/proc/stat") ?? "";
    return { times: parseCpuTimes(text), counters: namedCounters(text) };
  });
}

function timeFigures(before: CpuTimes, after: CpuTimes): readonly Figure[] {
  const total = after.total - before.total;
  const idle = rise(before.idle, after.idle), iowait = rise(before.iowait, after.iowait);
  return [
    shown("cpu.count", after.cpus),
    watched("cpu.busy_percent", Math.max(0, share(total - idle - iowait, total)), { min: 0, max: 100 }),
    watched("cpu.iowait_percent", share(iowait, total), { min: 0, max: 100 }),
    watched("cpu.system_percent", share(rise(before.system, after.system), total), { min: 0, max: 100 }),
    watched("cpu.irq_percent", share(rise(before.irq, after.irq), total), { min: 0, max: 100 }),
  ];
}

function loadFigures(sources: Sources): readonly Figure[] {
  const { load_1m, load_5m } = parseLoadavg(sources.text("/proc/loadavg") ?? "");
  return [watched("cpu.load_1m", load_1m), shown("cpu.load_5m", load_5m)];
}

function perSecond(before: Reading, after: Reading, of: { readonly name: string; readonly window_s: number }): number {
  return rise(before.counters.get(of.name), after.counters.get(of.name)) / of.window_s;
}

function stealFindings(steal: number): readonly HealthFinding[] {
  const severity = severityOver(steal, STEAL_PERCENT);
  if (severity === undefined) return [];
  return [{
    id: "cpu.steal",
    severity,
    title: `The hypervisor gives ${number(steal)} % of this host's CPU time to others`,
    evidence: [`/proc/stat: steal rose by ${number(steal)} % of all CPU time in the window`],
    meaning:
      "Everything here runs slower by as much, whatever it does: the physical machine is overcommitted, or this " +
      "guest has used up the CPU credits of its plan.",
    next: "vmstat 1 5",
  }];
}
