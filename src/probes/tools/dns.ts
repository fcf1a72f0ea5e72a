/** The tool `dns`: what processes ask name servers, how long answers take and what they say, and what is never answered. */
import { readText } from "../../kernel/read.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { timeText } from "../result/time_text.ts";
import { nameOf, rcodeName, typeName } from "./dns_message.ts";
import { ENDPOINT, endpointAt, endpointText } from "./inet.ts";
import { COMM_BYTES } from "./layout.ts";
import { startObject, type ToolObject } from "./object.ts";
import { histogramsOf, Names, PROCESS, tableOf } from "./reading.ts";
import { timesOf } from "./times.ts";
import { groundOf, type Tool, type ToolOutcome, type ToolRun } from "./tool.ts";

/** Structures of bpf/tools/dns.bpf.c. */
const QUESTION = {
  server: 0,
  tgid: ENDPOINT.bytes,
  rcode: ENDPOINT.bytes + 4,
  type: ENDPOINT.bytes + 6,
  comm: ENDPOINT.bytes + 8,
  name_bytes: ENDPOINT.bytes + 24,
  name: ENDPOINT.bytes + 32,
  bytes: ENDPOINT.bytes + 32 + 128,
} as const;
const MAX_NAME_BYTES = 128;
const QUERY = { sent_ns: 0, tries: 8, question: 16, bytes: 16 + QUESTION.bytes } as const;
const ANSWERS = { count: 0, latency_ns: 8, latency_max_ns: 16, resent: 24, bytes: 32 } as const;
const QUERY_KEY_BYTES = 16;
const NONE = "none";
/** An answer that comes at all comes within it, but from a resolver that is in trouble itself. */
const PATIENCE_NS = 500_000_000n;

/** For the test that holds it against the object's BTF. */
export const DNS_LAYOUT = {
  question: QUESTION,
  query: QUERY,
  answers: ANSWERS,
  query_key: { bytes: QUERY_KEY_BYTES },
} as const;

export const dns: Tool = {
  name: "dns",
  summary: "DNS queries by process, name and server: answer codes, latency, and those that nobody answered",
  needs:
    "BPF programs on the raw tracepoint sys_exit, nothing else. Seen are queries over UDP and TCP to port 53 by system " +
    "calls, also to a resolver on this host; not those by io_uring, by 32-bit programs, over TLS or HTTPS, on sockets that were connected before the " +
    "window, nor what a cache answers. There is no answer without BPF: the kernel counts no queries.",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
  ways: [
    {
      source: "raw_tracepoint sys_exit",
      start: (run) => {
        const programs = [{ program: "sys_exit", raw_tracepoint: "sys_exit" }];
        return startObject(run, { name: "dns", programs }, (object) => read(object, run));
      },
    },
  ],
};

/** Queries for one name that ended alike. */
interface Row {
  readonly tgid: number;
  readonly comm: string;
  readonly name: string;
  readonly type: string | undefined;
  readonly server: string;
  /** `none`: nobody has answered. */
  readonly answer: string;
  count: number;
  latency_ns: number;
  latency_max_ns: number;
  resent: number;
  readonly sent_ns?: bigint;
}

function read(object: ToolObject, run: ToolRun): ToolOutcome {
  const { base } = groundOf(run).session;
  const answered = answeredOf(object), waiting = waitingOf(object, base.libc.clocks().monotonic_ns);
  const unanswered = merged(waiting.filter(({ latency_ns }) => BigInt(latency_ns) >= PATIENCE_NS));
  const rows = [...unanswered, ...answered.sort(byGravity)], names = new Names();
  for (const { tgid, comm, count } of rows) names.add(tgid, comm, count);
  const { lost_rows } = object.stats();
  const figures = {
    answered: sum(answered),
    failed: sum(answered.filter(({ answer }) => answer !== "NOERROR")),
    unanswered: sum(unanswered),
    under_way_at_end: sum(waiting) - sum(unanswered),
    resent: rows.reduce((sum, { resent }) => sum + resent, 0),
  };
  return {
    event_count: figures.answered + sum(waiting),
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: unanswered.slice(0, run.max_events).map((row) => eventOf(row, base.epoch_offset_ns)),
    reading: {
      figures,
      tables: [
        tableOf(
          "queries",
          {
            ...PROCESS,
            name: "text",
            type: "text",
            server: "text",
            answer: "text",
            count: "count",
            mean_latency: "ns",
            longest: "ns",
            resent: "count",
          },
          rows.map((row) => [
            ...names.cells(row.tgid),
            row.name,
            row.type ?? null,
            row.server,
            row.answer,
            row.count,
            row.answer === NONE ? null : Math.round(row.latency_ns / row.count),
            row.latency_max_ns,
            row.resent,
          ]),
        ),
      ],
      histograms: histogramsOf("latency", "ns", timesOf(object)),
      notes: [
        "a latency is from the end of the call that sent to the end of the one that received; of a query without answer " +
        "(none) the longest is how long it has waited",
        ...names.notes,
      ],
    },
    summary: summaryOf(figures, unanswered, answered),
  };
}

