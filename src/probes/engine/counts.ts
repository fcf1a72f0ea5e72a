/** What the kernel counted for a program, read from its maps. */
import type { BpfObject } from "../../ffi/bpf_object.ts";
import type { Libbpf } from "../../ffi/libbpf.ts";
import { readText } from "../../kernel/read.ts";
import type { SessionConfig } from "./config.ts";
import { COMM_BYTES, COUNT_KEY, LATENCY_BUCKETS, STATS } from "./layout.ts";

/** Calls that took at least `from_ns` and less than `to_ns`. */
export interface LatencyBucket {
  readonly from_ns: bigint;
  readonly to_ns: bigint;
  readonly count: number;
}

/** Exact, whatever became of the events. */
export interface Counts {
  readonly hits: number;
  readonly emitted: number;
  /** Held back by the governor. */
  readonly suppressed: number;
  /** Found no room in the ring buffer. */
  readonly lost: number;
  /** Hits in `hits` but in no row of `rows`: more processes than the table holds. */
  readonly uncounted: number;
  /** Calls whose end could not be told: no room in the ring buffer, or to remember the call. */
  readonly lost_returns: number;
  /** Times the kernel did not run the program at all: one was running on that CPU, or too many calls were under way. */
  readonly missed: number;
  /** Calls of a function, entered while its return was awaited, that are not in `hits`: it was not seen. */
  readonly unreturned: number;
  /** Those of them that were under way when tracing ended. */
  readonly under_way: number;
  readonly rows: readonly {
    readonly tgid: number;
    readonly comm: string;
    readonly key: number;
    readonly hits: number;
  }[];
  /** By latency, without empty buckets; absent unless it was asked for. */
  readonly histogram?: readonly LatencyBucket[];
}

/** Of a program that has never run. */
export const NO_COUNTS: Counts = {
  hits: 0,
  emitted: 0,
  suppressed: 0,
  lost: 0,
  uncounted: 0,
  lost_returns: 0,
  missed: 0,
  unreturned: 0,
  under_way: 0,
  rows: [],
};

/** What is given is as in {@link Counts}. */
export function readCounts(
  bpf: Libbpf,
  object: BpfObject,
  { missed, under_way, aggregate }: Pick<Counts, "missed" | "under_way"> & Pick<SessionConfig, "aggregate">,
): Counts {
  const rows = readRows(bpf, object.mapFd("counts"));
  const stats = readStats(bpf, object.mapFd("stats"));
  const hits = rows.reduce((sum, { hits }) => sum + hits, stats.uncounted);
  return {
    ...stats,
    hits,
    emitted: aggregate === undefined ? hits - stats.suppressed - stats.lost : 0,
    missed,
    under_way: Math.min(under_way, stats.unreturned),
    rows,
    ...(aggregate === "latency" ? { histogram: readHistogram(bpf, object.mapFd("latencies")) } : {}),
  };
}

/** Bounds of a bucket of bucket_of() in bpf/include/buckets.h. */
export function bucketBounds(bucket: number): Pick<LatencyBucket, "from_ns" | "to_ns"> {
  const shift = BigInt(Math.max(0, Math.floor(bucket / 8) - 1));
  const from = BigInt(bucket) - 8n * shift;
  return { from_ns: from << shift, to_ns: (from + 1n) << shift };
}

function readRows(bpf: Libbpf, fd: number): Counts["rows"] {
  const rows: Counts["rows"][number][] = [];
  bpf.forEach(fd, { key_bytes: COUNT_KEY.bytes, value_bytes: 8 }, (key, value) => {
    rows.push({
      tgid: key.getUint32(COUNT_KEY.tgid, true),
      key: key.getInt32(COUNT_KEY.key, true),
      comm: readText(key, COUNT_KEY.comm, COMM_BYTES),
      hits: Number(value.getBigUint64(0, true)),
    });
  });
  return rows;
}

function readStats(
  bpf: Libbpf,
  fd: number,
): Pick<Counts, "suppressed" | "lost" | "uncounted" | "lost_returns" | "unreturned"> {
  const sum = summing(bpf, { fd, key: 0, value_bytes: STATS.bytes });
  return {
    suppressed: sum(STATS.suppressed),
    lost: sum(STATS.lost),
    uncounted: sum(STATS.uncounted),
    lost_returns: sum(STATS.lost_returns),
    unreturned: sum(STATS.entered) - sum(STATS.returned),
  };
}

function readHistogram(bpf: Libbpf, fd: number): readonly LatencyBucket[] {
  return Array.from({ length: LATENCY_BUCKETS }, (_, bucket): LatencyBucket => ({
    ...bucketBounds(bucket),
    count: summing(bpf, { fd, key: bucket, value_bytes: 8 })(0),
  })).filter(({ count }) => count > 0);
}

/** Reads an entry of a map that has one for each CPU; what comes back adds up the u64 at an offset of it. */
function summing(
  bpf: Libbpf,
  { fd, key, value_bytes }: { readonly fd: number; readonly key: number; readonly value_bytes: number },
): (offset: number) => number {
  const cpus = bpf.possibleCpus();
  const values = new Uint8Array(cpus * value_bytes);
  bpf.lookup(fd, new Uint8Array(new Uint32Array([key]).buffer), values);
  const view = new DataView(values.buffer);
  return (offset): number => {
    let total = 0n;
    for (let cpu = 0; cpu < cpus; cpu++) total += view.getBigUint64(cpu * value_bytes + offset, true);
    return Number(total);
  };
}
