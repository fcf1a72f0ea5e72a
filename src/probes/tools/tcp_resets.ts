/** The tool `tcp-resets`: TCP segments that had to be sent again, and connections that were reset. */
import { TCP_STATES } from "../../kernel/kernel_constants.ts";
import { protocolCountersOf } from "../../kernel/host/protocol_counters.ts";
import { ENDPOINT, type Endpoint, endpointAt, endpointText } from "./inet.ts";
import { namedValues } from "./named_values.ts";
import { startObjectBeside, type ToolObject } from "./object.ts";
import { formatOf, recordOffsets } from "./offsets.ts";
import { protocolRises } from "./proc_protocols.ts";
import { type Cell, tableOf } from "./reading.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun } from "./tool.ts";

const RETRANSMIT = "tcp:tcp_retransmit_skb", RECEIVED = "tcp:tcp_receive_reset", SENT = "tcp:tcp_send_reset";
const PORTS = ["sport", "dport", "daddr_v6"] as const;
/** struct trouble of bpf/tools/tcp_resets.bpf.c. */
const TROUBLE = {
  remote: 0,
  kind: ENDPOINT.bytes,
  state: ENDPOINT.bytes + 4,
  reason: ENDPOINT.bytes + 8,
  local_port: ENDPOINT.bytes + 12,
  bytes: ENDPOINT.bytes + 16,
} as const;
const KINDS = ["retransmit", "reset received", "reset sent"] as const;
type Kind = typeof KINDS[number];
/** include/net/tcp_states.h; 0: there is no socket. */
const STATES = ["none", ...TCP_STATES.slice(1)];
const COUNTERS = {
  "Tcp.RetransSegs": "retransmits",
  "Tcp.OutRsts": "resets_sent",
  "Tcp.EstabResets": "established_reset",
  "TcpExt.TCPTimeouts": "timeouts",
  "TcpExt.TCPLostRetransmit": "lost_retransmits",
} as const;

/** For the test that holds it against the object's BTF. */
export const TCP_RESETS_LAYOUT = { trouble: TROUBLE } as const;

export const tcpResets: Tool = {
  name: "tcp-resets",
  summary: "TCP retransmits and resets, sent and received, by peer, port, state and reason",
  needs:
    "the tracepoints tcp_retransmit_skb, tcp_receive_reset and tcp_send_reset, which before 6.10 does not fire for what " +
    "comes to a closed port; without BPF, the counters of /proc/net/snmp",
  filters: [],
  in_snapshot: true,
  ways: [
    { source: "tracepoints tcp_retransmit_skb, tcp_receive_reset, tcp_send_reset", start },
    {
      source: "/proc/net/snmp",
      start: () =>
        protocolRises(COUNTERS, { missing: "with whom is not known without BPF; resets received are not counted" }),
    },
  ],
};

interface Row {
  readonly kind: Kind;
  readonly remote: Endpoint;
  readonly local_port: number;
  readonly state: string | null;
  readonly reason: string | null;
  readonly count: number;
}

function start(run: ToolRun): Promise<RunningTool> {
  const sent = formatOf(groundOf(run).tracefs, SENT).fields.map(({ name }) => name);
  const has_reason = sent.includes("reason"), has_sockaddrs = !sent.includes("sport");
  const ends = has_sockaddrs ? ["saddr", "daddr", "daddr"] : PORTS;
  return startObjectBeside(
    run,
    {
      name: "tcp_resets",
      programs: [
        { program: "retransmitted", tracepoint: RETRANSMIT },
        { program: "reset_received", tracepoint: RECEIVED },
        { program: "reset_sent", tracepoint: SENT },
      ],
      offsets: [
        ...recordOffsets(run, RETRANSMIT, ["state", ...PORTS]),
        // its record has no state; the place is the port's, and never read
        ...recordOffsets(run, RECEIVED, ["sport", ...PORTS]),
        ...recordOffsets(run, SENT, ["state", ...ends, ...has_reason ? ["reason"] : []]),
      ],
      numbers: [Number(has_sockaddrs), Number(has_reason)],
    },
    () => protocolCountersOf("self"),
    (object, before, after) => {
      const counted = Object.fromEntries(
        Object.entries(COUNTERS).map(([counter, figure]) => [
          `snmp_${figure}`,
          (after.get(counter) ?? 0) - (before.get(counter) ?? 0),
        ]),
      );
      return read(object, has_reason ? namedValues(run, SENT, "reason") : undefined, counted);
    },
  );
}

