/** Swap: how much is used, and whether pages go both ways. */
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector } from "../collector.ts";
import { MEMORY_LEFT_WITH_SWAP_PERCENT, severityOver, SWAP_PAGES_PER_S, SWAP_USED_PERCENT } from "../limits.ts";
import { bytes, number, rise, share, shown, watched } from "../readings/figures.ts";
import { absent, quiet } from "../readings/reading.ts";
import { availableHere, memoryOf, vmstatAt } from "./memory.ts";

export const swap: Collector = {
  name: "swap",
  start: (sources) => {
    const before = vmstatAt(sources, "start");
    return Promise.resolve(({ window_s }) => {
      const meminfo = memoryOf(sources);
      const total = meminfo.get("SwapTotal") ?? 0;
      if (total === 0) return Promise.resolve(absent("this host has no swap"));
      const after = vmstatAt(sources, "end");
      const used = total - (meminfo.get("SwapFree") ?? 0);
      const traffic = {
        in_per_s: rise(before.get("pswpin"), after.get("pswpin")) / window_s,
        out_per_s: rise(before.get("pswpout"), after.get("pswpout")) / window_s,
      };
      const left_percent = share(availableHere(sources), meminfo.get("MemTotal") ?? 0);
      const in_memory = isInMemory(quiet(sources, "/proc/swaps") ?? "");
      return Promise.resolve({
        figures: figuresOf({ total, used, traffic }),
        findings: [...(in_memory ? [] : thrashing(traffic)), ...full({ total, used, left_percent })],
      });
    });
  },
};

interface Traffic {
  readonly in_per_s: number;
  readonly out_per_s: number;
}

function figuresOf(
  of: { readonly total: number; readonly used: number; readonly traffic: Traffic },
): readonly Figure[] {
  return [
    shown("swap.total_bytes", of.total),
    watched("swap.used_percent", share(of.used, of.total), { min: 0, max: 100 }),
    watched("swap.pages_in_per_s", of.traffic.in_per_s),
    watched("swap.pages_out_per_s", of.traffic.out_per_s),
  ];
}

/** Compressed memory is as fast as reclaim itself: traffic there is what zram is for. */
function isInMemory(swaps: string): boolean {
  const devices = swaps.split("\n").slice(1).filter((line) => line !== "");
  return devices.length > 0 && devices.every((line) => line.startsWith("/dev/zram"));
}

function thrashing({ in_per_s, out_per_s }: Traffic): readonly HealthFinding[] {
  if (Math.min(in_per_s, out_per_s) < SWAP_PAGES_PER_S) return [];
  return [{
    id: "swap.thrashing",
    severity: "critical",
    title: `Memory is swapped in and out at once: ${number(in_per_s)} and ${number(out_per_s)} pages a second`,
    evidence: [
      `/proc/vmstat: pswpin ${number(in_per_s)} and pswpout ${number(out_per_s)} a second in the window`,
    ],
    meaning: "What runs needs more memory than there is, and waits for the disk at every step.",
    next: "vmstat 1 5",
  }];
}

interface Use {
  readonly total: number;
  readonly used: number;
  readonly left_percent: number;
}

function full({ total, used, left_percent }: Use): readonly HealthFinding[] {
  const percent = share(used, total);
  const severity = severityOver(percent, SWAP_USED_PERCENT);
  if (severity === undefined || left_percent > MEMORY_LEFT_WITH_SWAP_PERCENT) return [];
  return [{
    id: "swap.full",
    severity,
    title: `${number(percent)} % of ${bytes(total)} swap are used, and ${number(left_percent)} % of memory are left`,
    evidence: [`/proc/meminfo: ${bytes(used)} of SwapTotal ${bytes(total)} used; available ${number(left_percent)} %`],
    meaning: "When memory gets short the kernel has no place to put pages any more, and kills a process.",
    next: "ps -eo pid,rss,stat,comm --sort=-rss | head -n 15",
  }];
}
