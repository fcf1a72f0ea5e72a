/** The tool `listen-queues`: how many connections wait to be accepted, where, and how many found no room. */
import { type ListeningSocket, parseListeners } from "../../kernel/host/listeners.ts";
import { type NetworkNamespace, networkNamespaces } from "../../kernel/host/network_namespaces.ts";
import { type Counters, protocolCountersOf } from "../../kernel/host/protocol_counters.ts";
import { type SocketOwner, socketOwners } from "../../kernel/host/socket_owners.ts";
import { PROCESS, tableOf } from "./reading.ts";
import type { RunningTool, Tool, ToolOutcome } from "./tool.ts";

/** Between two looks at the queues; longer where there are many namespaces, each of which costs two files a look. */
const SAMPLE_MS = 200, NAMESPACES_A_SAMPLE = 8;
/** Of a busy host of many containers; more are not looked at, and it is said. */
const MAX_NAMESPACES = 64;
/** Listening sockets are at the beginning: room for some 400 of them. */
const MAX_TEXT_BYTES = 65_536;
const MAX_LINKS = 100_000, MAX_OWNERS = 20;
const COUNTERS = {
  "TcpExt.ListenOverflows": "overflows",
  "TcpExt.ListenDrops": "drops",
  "TcpExt.TCPReqQFullDrop": "request_queue_drops",
  "TcpExt.TCPReqQFullDoCookies": "request_queue_cookies",
} as const;
type Figure = typeof COUNTERS[keyof typeof COUNTERS];

export const listenQueues: Tool = {
  name: "listen-queues",
  summary: "connections that wait to be accepted, by listener, and those that were dropped because a queue was full",
  needs: "/proc/PID/net of a process in each network namespace; no BPF. Drops are exact, depths are samples.",
  filters: [],
  // five looks a second take 3% of a CPU; the collector of the same name reads the overflows
  in_snapshot: false,
  ways: [{ source: "/proc/net/netstat, /proc/net/tcp", start: () => Promise.resolve(new Watch()) }],
};

/** A listener through the window. */
interface Watched extends ListeningSocket {
  readonly namespace: NetworkNamespace;
  longest: number;
  sum: number;
  samples: number;
}

class Watch implements RunningTool {
  readonly #namespaces = networkNamespaces(MAX_NAMESPACES);
  readonly #before = new Map(this.#namespaces.map((namespace) => [namespace, countersOf(namespace)]));
  readonly #listeners = new Map<string, Watched>();
  readonly #interval_ms = SAMPLE_MS * Math.ceil(this.#namespaces.length / NAMESPACES_A_SAMPLE);
  readonly #timer = setInterval(() => this.#sample(), this.#interval_ms);
  #samples = 0;

  constructor() {
    this.#sample();
  }

  finish(): Promise<ToolOutcome> {
    clearInterval(this.#timer);
    this.#sample();
    const rises = this.#namespaces.map((namespace) => ({
      namespace,
      rises: risesOf(this.#before.get(namespace), namespace),
    }));
    const listeners = [...this.#listeners.values()].sort((a, b) => b.longest - a.longest || b.waiting - a.waiting);
    // of the others nobody asks, and it means a look at every descriptor
    const told = listeners.filter(({ longest }) => longest > 0).slice(0, MAX_OWNERS);
    const owners = told.length === 0 ? new Map() : socketOwners(new Set(told.map(({ inode }) => inode)), MAX_LINKS);
    return Promise.resolve(
      outcomeOf({ rises, listeners, owners, samples: this.#samples, interval_ms: this.#interval_ms }),
    );
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }

  #sample(): void {
    this.#samples++;
    for (const namespace of this.#namespaces) {
      for (const socket of listenersOf(namespace)) {
        const key = `${namespace.id} ${socket.inode}`, known = this.#listeners.get(key);
        this.#listeners.set(key, {
          ...socket,
          namespace,
          longest: Math.max(known?.longest ?? 0, socket.waiting),
          sum: (known?.sum ?? 0) + socket.waiting,
          samples: (known?.samples ?? 0) + 1,
        });
      }
    }
  }
}

function listenersOf({ pid }: NetworkNamespace): readonly ListeningSocket[] {
  return ["tcp", "tcp6"].flatMap((file) => parseListeners(beginningOf(`/proc/${pid}/net/${file}`)));
}

