/** The table of connections that the firewall tracks. */
import type { Collector, Sources } from "../collector.ts";
import type { HealthFinding } from "../../protocol/snapshot.ts";
import { CONNTRACK_PERCENT, severityOver } from "../limits.ts";
import { numberOf } from "../readings/counters.ts";
import { number, rise, share, shown, watched } from "../readings/figures.ts";
import { absent, quiet } from "../readings/reading.ts";

const FOLDER = "/proc/sys/net/netfilter";

export const conntrack: Collector = {
  name: "conntrack",
  start: (sources) => {
    const before = dropsOf(sources);
    return Promise.resolve(() => {
      const count = numberOf(sources.text(`${FOLDER}/nf_conntrack_count`));
      const max = numberOf(sources.text(`${FOLDER}/nf_conntrack_max`));
      if (count === undefined || max === undefined || max <= 0) {
        return Promise.resolve(absent("connections are not tracked (no nf_conntrack)"));
      }
      const dropped = rise(before, dropsOf(sources));
      const percent = share(count, max);
      return Promise.resolve({
        figures: [
          watched("conntrack.entries", count, { min: 0, max }),
          shown("conntrack.used_percent", percent, { ...CONNTRACK_PERCENT, min: 0, max: 100 }),
        ],
        findings: findingsOf({ count, max, percent, dropped }),
      });
    });
  },
};

/** `drop` and `early_drop`: packets and entries lost because the table was full; hexadecimal, a line for each CPU. */
function dropsOf(sources: Sources): number | undefined {
  const [head, ...lines] = (quiet(sources, "/proc/net/stat/nf_conntrack") ?? "").trim().split("\n");
  const names = (head ?? "").trim().split(/\s+/);
  const columns = ["drop", "early_drop"].map((name) => names.indexOf(name)).filter((at) => at >= 0);
  if (columns.length === 0) return undefined;
  return lines.reduce((sum, line) => {
    const values = line.trim().split(/\s+/);
    return sum + columns.reduce((all, at) => all + (Number.parseInt(values[at] ?? "", 16) || 0), 0);
  }, 0);
}

interface State {
  readonly count: number;
  readonly max: number;
  readonly percent: number;
  readonly dropped: number;
}

function findingsOf({ count, max, percent, dropped }: State): readonly HealthFinding[] {
  const severity = severityOver(percent, CONNTRACK_PERCENT);
  if (severity === undefined) return [];
  return [{
    id: "conntrack.full",
    severity: dropped > 0 ? "critical" : severity,
    title: `The table of tracked connections is ${number(percent)} % full`,
    evidence: [
      `${FOLDER}/nf_conntrack_count: ${count}, nf_conntrack_max: ${max}`,
      ...(dropped > 0 ? [`/proc/net/stat/nf_conntrack: ${dropped} dropped in the window`] : []),
    ],
    meaning: "When it is full new connections are dropped without a word, in and out, while old ones go on.",
    next: `sysctl net.netfilter.nf_conntrack_count net.netfilter.nf_conntrack_max`,
  }];
}
