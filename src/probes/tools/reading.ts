/** What tools' maps become: tables, histograms, names of processes. */
import { readText } from "../../kernel/read.ts";
import type { ToolColumn, ToolHistogram, ToolTable } from "../../protocol/tool.ts";
import { bucketBounds } from "../engine/counts.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { latencyFigures } from "../result/latency.ts";
import { COMM_BYTES, COUNT_KEY } from "./layout.ts";

/** Rows of a table; more say no more to a reader, and cost a model its room. */
const MAX_ROWS = 20;

export type Cell = string | number | null;

/**
 * The first rows of a table, and how many were left out.
 *
 * @param columns units by the columns' names, in the order of the cells
 * @param rows the gravest first
 */
export function tableOf(
  name: string,
  columns: Readonly<Record<string, ToolColumn["unit"]>>,
  rows: readonly (readonly Cell[])[],
  max_rows = MAX_ROWS,
): ToolTable {
  const omitted = rows.length - max_rows;
  return {
    name,
    columns: Object.entries(columns).map(([name, unit]) => ({ name, unit })),
    rows: rows.slice(0, max_rows).map((row) => [...row]),
    ...(omitted > 0 ? { omitted_rows: omitted } : {}),
  };
}

/**
 * A histogram of bucket_of() (bpf/include/buckets.h), in as few rows as a person can take in.
 *
 * @param counts by bucket
 * @param exact what is known better than buckets tell it, which are right within 13%
 * @returns none where nothing was counted
 */
export function histogramsOf(
  name: string,
  unit: ToolHistogram["unit"],
  counts: readonly number[],
  exact: { readonly total?: number; readonly max?: number } = {},
): ToolHistogram[] {
  const buckets = counts.map((count, i) => ({ ...bucketBounds(i), count })).filter(({ count }) => count > 0);
  const figures = latencyFigures(buckets);
  if (figures === undefined) return [];
  const { count, mean_ns, p50_ns, p99_ns, max_ns, histogram = [] } = figures;
  const max = exact.max ?? max_ns;
  return [{
    name,
    unit,
    count,
    mean: exact.total === undefined ? mean_ns : Math.round(exact.total / count),
    p50: Math.min(p50_ns, max),
    p99: Math.min(p99_ns, max),
    max,
    buckets: histogram.map(({ from_ns, to_ns, count }) => ({ from: from_ns, to: to_ns, count })),
  }];
}

/** Sums u64 counters that stand behind one another in every view: a histogram for each CPU. */
export function sumsOf(views: readonly DataView<ArrayBuffer>[], at: number, length: number): number[] {
  return Array.from({ length }, (_, i) => {
    let sum = 0n;
    for (const view of views) sum += view.getBigUint64(at + 8 * i, true);
    return Number(sum);
  });
}

/** struct count_key of bpf/include/event.h, at an offset. */
export function countKeyAt(
  view: DataView<ArrayBuffer>,
  at = 0,
): { readonly tgid: number; readonly key: number; readonly comm: string } {
  return {
    tgid: view.getUint32(at + COUNT_KEY.tgid, true),
    key: view.getUint32(at + COUNT_KEY.key, true),
    comm: readText(view, at + COUNT_KEY.comm, COMM_BYTES),
  };
}

/** Columns that {@link Names.cells} fills. */
export const PROCESS = { process_id: "count", process_name: "text" } as const;

/** Names of processes: of those that live the process's own, of others the one that most of their rows have. */
export class Names {
  readonly #seen = new Map<number, Map<string, number>>();
  #has_host_ids = false;

  /** A thread of the process was called so; `weight`: how often. */
  add(tgid: number, comm: string, weight = 1): void {
    const names = this.#seen.get(tgid) ?? new Map<string, number>();
    this.#seen.set(tgid, names);
    names.set(comm, (names.get(comm) ?? 0) + weight);
  }

  /** Cells of the columns {@link PROCESS}. */
  cells(tgid: number): [number, string] {
    this.#has_host_ids ||= isHostId(tgid);
    return [plainId(tgid), this.of(tgid)];
  }

  of(tgid: number): string {
    if (tgid === 0) return "(idle)";
    const own = isHostId(tgid) ? undefined : livingName(tgid);
    const seen = [...this.#seen.get(tgid) ?? []].sort(([, a], [, b]) => b - a)[0]?.[0];
    return own ?? seen ?? "?";
  }

  /** What a reader must know of the ids in {@link cells}. */
  get notes(): readonly string[] {
    return this.#has_host_ids ? ["ids of processes outside of this container are the host's"] : [];
  }
}

function livingName(tgid: number): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${tgid}/comm`).trimEnd();
  } catch {
    return undefined; // it has ended
  }
}
