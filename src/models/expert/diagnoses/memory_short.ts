/** Memory is nearly used up: little is available, and swap does not help. */
import type { Diagnose } from "../candidate.ts";
import { type Evidence, outputOf } from "../evidence.ts";
import { parseCounters, parsePs } from "../readers/tables.ts";

/** Percent of memory that must be available: below it the kernel reclaims all the time. */
const SHORT_PERCENT = 5;

export const memoryShort: Diagnose = (evidence) => {
  const memory = parseCounters(outputOf(evidence, "memory") ?? "");
  const total = memory.get("MemTotal");
  const available = memory.get("MemAvailable");
  if (total === undefined || available === undefined || available >= total * SHORT_PERCENT / 100) return [];
  const percent = (available / total * 100).toFixed(1);
  const swap_free = memory.get("SwapFree") ?? 0;
  const top = largest(evidence);
  return [{
    category: "memory",
    score: 65,
    confidence: top === undefined ? "Medium" : "High",
    root_cause: `Memory is nearly used up: ${percent} % is available${
      top === undefined ? "" : `; ${top.name} (pid ${top.process_id}) holds ${top.memory_percent} % of it`
    }.`,
    plan: [
      top === undefined
        ? "Find what holds the memory (`ps -eo pid,rss,comm --sort=-rss`)."
        : `See whether ${top.name} is meant to hold that much: a leak, a cache without limit, too many workers.`,
      "Limit or restart it, or add memory; a cgroup limit (systemd MemoryMax=) protects the others.",
      "Verify: MemAvailable in /proc/meminfo rises and stays.",
    ],
    findings: [
      {
        claim: `${percent} % of memory is available, ${Math.round(swap_free / 2 ** 20)} MiB of swap is free`,
        evidence: ["memory"],
      },
      ...(top === undefined ? [] : [{
        claim: `${top.name} (pid ${top.process_id}) holds ${top.memory_percent} % of memory`,
        evidence: ["processes"],
      }]),
    ],
    processes: top === undefined ? [] : [top.name],
  }];
};

function largest(evidence: Evidence): ReturnType<typeof parsePs>[number] | undefined {
  return [...parsePs(outputOf(evidence, "processes") ?? "")].sort((a, b) => b.memory_percent - a.memory_percent)[0];
}