/** Empty where the process has ended, or the kernel has no IPv6. */
function beginningOf(path: string): string {
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(MAX_TEXT_BYTES);
    let length = 0;
    for (let read = file.readSync(bytes); read; read = file.readSync(bytes.subarray(length))) {
      length += read;
      if (length === bytes.length) break;
    }
    return new TextDecoder().decode(bytes.subarray(0, length));
  } catch {
    return "";
  }
}

function countersOf({ pid }: NetworkNamespace): Counters | undefined {
  try {
    return protocolCountersOf(pid);
  } catch {
    return undefined; // the process has ended
  }
}

function risesOf(before: Counters | undefined, namespace: NetworkNamespace): Readonly<Record<Figure, number>> {
  const after = countersOf(namespace);
  const rises = Object.entries(COUNTERS).map(([counter, figure]) => {
    const then = before?.get(counter), now = after?.get(counter);
    return [figure, then === undefined || now === undefined ? 0 : now - then];
  });
  return Object.fromEntries(rises) as Record<Figure, number>;
}

interface Seen {
  readonly rises: readonly { readonly namespace: NetworkNamespace; readonly rises: Readonly<Record<Figure, number>> }[];
  readonly listeners: readonly Watched[];
  readonly owners: ReadonlyMap<number, SocketOwner>;
  readonly samples: number;
  readonly interval_ms: number;
}

function outcomeOf(seen: Seen): ToolOutcome {
  const { rises, listeners, owners, samples, interval_ms } = seen;
  const total = (figure: Figure): number => rises.reduce((sum, { rises }) => sum + rises[figure], 0);
  const overflowing = rises.filter(({ rises }) => rises.drops > 0 || rises.overflows > 0);
  const overflows = total("overflows"), drops = total("drops");
  return {
    event_count: Math.max(overflows, drops),
    lost_events: 0,
    events: [],
    reading: {
      figures: {
        overflows,
        drops,
        request_queue_drops: total("request_queue_drops"),
        request_queue_cookies: total("request_queue_cookies"),
        listeners: listeners.length,
        longest_queue: listeners[0]?.longest ?? 0,
      },
      tables: [
        tableOf(
          "listeners",
          {
            ...PROCESS,
            address: "text",
            port: "count",
            longest: "count",
            mean: "count",
            waiting_at_end: "count",
            overflows_in_namespace: "count",
            network_namespace: "text",
          },
          listeners.map((listener) => {
            const owner = owners.get(listener.inode);
            const there = rises.find(({ namespace }) => namespace === listener.namespace)?.rises.overflows ?? 0;
            return [
              owner?.pid ?? null,
              owner?.comm ?? null,
              listener.address,
              listener.port,
              listener.longest,
              Math.round(10 * listener.sum / listener.samples) / 10,
              listener.waiting,
              there,
              namespaceText(listener.namespace),
            ];
          }),
        ),
        tableOf(
          "namespaces",
          { network_namespace: "text", overflows: "count", drops: "count" },
          overflowing.map(({ namespace, rises }) => [namespaceText(namespace), rises.overflows, rises.drops]),
        ),
      ],
      histograms: [],
      notes: [
        `overflows and drops are exact, by network namespace; depths are ${samples} samples, ${interval_ms} ms apart`,
        "processes are named of listeners where a connection waited",
        "a queue that overflows is one longer than its backlog: which listener drops is where the longest queue stands",
        ...rises.length >= MAX_NAMESPACES ? [`only ${MAX_NAMESPACES} network namespaces were looked at`] : [],
      ],
    },
    summary: summaryOf(seen, { overflows, drops }),
  };
}

function namespaceText({ id, is_own }: NetworkNamespace): string {
  return is_own ? "own" : `net:[${id}]`;
}

function summaryOf(
  { rises, listeners, owners }: Seen,
  { overflows, drops }: { readonly overflows: number; readonly drops: number },
): string {
  const said = [`${overflows} times a listen queue overflowed; ${drops} connections or requests for one were dropped.`];
  const full = listeners.filter(({ namespace, longest }) =>
    longest > 0 && rises.some((rise) => rise.namespace === namespace && rise.rises.drops > 0)
  );
  const [told] = overflows + drops > 0 ? full : listeners;
  if (told === undefined) return said.join(" ");
  const owner = owners.get(told.inode), whose = owner === undefined ? "" : ` of ${owner.comm} (pid ${owner.pid})`;
  said.push(`Longest queue: ${told.longest} wait at port ${told.port}${whose}.`);
  return said.join(" ");
}
