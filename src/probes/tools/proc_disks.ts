/** Without BPF: requests and mean times by device, as /proc/diskstats counts them. */
import { type DiskCounters, diskCounters, SECTOR_BYTES } from "../../kernel/host/diskstats.ts";
import { counters } from "./proc.ts";
import { tableOf } from "./reading.ts";
import type { RunningTool, ToolOutcome } from "./tool.ts";

type Counted = Exclude<keyof DiskCounters, "name" | "in_flight">;

export function diskRises(): Promise<RunningTool> {
  return counters(diskCounters, outcomeOf);
}

function outcomeOf(
  before: ReadonlyMap<string, DiskCounters>,
  after: ReadonlyMap<string, DiskCounters>,
  window_s: number,
): ToolOutcome {
  const rows = [...after].map(([device, now]) => {
    const rise = (what: Counted): number => now[what] - (before.get(device)?.[what] ?? 0);
    return { name: now.name, rise, requests: rise("reads") + rise("writes") };
  }).filter(({ requests }) => requests > 0).sort((a, b) => b.requests - a.requests);
  const requests = rows.reduce((sum, row) => sum + row.requests, 0);
  return {
    event_count: requests,
    lost_events: 0,
    events: [],
    reading: {
      figures: { requests },
      tables: [
        tableOf(
          "by_device",
          { device: "text", operation: "text", count: "count", bytes: "bytes", mean_latency: "ms" },
          rows.flatMap(({ name, rise }) =>
            (["read", "write"] as const).map((way) => {
              const count = rise(`${way}s`);
              const mean = count === 0 ? null : Math.round(100 * rise(`${way}_ms`) / count) / 100;
              return [name, way, count, SECTOR_BYTES * rise(`${way}_sectors`), mean];
            })
          ),
        ),
      ],
      histograms: [],
      notes: [
        "processes are not known without BPF; a latency here also has the time that a request waited in its queue",
        "a partition's requests are its disk's, too",
      ],
    },
    summary: `${requests} requests to block devices in ${
      window_s.toFixed(1)
    } s, those of partitions and disks together.`,
  };
}
