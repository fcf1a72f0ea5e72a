/** The tool `block-latency`: how long requests to block devices take, by device, operation and process. */
import { errnoName } from "../../kernel/errno.ts";
import { diskCounters } from "../../kernel/host/diskstats.ts";
import { readText } from "../../kernel/read.ts";
import type { ToolHistogram } from "../../protocol/tool.ts";
import { plainId } from "../engine/process_ids.ts";
import { timeText } from "../result/time_text.ts";
import { COMM_BYTES } from "./layout.ts";
import { startObject, type ToolObject, type ToolProgram } from "./object.ts";
import { formatOf, recordOffsets } from "./offsets.ts";
import { diskRises } from "./proc_disks.ts";
import { histogramsOf, Names, PROCESS, tableOf } from "./reading.ts";
import { timesOf } from "./times.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun } from "./tool.ts";

/** Structures of bpf/tools/block_latency.bpf.c. */
const MAKER = { dev: 0, operation: 4, tgid: 8, comm: 16, bytes: 32 } as const;
const DONE = {
  count: 0,
  bytes_moved: 8,
  latency_ns: 16,
  latency_max_ns: 24,
  queue_ns: 32,
  queue_max_ns: 40,
  errors: 48,
  last_error: 56,
  bytes: 64,
} as const;
const DEVICE_BUCKET = { dev: 0, bucket: 4, bytes: 8 } as const;
const REQUEST = { issued_ns: 8, is_ignored: 20, bytes: 48 } as const;
const PLACE_BYTES = 16;
const START = "block:block_io_start", MAX_DEVICES = 8;
/** blk_fill_rwbs() in kernel/trace/blktrace.c. */
const OPERATIONS: Readonly<Record<string, string>> = { R: "read", W: "write", D: "discard", F: "flush", N: "other" };

/** For the test that holds it against the object's BTF. */
export const BLOCK_LATENCY_LAYOUT = {
  maker: MAKER,
  done: DONE,
  device_bucket: DEVICE_BUCKET,
  request: REQUEST,
  place: { bytes: PLACE_BYTES },
} as const;

export const blockLatency: Tool = {
  name: "block-latency",
  summary:
    "requests to block devices: latency from issue to completion, time in the queue, bytes and errors, by process",
  needs:
    "the tracepoints block_rq_insert, block_rq_issue and block_rq_complete, and block_io_start where the kernel has it " +
    "(6.5); without BPF, mean times by device from /proc/diskstats",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
  ways: [
    {
      source: "tracepoints block_io_start, block_rq_issue, block_rq_complete",
      start: (run) => start(run, requireStart(run)),
    },
    { source: "tracepoints block_rq_insert, block_rq_issue, block_rq_complete", start: (run) => start(run, []) },
    { source: "/proc/diskstats", start: diskRises },
  ],
};

function requireStart(run: ToolRun): readonly ToolProgram[] {
  formatOf(groundOf(run).tracefs, START);
  return [{ program: "started", tracepoint: START }];
}

function start(run: ToolRun, first: readonly ToolProgram[]): Promise<RunningTool> {
  const has_start = first.length > 0;
  return startObject(run, {
    name: "block_latency",
    programs: [
      { program: "completed", tracepoint: "block:block_rq_complete" },
      { program: "issued", tracepoint: "block:block_rq_issue" },
      ...has_start ? first : [{ program: "inserted", tracepoint: "block:block_rq_insert" }],
    ],
    offsets: [
      ...recordOffsets(run, "block:block_rq_issue", ["dev", "sector", "nr_sector", "rwbs"]),
      ...recordOffsets(run, "block:block_rq_complete", ["dev", "sector", "error"]),
    ],
    numbers: [Number(has_start)],
  }, read);
}

interface Row {
  readonly device: string;
  readonly operation: string;
  readonly tgid: number;
  readonly comm: string;
  readonly count: number;
  readonly bytes: number;
  readonly latency_ns: number;
  readonly latency_max_ns: number;
  readonly queue_ns: number;
  readonly queue_max_ns: number;
  readonly errors: number;
  readonly last_error: number;
}

