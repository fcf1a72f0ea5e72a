/** Pressure stall information: how long tasks waited for CPU, memory and I/O (Documentation/accounting/psi.rst). */
import { parsePressureTotals } from "../../kernel/host/procfs.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { MEMORY_FULL_PERCENT, MEMORY_TO_SPARE_PERCENT, severityOver } from "../limits.ts";
import { number, rise, share, watched } from "../readings/figures.ts";
import { bootSeconds } from "../readings/host.ts";
import { absent, quiet } from "../readings/reading.ts";
import { availableHere, memoryOf } from "./memory.ts";

const RESOURCES = ["cpu", "memory", "io"] as const;
/** `full` of cpu is nothing at the level of the system (psi.rst). */
const LINES = [["cpu", "some"], ["memory", "some"], ["memory", "full"], ["io", "some"], ["io", "full"]] as const;

export const pressure: Collector = {
  name: "pressure",
  start: (sources) => {
    const before = read(sources), began_s = bootSeconds(sources);
    return Promise.resolve(({ window_s }) => {
      const after = read(sources);
      // on a host under load the caller's window is shorter than ours, and stalls would seem to last longer than it
      const passed_s = rise(began_s, bootSeconds(sources)) || window_s;
      const figures = LINES.flatMap(([resource, line]): Figure[] => {
        const [then, now] = [before[resource][line], after[resource][line]];
        if (then === undefined || now === undefined) return [];
        const percent = Math.min(100, share(rise(then, now), passed_s * 1e6));
        const limit = resource === "memory" && line === "full" ? MEMORY_FULL_PERCENT : {};
        return [watched(`pressure.${resource}_${line}_percent`, percent, { ...limit, min: 0, max: 100 })];
      });
      if (figures.length === 0) {
        return Promise.resolve(absent("this kernel has no /proc/pressure (CONFIG_PSI, psi=1; Linux 4.20)"));
      }
      return Promise.resolve({ figures, findings: memoryFindings(sources, figures) });
    });
  },
};

type Totals = Readonly<Record<(typeof RESOURCES)[number], ReturnType<typeof parsePressureTotals>>>;

/** A kernel that has it switched off shows the files, and refuses to open them. */
function read(sources: Sources): Totals {
  const of = (name: string) => parsePressureTotals(quiet(sources, `/proc/pressure/${name}`) ?? "");
  return { cpu: of("cpu"), memory: of("memory"), io: of("io") };
}

/**
 * Of an idle host all that runs may be in one group, which the kernel slows down at its limit as it was told to: told when it
 * goes on for long. What is killed there stands still for a moment before, and is told by `oom`.
 */
function memoryFindings(sources: Sources, figures: readonly Figure[]): readonly HealthFinding[] {
  const full = figures.find(({ name }) => name === "pressure.memory_full_percent")?.value ?? 0;
  const severity = severityOver(full, MEMORY_FULL_PERCENT);
  if (severity === undefined) return [];
  const left = share(quietly(() => availableHere(sources)) ?? 0, quietly(() => memoryOf(sources).get("MemTotal")) ?? 0);
  const is_group = left > MEMORY_TO_SPARE_PERCENT;
  if (is_group && severity !== "critical") return [];
  return [{
    id: "memory.stalled",
    severity: is_group ? "warning" : severity,
    title: is_group
      ? `All that ran waited for memory ${number(full)} % of the time, at the limit of a control group`
      : `Everything stood still for want of memory ${number(full)} % of the time`,
    evidence: [
      `/proc/pressure/memory: full rose by ${number(full)} % of the window`,
      ...(is_group ? [`/proc/meminfo: ${number(left)} % of the memory are available`] : []),
    ],
    meaning: is_group
      ? "What runs in that group needs more memory than its limit, and waits for each page; the host itself has enough."
      : "All that could run waited for memory to be freed or read back: the host thrashes. A process grew, or a " +
        "control group works at its limit.",
    next: "ps -eo pid,rss,stat,comm --sort=-rss | head -n 15",
  }];
}

function quietly<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
