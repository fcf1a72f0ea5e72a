/** The tool `file-errors`: opens that failed, by process, error and path. */
import { errnoName } from "../../kernel/errno.ts";
import { readText } from "../../kernel/read.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { COMM_BYTES, COUNT_KEY } from "./layout.ts";
import { startObject, type ToolObject } from "./object.ts";
import { countKeyAt, Names, PROCESS, tableOf } from "./reading.ts";
import { groundOf, type Tool, type ToolOutcome, type ToolRun } from "./tool.ts";

/** Structures of bpf/tools/file_errors.bpf.c. */
const FAILURE = { tgid: 0, error: 4, comm: 8, path: 24, bytes: 248 } as const;
const PATH_BYTES = 224;
const FAILURES = { count: 0, last_ns: 8, bytes: 16 } as const;

/** For the test that holds it against the object's BTF. */
export const FILE_ERRORS_LAYOUT = { failure: FAILURE, failures: FAILURES } as const;

export const fileErrors: Tool = {
  name: "file-errors",
  summary: "files that could not be opened: by process, error and path",
  needs: "BPF programs on the raw tracepoint sys_exit. Opens by io_uring and by 32-bit programs are not " +
    "seen. There is no answer without BPF: the kernel counts no failed opens.",
  filters: ["comm", "pid", "tid", "uid"],
  in_snapshot: true,
  ways: [
    {
      source: "raw_tracepoint sys_exit",
      start: (run) => {
        const programs = [{ program: "sys_exit", raw_tracepoint: "sys_exit" }];
        return startObject(run, { name: "file_errors", programs }, (object) => read(object, run));
      },
    },
  ],
};

interface Failure {
  readonly tgid: number;
  readonly comm: string;
  readonly error: string;
  readonly path: string;
  readonly count: number;
  readonly last_ns: bigint;
}

/** Exact, by process and error. */
interface ErrorCount {
  readonly tgid: number;
  readonly comm: string;
  readonly error: string;
  readonly count: number;
}

function read(object: ToolObject, run: ToolRun): ToolOutcome {
  const failures = failuresOf(object), errors = errorsOf(object), names = new Names();
  for (const { tgid, comm, count } of errors) names.add(tgid, comm, count);
  const { lost_rows } = object.stats();
  const failed_opens = sum(errors) + lost_rows, pathless = failed_opens - sum(failures);
  const epoch_offset_ns = groundOf(run).session.base.epoch_offset_ns;
  return {
    event_count: failed_opens,
    lost_events: lost_rows,
    missed_hits: object.missed(),
    events: failures.slice(0, run.max_events).map((failure) => eventOf(failure, epoch_offset_ns)),
    reading: {
      figures: { failed_opens, failed_opens_without_path: pathless },
      tables: [
        tableOf(
          "by_process",
          { ...PROCESS, error: "text", count: "count" },
          errors.map(({ tgid, error, count }) => [...names.cells(tgid), error, count]),
        ),
        tableOf(
          "by_path",
          { ...PROCESS, error: "text", path: "text", count: "count" },
          failures.map(({ tgid, error, path, count }) => [...names.cells(tgid), error, path, count]),
        ),
      ],
      histograms: [],
      notes: [
        "paths are as the program gave them: one that does not begin with / is relative",
        ...pathless === 0 ? [] : [`${pathless} are counted by process only: there were more paths than have room`],
        ...names.notes,
      ],
    },
    summary: summaryOf(failed_opens, errors, failures),
  };
}

function sum(rows: readonly { readonly count: number }[]): number {
  return rows.reduce((sum, { count }) => sum + count, 0);
}

function errorsOf(object: ToolObject): ErrorCount[] {
  const errors: ErrorCount[] = [];
  object.forEachRow("errors", { key_bytes: COUNT_KEY.bytes, value_bytes: 8 }, (row, value) => {
    const { tgid, comm, key } = countKeyAt(row);
    errors.push({ tgid, comm, error: errnoName(key) ?? String(key), count: Number(value.getBigUint64(0, true)) });
  });
  return errors.sort(byGravity);
}

function failuresOf(object: ToolObject): Failure[] {
  const failures: Failure[] = [];
  object.forEachRow("failures", { key_bytes: FAILURE.bytes, value_bytes: FAILURES.bytes }, (key, value) => {
    const error = key.getInt32(FAILURE.error, true);
    failures.push({
      tgid: key.getUint32(FAILURE.tgid, true),
      comm: readText(key, FAILURE.comm, COMM_BYTES),
      error: errnoName(error) ?? String(error),
      path: pathOf(key),
      count: Number(value.getBigUint64(FAILURES.count, true)),
      last_ns: value.getBigUint64(FAILURES.last_ns, true),
    });
  });
  return failures.sort(byGravity);
}

/** One that fills its room may have been longer. */
function pathOf(key: DataView<ArrayBuffer>): string {
  const path = readText(key, FAILURE.path, PATH_BYTES);
  const is_full = key.getUint8(FAILURE.path + PATH_BYTES - 2) !== 0;
  return is_full ? `${path}…` : path;
}

/** Programs look for files that need not exist all the time; no healthy one finds a disk broken or its table full. */
function graveness(error: string): number {
  if (["EIO", "ENFILE", "EMFILE", "ENOSPC", "EROFS", "ENOMEM", "ESTALE", "EDQUOT"].includes(error)) return 2;
  return error === "ENOENT" ? 0 : 1;
}

function byGravity(a: Omit<ErrorCount, "tgid">, b: Omit<ErrorCount, "tgid">): number {
  return graveness(b.error) - graveness(a.error) || b.count - a.count;
}

function eventOf({ tgid, comm, error, path, count, last_ns }: Failure, epoch_offset_ns: bigint): TraceEvent {
  return {
    timestamp: last_ns + epoch_offset_ns,
    process_id: plainId(tgid),
    ...(isHostId(tgid) ? { host_process: true as const } : {}),
    process_name: comm,
    event_type: "syscalls:open",
    data: { path, error, alike: count },
  };
}

function summaryOf(opens: number, errors: readonly ErrorCount[], [path]: readonly Failure[]): string {
  const [first] = errors;
  if (first === undefined) return "No open failed.";
  const by_error = new Map<string, number>();
  for (const { error, count } of errors) by_error.set(error, (by_error.get(error) ?? 0) + count);
  const told = [...by_error].slice(0, 3).map(([error, count]) => `${count} with ${error}`).join(", ");
  const where = path === undefined
    ? ""
    : ` ${path.comm} could not open ${path.path} (${path.error}, ${path.count} times).`;
  return `${opens} opens failed: ${told}. Gravest: ${first.comm} (pid ${plainId(first.tgid)}), ` +
    `${first.count} with ${first.error}.${where}`;
}