function sum(rows: readonly Row[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function answeredOf(object: ToolObject): Row[] {
  const rows: Row[] = [];
  object.forEachRow("answers", { key_bytes: QUESTION.bytes, value_bytes: ANSWERS.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    rows.push({
      ...questionAt(key, 0),
      answer: rcodeName(key.getUint16(QUESTION.rcode, true)),
      count: number(ANSWERS.count),
      latency_ns: number(ANSWERS.latency_ns),
      latency_max_ns: number(ANSWERS.latency_max_ns),
      resent: number(ANSWERS.resent),
    });
  });
  return merged(rows);
}

function waitingOf(object: ToolObject, now_ns: bigint): Row[] {
  const rows: Row[] = [];
  object.forEachRow("queries", { key_bytes: QUERY_KEY_BYTES, value_bytes: QUERY.bytes }, (_, value) => {
    const sent_ns = value.getBigUint64(QUERY.sent_ns, true), waited_ns = Number(now_ns - sent_ns);
    rows.push({
      ...questionAt(value, QUERY.question),
      answer: NONE,
      count: 1,
      latency_ns: waited_ns,
      latency_max_ns: waited_ns,
      resent: Number(value.getBigUint64(QUERY.tries, true)) - 1,
      sent_ns,
    });
  });
  return rows;
}

function questionAt(
  view: DataView<ArrayBuffer>,
  at: number,
): Pick<Row, "tgid" | "comm" | "name" | "type" | "server"> {
  const bytes = view.getUint16(at + QUESTION.name_bytes, true), is_cut = bytes >= MAX_NAME_BYTES;
  const name = nameOf(
    new Uint8Array(view.buffer, view.byteOffset + at + QUESTION.name, Math.min(bytes, MAX_NAME_BYTES)),
  );
  return {
    tgid: view.getUint32(at + QUESTION.tgid, true),
    comm: readText(view, at + QUESTION.comm, COMM_BYTES),
    name,
    type: is_cut ? undefined : typeName(view.getUint16(at + QUESTION.type, true)),
    server: endpointText(endpointAt(view, at + QUESTION.server)),
  };
}

/** Names that differ by case only are one; so are queries of a process without answer for the same. */
function merged(rows: readonly Row[]): Row[] {
  const by_key = new Map<string, Row>();
  for (const row of rows) {
    const key = [row.tgid, row.comm, row.name, row.type, row.server, row.answer].join("\0");
    const known = by_key.get(key);
    if (known === undefined) {
      by_key.set(key, { ...row });
      continue;
    }
    known.count += row.count;
    known.latency_ns += row.latency_ns;
    known.latency_max_ns = Math.max(known.latency_max_ns, row.latency_max_ns);
    known.resent += row.resent;
  }
  return [...by_key.values()];
}

/** Servers that cannot answer before names that do not exist before slow ones. */
function byGravity(a: Row, b: Row): number {
  const rank = ({ answer }: Row): number => answer === "NOERROR" ? 2 : answer === "NXDOMAIN" ? 1 : 0;
  return rank(a) - rank(b) || b.latency_max_ns - a.latency_max_ns;
}

function eventOf(row: Row, epoch_offset_ns: bigint): TraceEvent {
  const { tgid, comm, name, type, server, latency_max_ns, count } = row;
  return {
    timestamp: (row.sent_ns ?? 0n) + epoch_offset_ns,
    process_id: plainId(tgid),
    ...(isHostId(tgid) ? { host_process: true as const } : {}),
    process_name: comm,
    event_type: "dns:unanswered",
    data: { name, type: type ?? null, server, waited_ns: latency_max_ns, alike: count },
  };
}

function summaryOf(
  { answered, failed, unanswered }: { readonly answered: number; readonly failed: number; readonly unanswered: number },
  mute: readonly Row[],
  rows: readonly Row[],
): string {
  const said = [
    `${answered} DNS queries were answered, ${failed} of them with an error; ${unanswered} were not answered.`,
  ];
  for (const { comm, tgid, name, type = "?", server, count } of mute.slice(0, 2)) {
    said.push(`${comm} (pid ${plainId(tgid)}) got no answer from ${server} for ${name} ${type}, ${count} times.`);
  }
  const [worst] = rows.filter(({ answer }) => answer !== "NOERROR");
  if (worst !== undefined) {
    said.push(`${worst.server} answered ${worst.answer} for ${worst.name} to ${worst.comm}, ${worst.count} times.`);
  }
  const slowest = rows.toSorted((a, b) => b.latency_max_ns - a.latency_max_ns)[0];
  if (slowest !== undefined) said.push(`Slowest answer: ${timeText(slowest.latency_max_ns)}, for ${slowest.name}.`);
  return said.join(" ");
}