function read(
  object: ToolObject,
  reasonOf: ((value: number) => string) | undefined,
  counted: Readonly<Record<string, number>>,
): ToolOutcome {
  const rows = rowsOf(object, reasonOf).sort((a, b) => b.count - a.count);
  const { lost_rows } = object.stats();
  const of = (kind: Kind): number => rows.filter((row) => row.kind === kind).reduce((sum, { count }) => sum + count, 0);
  const retransmits = of("retransmit"), received = of("reset received"), sent = of("reset sent");
  return {
    event_count: retransmits + received + sent + lost_rows,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures: { retransmits, resets_received: received, resets_sent: sent, ...counted },
      tables: [
        tableOf("troubles", {
          kind: "text",
          address: "text",
          port: "count",
          local_port: "count",
          connections: "count",
          state: "text",
          reason: "text",
          count: "count",
        }, byService(rows)),
      ],
      histograms: [],
      notes: [
        "retransmits and resets are of all network namespaces, snmp_… of ktriage's own; their process is not known",
        "of two ports the lower is the service's: rows are by that, and by the peer's address",
        ...reasonOf === undefined
          ? ["before 6.10 a reset for what came to a closed port is only in snmp_resets_sent"]
          : [],
      ],
    },
    summary: summaryOf({ retransmits, received, sent }, rows),
  };
}

function rowsOf(object: ToolObject, reasonOf: ((value: number) => string) | undefined): Row[] {
  const rows: Row[] = [];
  object.forEachRow("troubles", { key_bytes: TROUBLE.bytes, value_bytes: 8 }, (key, value) => {
    const kind = KINDS[key.getUint32(TROUBLE.kind, true)] ?? "retransmit";
    rows.push({
      kind,
      remote: endpointAt(key, TROUBLE.remote),
      local_port: key.getUint32(TROUBLE.local_port, true),
      state: STATES[key.getUint32(TROUBLE.state, true)] ?? null,
      reason: kind === "reset sent" && reasonOf !== undefined ? reasonOf(key.getUint32(TROUBLE.reason, true)) : null,
      count: Number(value.getBigUint64(0, true)),
    });
  });
  return rows;
}

/** Every connection has a port of its own at one end, and says little; the other end's port names the service. */
function byService(rows: readonly Row[]): Cell[][] {
  interface Service {
    readonly ends: readonly Cell[];
    readonly why: readonly Cell[];
    connections: number;
    count: number;
  }
  const services = new Map<string, Service>();
  for (const { kind, remote, local_port, state, reason, count } of rows) {
    const is_ours = local_port < remote.port;
    const port = is_ours ? null : remote.port, local = is_ours ? local_port : null;
    const id = [kind, remote.address, port, local, state, reason].join(" ");
    const known = services.get(id);
    if (known === undefined) {
      const ends = [kind, remote.address ?? null, port, local];
      services.set(id, { ends, why: [state, reason], connections: 1, count });
    } else {
      known.connections++;
      known.count += count;
    }
  }
  return [...services.values()].sort((a, b) => b.count - a.count).map(({ ends, why, connections, count }) => [
    ...ends,
    connections,
    ...why,
    count,
  ]);
}

function summaryOf(
  { retransmits, received, sent }: { readonly retransmits: number; readonly received: number; readonly sent: number },
  [first]: readonly Row[],
): string {
  const said = `${retransmits} TCP segments were sent again, ${received} resets received, ${sent} sent.`;
  if (first === undefined) return said;
  const state = first.state === null ? "" : `, state ${first.state}`;
  return `${said} Most: ${first.kind}, peer ${endpointText(first.remote)}, local port ${first.local_port}${state}, ` +
    `${first.count} times.`;
}
