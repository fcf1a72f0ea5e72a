/** The tool `tcp-connections`: TCP connections by process and peer: how long, how many bytes, and why some failed. */
import { errnoName } from "../../kernel/errno.ts";
import { readText } from "../../kernel/read.ts";
import type { ToolTable } from "../../protocol/tool.ts";
import { plainId } from "../engine/process_ids.ts";
import { timeText } from "../result/time_text.ts";
import { fileOffsets, NO_FILE_OFFSETS } from "./file_offsets.ts";
import { ENDPOINT, type Endpoint, endpointAt, endpointText } from "./inet.ts";
import { COMM_BYTES } from "./layout.ts";
import { startObject, sumOf, type ToolObject } from "./object.ts";
import { protocolRises } from "./proc_protocols.ts";
import { memberOffsets, recordOffsets } from "./offsets.ts";
import { type Cell, histogramsOf, Names, PROCESS, tableOf } from "./reading.ts";
import { timesOf } from "./times.ts";
import type { RunningTool, Tool, ToolOutcome, ToolRun } from "./tool.ts";

const EVENT = "sock:inet_sock_set_state";
const FIELDS = ["skaddr", "oldstate", "newstate", "sport", "dport", "family", "protocol", "daddr", "daddr_v6"] as const;
const MEMBERS = [
  "sock.sk_err",
  "sock.sk_flags|sock.__sk_common.skc_flags",
  "tcp_sock.bytes_sent",
  "tcp_sock.bytes_retrans",
  "tcp_sock.bytes_received",
  "socket.type",
] as const;

/** Structures of bpf/tools/tcp_connections.bpf.c. */
const PEER = {
  remote: 0,
  tgid: ENDPOINT.bytes,
  error: ENDPOINT.bytes + 4,
  comm: ENDPOINT.bytes + 8,
  is_incoming: ENDPOINT.bytes + 24,
  was_established: ENDPOINT.bytes + 25,
  bytes: ENDPOINT.bytes + 32,
} as const;
const ENDED = {
  count: 0,
  life_ns: 8,
  life_max_ns: 16,
  connect_ns: 24,
  connect_max_ns: 32,
  sent_bytes: 40,
  received_bytes: 48,
  bytes: 56,
} as const;
const CONNECTION = { is_ignored: 20, peer: 24, bytes: 24 + PEER.bytes } as const;

/** For the test that holds it against the object's BTF. */
export const TCP_CONNECTIONS_LAYOUT = { peer: PEER, ended: ENDED, connection: CONNECTION } as const;

export const tcpConnections: Tool = {
  name: "tcp-connections",
  summary:
    "TCP connections that ended, by process and peer: duration, bytes, time to connect; failures by error and address",
  needs:
    "the tracepoint sock:inet_sock_set_state and the raw tracepoint sys_exit; BTF for bytes and for the errors of " +
    "connects that do not block; without BPF the counters of /proc/net/snmp",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
  ways: [
    { source: `tracepoint ${EVENT} with BTF, raw_tracepoint sys_exit`, start: startWithBtf },
    {
      source: `tracepoint ${EVENT}, raw_tracepoint sys_exit`,
      start: (run) => start(run, { files: NO_FILE_OFFSETS, members: MEMBERS.map(() => 0), has_btf: false }),
    },
    {
      source: "/proc/net/snmp",
      start: () =>
        protocolRises({
          "Tcp.ActiveOpens": "connects",
          "Tcp.PassiveOpens": "accepted",
          "Tcp.AttemptFails": "connects_failed",
          "Tcp.EstabResets": "broken",
        }, { missing: "whose connections they were, to whom, and why they failed is not known without BPF" }),
    },
  ],
};

interface Offsets {
  readonly files: readonly number[];
  readonly members: readonly number[];
  readonly has_btf: boolean;
}

async function startWithBtf(run: ToolRun): Promise<RunningTool> {
  return await start(run, {
    files: await fileOffsets(run),
    members: await memberOffsets(run, MEMBERS),
    has_btf: true,
  });
}

function start(run: ToolRun, { files, members, has_btf }: Offsets): Promise<RunningTool> {
  return startObject(run, {
    name: "tcp_connections",
    programs: [
      { program: "sys_exit", raw_tracepoint: "sys_exit" },
      { program: "state_changed", tracepoint: EVENT },
    ],
    offsets: [...files, ...recordOffsets(run, EVENT, FIELDS), ...members],
    numbers: [Number(has_btf)],
  }, (object) => read(object, has_btf));
}

interface Peer {
  readonly remote: Endpoint;
  readonly tgid: number;
  readonly comm: string;
  readonly error: number;
  readonly is_incoming: boolean;
  readonly was_established: boolean;
}

interface Ended extends Peer {
  readonly count: number;
  readonly life_ns: number;
  readonly life_max_ns: number;
  readonly connect_ns: number;
  readonly connect_max_ns: number;
  readonly sent_bytes: number;
  readonly received_bytes: number;
}

