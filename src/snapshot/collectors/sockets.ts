/** Sockets by state, and what they take of the kernel's memory. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { CLOSE_WAIT, severityOver, TCP_MEMORY_PERCENT } from "../limits.ts";
import { numberOf, numbersOf } from "../readings/counters.ts";
import { number, share, shown, watched } from "../readings/figures.ts";
import { tcpSocketsAt } from "../readings/net.ts";
import { absent, quiet } from "../readings/reading.ts";

const SHOWN_STATES = ["established", "syn_sent", "syn_recv", "time_wait", "close_wait"] as const;

export const sockets: Collector = {
  name: "sockets",
  start: (sources) => {
    const before = tcpSocketsAt(sources, "start").states;
    return Promise.resolve(() => {
      const sockstat = parseSockstat(sources.text("/proc/net/sockstat") ?? "");
      if (sockstat.size === 0) return Promise.resolve(absent("/proc/net/sockstat is not there"));
      const { states } = tcpSocketsAt(sources, "end");
      const of = (state: string): number => states.get(state) ?? 0;
      return Promise.resolve({
        figures: [
          watched("sockets.used", sockstat.get("sockets.used") ?? 0),
          ...SHOWN_STATES.map((state) => watched(`tcp.${state}`, of(state), { min: 0 })),
          shown("tcp.memory_pages", sockstat.get("TCP.mem") ?? 0),
          watched("tcp.orphans", sockstat.get("TCP.orphan") ?? 0),
        ],
        findings: [
          ...memoryFindings(sources, sockstat),
          ...closeWait(Math.min(before.get("close_wait") ?? 0, of("close_wait"))),
        ],
      });
    });
  },
};

/** `TCP: inuse 5 orphan 0 …` as `TCP.inuse`. */
function parseSockstat(text: string): ReadonlyMap<string, number> {
  const values = new Map<string, number>();
  for (const line of text.split("\n")) {
    const [protocol = "", ...words] = line.trim().split(/\s+/);
    for (let at = 0; at + 1 < words.length; at += 2) {
      const value = Number(words[at + 1]);
      if (Number.isFinite(value)) values.set(`${protocol.replace(/:$/, "")}.${words[at]}`, value);
    }
  }
  return values;
}

function memoryFindings(sources: Sources, sockstat: ReadonlyMap<string, number>): readonly HealthFinding[] {
  const used = sockstat.get("TCP.mem") ?? 0, max = numbersOf(quiet(sources, "/proc/sys/net/ipv4/tcp_mem"))[2] ?? 0;
  const orphans = sockstat.get("TCP.orphan") ?? 0;
  const max_orphans = numberOf(quiet(sources, "/proc/sys/net/ipv4/tcp_max_orphans")) ?? 0;
  return [
    { what: "memory for TCP", percent: share(used, max), evidence: `TCP mem ${used} pages, net.ipv4.tcp_mem ${max}` },
    {
      what: "orphaned TCP sockets",
      percent: share(orphans, max_orphans),
      evidence: `TCP orphan ${orphans}, net.ipv4.tcp_max_orphans ${max_orphans}`,
    },
  ].flatMap(({ what, percent, evidence }): HealthFinding[] => {
    const severity = severityOver(percent, TCP_MEMORY_PERCENT);
    if (severity === undefined) return [];
    return [{
      id: "tcp.memory",
      of: what,
      severity,
      title: `${number(percent)} % of the ${what} that the kernel allows are in use`,
      evidence: [`/proc/net/sockstat: ${evidence}`],
      meaning:
        "At the limit the kernel breaks connections: peers that read slowly, or programs that do not read at all.",
      next: "ss -s",
    }];
  });
}

function closeWait(count: number): readonly HealthFinding[] {
  if (count < CLOSE_WAIT) return [];
  return [{
    id: "tcp.close_wait",
    severity: "warning",
    title: `${count} TCP connections were closed by their peers, and not by the programs here`,
    evidence: [`/proc/net/tcp: ${count} sockets in CLOSE_WAIT at both ends of the window`],
    meaning: "A program forgets to close its sockets, and will run out of descriptors.",
    next: "ss -tnp state close-wait | head -n 20",
  }];
}
