/** Listening sockets: connections that wait to be accepted, and those that were dropped because the queue was full. */
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { LISTEN_OVERFLOWS_PER_S } from "../limits.ts";
import { number, shown, watched } from "../readings/figures.ts";
import { countProtocols, listenersIn, type NetworkNamespace, tcpSocketsAt } from "../readings/net.ts";
import { nameOf, processesAt } from "../readings/processes.ts";

/** Whose sockets are looked for, when there is something to tell; a host with more processes is told without names. */
const MAX_LINKS = 20_000;
const MAX_TOLD = 3;
const OVERFLOWS = "TcpExt.ListenOverflows", DROPS = "TcpExt.ListenDrops";

export const listenQueues: Collector = {
  name: "listen_queues",
  start: (sources) => {
    const count = countProtocols(sources);
    return Promise.resolve(({ window_s }) => {
      const counted = count();
      const { listeners } = tcpSocketsAt(sources, "end");
      const overflows = counted.reduce((sum, [, rose]) => sum + rose(OVERFLOWS), 0);
      const longest = listeners.reduce((most, { waiting }) => Math.max(most, waiting), 0);
      return Promise.resolve({
        figures: [
          shown("tcp.listeners", new Set(listeners.map(({ port }) => port)).size),
          watched("tcp.longest_listen_queue", longest, { min: 0 }),
          watched("tcp.listen_overflows_per_s", overflows / window_s, LISTEN_OVERFLOWS_PER_S),
        ],
        findings: counted.flatMap(([namespace, rose]) =>
          overflowFindings(sources, { namespace, overflows: rose(OVERFLOWS), drops: rose(DROPS), window_s })
        ),
      });
    });
  },
};

interface Overflow {
  readonly namespace: NetworkNamespace;
  readonly overflows: number;
  /** All that did not fit, also for other reasons (no memory). */
  readonly drops: number;
  readonly window_s: number;
}

function overflowFindings(
  sources: Sources,
  { namespace, overflows, drops, window_s }: Overflow,
): readonly HealthFinding[] {
  if (overflows === 0) return [];
  const listeners = listenersIn(sources, namespace);
  const fullest = listeners.filter(({ waiting }) => waiting > 0).sort((a, b) => b.waiting - a.waiting).slice(
    0,
    MAX_TOLD,
  );
  const owners = ownersOf(sources, new Set(fullest.map(({ inode }) => inode)));
  const named = fullest.map((listener) => {
    const owner = owners.get(listener.inode);
    return `port ${listener.port}${owner === undefined ? "" : ` of ${owner}`}: ${listener.waiting} wait to be accepted`;
  });
  const [first] = fullest;
  return [{
    id: "tcp.listen_overflow",
    ...(first === undefined ? {} : { of: `port ${first.port}` }),
    severity: overflows / window_s >= LISTEN_OVERFLOWS_PER_S.crit ? "critical" : "warning",
    title: `${overflows} connections were dropped because a listen queue was full${
      first === undefined ? "" : `, ${named[0]}`
    }`,
    evidence: [
      `${namespace.folder}/netstat: TcpExt ListenOverflows rose by ${overflows}, ListenDrops by ${drops}, ${
        number(overflows / window_s)
      } a second`,
      ...named.map((each) => `${namespace.folder}/tcp: ${each}`),
    ],
    meaning:
      "Clients wait seconds and time out, though the service runs: it accepts more slowly than connections come, it " +
      "hangs, or its backlog (net.core.somaxconn) is too small.",
    next: namespace.is_own ? "ss -ltn" : `head -n 20 ${namespace.folder}/tcp`,
  }];
}

/** Who has these sockets open, by inode. Only asked when there is something to tell: it looks at every descriptor. */
function ownersOf(sources: Sources, inodes: ReadonlySet<number>): ReadonlyMap<number, string> {
  const owners = new Map<number, string>();
  let links = 0;
  for (const process of processesAt(sources, "end").values()) {
    if (owners.size === inodes.size || links > MAX_LINKS) break;
    if (process.is_kernel_thread) continue;
    const folder = `/proc/${process.process_id}/fd`;
    for (const fd of descriptorsIn(sources, folder)) {
      links++;
      const inode = Number(/^socket:\[(\d+)\]$/.exec(sources.link(`${folder}/${fd}`) ?? "")?.[1]);
      if (inodes.has(inode)) owners.set(inode, nameOf(process));
    }
  }
  return owners;
}

/** Descriptors of others are hidden from users; a process may have ended. */
function descriptorsIn(sources: Sources, folder: string): readonly string[] {
  try {
    return sources.names(folder);
  } catch {
    return [];
  }
}