function read(object: ToolObject, has_btf: boolean): ToolOutcome {
  const all = endedOf(object), names = new Names();
  for (const { tgid, comm, count } of all) names.add(tgid, comm, count);
  const ended = all.filter(({ was_established }) => was_established).sort((a, b) => b.count - a.count);
  const failed = all.filter((row) => !row.was_established || row.error !== 0).sort((a, b) => b.count - a.count);
  const never = failed.filter(({ was_established }) => !was_established);
  const { lost_rows } = object.stats();
  const figures = {
    ended: total(ended, "count"),
    connects_failed: total(never, "count"),
    broken: total(failed, "count") - total(never, "count"),
    open_at_end: openAtEnd(object),
    ended_from_before: sumOf(object.perCpu("older", 8), 0),
    ...has_btf ? { sent_bytes: total(ended, "sent_bytes"), received_bytes: total(ended, "received_bytes") } : {},
  };
  return {
    event_count: figures.ended + figures.connects_failed,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures,
      tables: [failuresTable(failed, names), endedTable(ended, names, has_btf)],
      histograms: histogramsOf("connect", "ns", timesOf(object)),
      notes: [
        "connections that began before the window have neither duration nor process: they are only counted",
        ...has_btf ? [] : ["this kernel has no BTF: bytes are not known, nor why a connect that does not block failed"],
        ...ended.some(({ tgid }) => tgid === 0)
          ? ["process 0: incoming, and not closed by its process in the window"]
          : [],
        ...names.notes,
      ],
    },
    summary: summaryOf(figures, failed, names),
  };
}

function peerAt(view: DataView<ArrayBuffer>, at: number): Peer {
  return {
    remote: endpointAt(view, at),
    tgid: view.getUint32(at + PEER.tgid, true),
    error: view.getInt32(at + PEER.error, true),
    comm: readText(view, at + PEER.comm, COMM_BYTES),
    is_incoming: view.getUint8(at + PEER.is_incoming) === 1,
    was_established: view.getUint8(at + PEER.was_established) === 1,
  };
}

function endedOf(object: ToolObject): Ended[] {
  const rows: Ended[] = [];
  object.forEachRow("peers", { key_bytes: PEER.bytes, value_bytes: ENDED.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    rows.push({
      ...peerAt(key, 0),
      count: number(ENDED.count),
      life_ns: number(ENDED.life_ns),
      life_max_ns: number(ENDED.life_max_ns),
      connect_ns: number(ENDED.connect_ns),
      connect_max_ns: number(ENDED.connect_max_ns),
      sent_bytes: number(ENDED.sent_bytes),
      received_bytes: number(ENDED.received_bytes),
    });
  });
  return rows;
}

/** Of those that began in the window, those that are established and have not ended. */
function openAtEnd(object: ToolObject): number {
  let open = 0;
  object.forEachRow("connections", { key_bytes: 8, value_bytes: CONNECTION.bytes }, (_, value) => {
    const { was_established } = peerAt(value, CONNECTION.peer);
    if (was_established && value.getUint32(CONNECTION.is_ignored, true) === 0) open++;
  });
  return open;
}

type Summed = "count" | "sent_bytes" | "received_bytes";

function total(rows: readonly Ended[], what: Summed): number {
  return rows.reduce((sum, row) => sum + row[what], 0);
}

function processCells(names: Names, tgid: number): [Cell, Cell] {
  return tgid === 0 ? [0, null] : names.cells(tgid);
}

/** sk_err is 0 where nothing went wrong but its maker lost patience. */
function reasonOf({ error, was_established }: Peer): string {
  if (error === 0) return "closed before it was established";
  const name = errnoName(error) ?? String(error);
  return was_established ? `${name} after it was established` : name;
}

function failuresTable(failed: readonly Ended[], names: Names): ToolTable {
  return tableOf(
    "failures",
    {
      ...PROCESS,
      direction: "text",
      address: "text",
      port: "count",
      error: "text",
      count: "count",
      mean_time: "ns",
    },
    failed.map((row) => [
      ...processCells(names, row.tgid),
      row.is_incoming ? "in" : "out",
      row.remote.address ?? null,
      row.remote.port,
      reasonOf(row),
      row.count,
      row.life_ns === 0 ? null : Math.round(row.life_ns / row.count),
    ]),
  );
}

function endedTable(ended: readonly Ended[], names: Names, has_btf: boolean): ToolTable {
  return tableOf(
    "ended",
    {
      ...PROCESS,
      direction: "text",
      address: "text",
      port: "count",
      count: "count",
      mean_duration: "ns",
      longest: "ns",
      mean_connect: "ns",
      longest_connect: "ns",
      sent: "bytes",
      received: "bytes",
    },
    ended.map((row) => [
      ...processCells(names, row.tgid),
      row.is_incoming ? "in" : "out",
      row.remote.address ?? null,
      row.remote.port,
      row.count,
      Math.round(row.life_ns / row.count),
      row.life_max_ns,
      row.is_incoming ? null : Math.round(row.connect_ns / row.count),
      row.is_incoming ? null : row.connect_max_ns,
      has_btf ? row.sent_bytes : null,
      has_btf ? row.received_bytes : null,
    ]),
  );
}

function summaryOf(
  { ended, connects_failed, broken }: {
    readonly ended: number;
    readonly connects_failed: number;
    readonly broken: number;
  },
  failed: readonly Ended[],
  names: Names,
): string {
  const said = [`${ended} TCP connections ended, ${broken} of them by an error; ${connects_failed} connects failed.`];
  for (const row of failed.slice(0, 2)) {
    const whose = row.tgid === 0 ? "" : `${names.of(row.tgid)} (pid ${plainId(row.tgid)}) `;
    const where = `${row.is_incoming ? "from" : "to"} ${endpointText(row.remote)}`;
    const after = row.life_ns === 0 ? "" : ` after ${timeText(row.life_ns / row.count)} on average`;
    said.push(`${whose}${where}: ${reasonOf(row)}, ${row.count} times${after}.`);
  }
  return said.join(" ");
}