function read(object: ToolObject): ToolOutcome {
  const name = deviceNames(), rows = rowsOf(object, name), names = new Names();
  for (const { tgid, comm, count } of rows) names.add(tgid, comm, count);
  const { lost_rows } = object.stats();
  const total = (what: "count" | "bytes" | "errors"): number => rows.reduce((sum, row) => sum + row[what], 0);
  const times = timesOf(object), max = rows.reduce((max, row) => Math.max(max, row.latency_max_ns), 0);
  const requests = times.reduce((sum, count) => sum + count, 0);
  const figures = {
    requests,
    bytes: total("bytes"),
    errors: total("errors"),
    under_way_at_end: underWay(object),
  };
  return {
    event_count: requests,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: [],
    reading: {
      figures,
      tables: [
        tableOf(
          "requests",
          {
            device: "text",
            operation: "text",
            ...PROCESS,
            count: "count",
            bytes: "bytes",
            mean_latency: "ns",
            longest: "ns",
            mean_in_queue: "ns",
            longest_in_queue: "ns",
            errors: "count",
            last_error: "text",
          },
          rows.map((row) => [
            row.device,
            row.operation,
            ...names.cells(row.tgid),
            row.count,
            row.bytes,
            Math.round(row.latency_ns / row.count),
            row.latency_max_ns,
            Math.round(row.queue_ns / row.count),
            row.queue_max_ns,
            row.errors,
            row.errors === 0 ? null : errnoName(row.last_error) ?? String(row.last_error),
          ]),
        ),
      ],
      histograms: [
        ...histogramsOf("latency", "ns", times, max === 0 ? {} : { max }),
        ...deviceHistograms(object, name),
      ],
      notes: [
        "a latency is from the request's issue to the device to its completion; time in the queue is what came before",
        "writes that the page cache held back are of the kernel's threads (kworker)",
        ...names.notes,
      ],
    },
    summary: summaryOf(figures, rows, object.window_ns),
  };
}

/** By the kernel's dev_t: 12 bits major, 20 bits minor (include/linux/kdev_t.h). */
function deviceNames(): (dev: number) => string {
  const disks = diskCounters();
  return (dev) => {
    const number = `${dev >>> 20}:${dev & 0xf_ffff}`;
    return disks.get(number)?.name ?? number;
  };
}

function rowsOf(object: ToolObject, device: (dev: number) => string): Row[] {
  const rows: Row[] = [];
  object.forEachRow("done", { key_bytes: MAKER.bytes, value_bytes: DONE.bytes }, (key, value) => {
    const number = (at: number): number => Number(value.getBigUint64(at, true));
    const letter = String.fromCharCode(key.getUint32(MAKER.operation, true));
    rows.push({
      device: device(key.getUint32(MAKER.dev, true)),
      operation: OPERATIONS[letter] ?? letter,
      tgid: key.getUint32(MAKER.tgid, true),
      comm: readText(key, MAKER.comm, COMM_BYTES),
      count: number(DONE.count),
      bytes: number(DONE.bytes_moved),
      latency_ns: number(DONE.latency_ns),
      latency_max_ns: number(DONE.latency_max_ns),
      queue_ns: number(DONE.queue_ns),
      queue_max_ns: number(DONE.queue_max_ns),
      errors: number(DONE.errors),
      last_error: value.getUint32(DONE.last_error, true),
    });
  });
  return rows.sort((a, b) => b.errors - a.errors || b.latency_ns - a.latency_ns);
}

function deviceHistograms(object: ToolObject, device: (dev: number) => string): ToolHistogram[] {
  const counts = new Map<number, number[]>();
  object.forEachRow("device_times", { key_bytes: DEVICE_BUCKET.bytes, value_bytes: 8 }, (key, value) => {
    const dev = key.getUint32(DEVICE_BUCKET.dev, true), buckets = counts.get(dev) ?? [];
    counts.set(dev, buckets);
    buckets[key.getUint32(DEVICE_BUCKET.bucket, true)] = Number(value.getBigUint64(0, true));
  });
  // of one device the histogram of all says the same
  if (counts.size < 2) return [];
  return [...counts].slice(0, MAX_DEVICES).flatMap(([dev, buckets]) =>
    histogramsOf(`latency ${device(dev)}`, "ns", Array.from(buckets, (count) => count ?? 0))
  );
}

function underWay(object: ToolObject): number {
  let count = 0;
  object.forEachRow("requests", { key_bytes: PLACE_BYTES, value_bytes: REQUEST.bytes }, (_, value) => {
    const is_issued = value.getBigUint64(REQUEST.issued_ns, true) > 0n;
    if (is_issued && value.getUint32(REQUEST.is_ignored, true) === 0) count++;
  });
  return count;
}

function summaryOf(
  { requests, bytes, errors }: { readonly requests: number; readonly bytes: number; readonly errors: number },
  rows: readonly Row[],
  window_ns: number,
): string {
  const said = [
    `${requests} requests to block devices ended in ${(window_ns / 1e9).toFixed(1)} s (${
      (bytes / 1e6).toFixed(1)
    } MB), ${errors} of them with an error.`,
  ];
  const slowest = rows.toSorted((a, b) => b.latency_max_ns - a.latency_max_ns)[0];
  if (slowest !== undefined) {
    const { device, operation, comm, tgid, latency_max_ns, latency_ns, count } = slowest;
    said.push(
      `Slowest: a ${operation} of ${device} by ${comm} (pid ${plainId(tgid)}), ${timeText(latency_max_ns)}; ` +
        `its mean is ${timeText(latency_ns / count)}.`,
    );
  }
  const [broken] = rows.filter(({ errors }) => errors > 0);
  if (broken !== undefined) {
    said.push(`${broken.device}: ${broken.errors} ${broken.operation}s failed, ${errnoName(broken.last_error) ?? ""}.`);
  }
  return said.join(" ");
}
