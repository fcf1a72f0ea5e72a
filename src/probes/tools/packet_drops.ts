/** The tool `packet-drops`: packets that the kernel threw away, by reason and place. */
import { kernelAddresses } from "../../kernel/functions/addresses.ts";
import { namedValues } from "./named_values.ts";
import { startObject, type ToolObject } from "./object.ts";
import { formatOf, recordOffsets } from "./offsets.ts";
import { protocolRises } from "./proc_protocols.ts";
import { tableOf } from "./reading.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun } from "./tool.ts";

const EVENT = "skb:kfree_skb";
/** struct drop of bpf/tools/packet_drops.bpf.c. */
const DROP = { location: 0, reason: 8, protocol: 12, bytes: 16 } as const;
/** include/uapi/linux/if_ether.h */
const PROTOCOLS: Readonly<Record<number, string>> = {
  0x0800: "IPv4",
  0x0806: "ARP",
  0x8100: "VLAN",
  0x86dd: "IPv6",
  0x88cc: "LLDP",
  0: "none",
};
/** The kernel drops these where nothing is wrong: an end of a connection, a copy that nobody wants. */
const ORDINARY = new Set([
  "NOT_SPECIFIED",
  "SOCKET_CLOSE",
  "OTHERHOST",
  "TCP_OLD_DATA",
  "TCP_OFOMERGE",
  "QUEUE_PURGE",
  "unknown",
]);

/** For the test that holds it against the object's BTF. */
export const PACKET_DROPS_LAYOUT = { drop: DROP } as const;

export const packetDrops: Tool = {
  name: "packet-drops",
  summary: "packets that the kernel dropped, by reason, by the function that did it, and by protocol",
  needs:
    "the tracepoint skb:kfree_skb, whose records have a reason from 5.17 on, and /proc/kallsyms for names of places; " +
    "without BPF, the discards and errors that /proc/net/snmp counts",
  filters: [],
  // a single drop, which every host has, would read all of the kernel's symbols: 30 MB and a tenth of a second of CPU
  in_snapshot: false,
  ways: [
    { source: `tracepoint ${EVENT}`, start },
    {
      source: "/proc/net/snmp",
      start: () =>
        protocolRises({
          "Udp.NoPorts": "udp_no_port",
          "Udp.InErrors": "udp_errors",
          "Udp.RcvbufErrors": "udp_buffer_full",
          "Ip.InDiscards": "ip_in_discards",
          "Ip.OutDiscards": "ip_out_discards",
          "Ip.OutNoRoutes": "ip_no_routes",
          "Ip.InAddrErrors": "ip_address_errors",
          "TcpExt.TCPBacklogDrop": "tcp_backlog_full",
          "TcpExt.ListenDrops": "tcp_listen_drops",
        }, { missing: "where in the kernel packets are dropped is not known without BPF" }),
    },
  ],
};

interface Row {
  readonly reason: string;
  readonly place: string;
  readonly protocol: string;
  readonly count: number;
}

function start(run: ToolRun): Promise<RunningTool> {
  const has_reason = formatOf(groundOf(run).tracefs, EVENT).fields.some(({ name }) => name === "reason");
  return startObject(run, {
    name: "packet_drops",
    programs: [{ program: "dropped", tracepoint: EVENT }],
    offsets: recordOffsets(run, EVENT, ["location", "protocol", ...has_reason ? ["reason"] : []]),
    numbers: [Number(has_reason)],
  }, (object) => read(object, run, has_reason));
}

function read(object: ToolObject, run: ToolRun, has_reason: boolean): ToolOutcome {
  const rows = rowsOf(object, has_reason ? namedValues(run, EVENT, "reason") : () => "unknown");
  const { lost_rows } = object.stats();
  const drops = rows.reduce((sum, { count }) => sum + count, lost_rows);
  const grave = rows.filter(({ reason }) => !ORDINARY.has(reason));
  const [first] = grave;
  return {
    event_count: drops,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures: { drops, drops_with_reason: grave.reduce((sum, { count }) => sum + count, 0) },
      tables: [
        tableOf(
          "drops",
          { reason: "text", place: "text", protocol: "text", count: "count" },
          rows.map(({ reason, place, protocol, count }) => [reason, place, protocol, count]),
        ),
      ],
      histograms: [],
      notes: [
        "of all network namespaces and of ktriage's own traffic, too: where packets are dropped, their process is not known",
        ...has_reason ? [] : ["this kernel does not tell reasons (5.17 and later do)"],
        ...rows.some(({ place }) => place.startsWith("0x"))
          ? ["the kernel hides its addresses (kernel.kptr_restrict): places are numbers"]
          : [],
      ],
    },
    summary: first === undefined
      ? `${drops} packets were dropped${has_reason ? ", none for a reason that means trouble" : ""}.`
      : `${drops} packets were dropped. Most for ${first.reason} in ${first.place}: ${first.count} (${first.protocol}).`,
  };
}

function rowsOf(object: ToolObject, reasonOf: (value: number) => string): Row[] {
  const placeOf = placeNames();
  const rows = new Map<string, Row>();
  object.forEachRow("drops", { key_bytes: DROP.bytes, value_bytes: 8 }, (key, value) => {
    const protocol = key.getUint32(DROP.protocol, true), swapped = (protocol & 0xff) << 8 | protocol >> 8;
    const reason = reasonOf(key.getUint32(DROP.reason, true)), place = placeOf(key.getBigUint64(DROP.location, true));
    const row = {
      reason,
      place,
      protocol: PROTOCOLS[protocol] ?? PROTOCOLS[swapped] ?? `0x${protocol.toString(16)}`,
      count: Number(value.getBigUint64(0, true)),
    };
    // a function has several places
    const id = `${reason} ${place} ${row.protocol}`, known = rows.get(id);
    rows.set(id, { ...row, count: row.count + (known?.count ?? 0) });
  });
  const rank = ({ reason }: Row): number => Number(ORDINARY.has(reason));
  return [...rows.values()].sort((a, b) => rank(a) - rank(b) || b.count - a.count);
}

/** The text is read when a packet was dropped, not before. */
function placeNames(): (location: bigint) => string {
  let find: ReturnType<typeof kernelAddresses> | undefined;
  return (location) => {
    find ??= kernelAddresses(kallsyms());
    const place = find(location);
    return place === undefined ? `0x${location.toString(16)}` : place.name;
  };
}

function kallsyms(): string {
  try {
    return Deno.readTextFileSync("/proc/kallsyms");
  } catch {
    return "";
  }
}
