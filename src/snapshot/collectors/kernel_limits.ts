/** Tables of the whole kernel that can run full: open files, process ids, threads, asynchronous I/O. */
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { ASYNC_IO_PERCENT, KERNEL_TABLE_PERCENT, type Limit, severityOver } from "../limits.ts";
import { numbersOf } from "../readings/counters.ts";
import { number, share, shown, watched } from "../readings/figures.ts";
import { Gaps } from "../readings/reading.ts";

interface Table {
  readonly name: string;
  readonly what: string;
  readonly used: (sources: Sources) => number | undefined;
  /** Where the limit is. */
  readonly limit: string;
  /** Default {@link KERNEL_TABLE_PERCENT}. */
  readonly percent?: Limit;
  readonly evidence: string;
  readonly meaning: string;
  readonly next: string;
}

const THREADS_BY_PROCESS = "ps -eo pid,nlwp,user,comm --sort=-nlwp | head -n 15";
const NO_PROCESS = "Nothing can be started any more, on the whole host: fork() and pthread_create() fail with EAGAIN.";

const TABLES: readonly Table[] = [
  {
    name: "files",
    what: "of all open files that the kernel allows",
    used: (sources) => numbersOf(sources.text("/proc/sys/fs/file-nr"))[0],
    limit: "/proc/sys/fs/file-max",
    evidence: "/proc/sys/fs/file-nr",
    meaning: "Every program that opens a file or accepts a connection fails with ENFILE.",
    next: "cat /proc/sys/fs/file-nr",
  },
  {
    name: "process_ids",
    what: "of all process ids",
    used: threadsOf,
    limit: "/proc/sys/kernel/pid_max",
    evidence: "/proc/loadavg (tasks in all)",
    meaning: NO_PROCESS,
    next: THREADS_BY_PROCESS,
  },
  {
    name: "threads",
    what: "of all threads that the kernel allows",
    used: threadsOf,
    limit: "/proc/sys/kernel/threads-max",
    evidence: "/proc/loadavg (tasks in all)",
    meaning: NO_PROCESS,
    next: THREADS_BY_PROCESS,
  },
  {
    name: "async_io",
    what: "of all requests of asynchronous I/O that the kernel allows",
    used: (sources) => numbersOf(sources.text("/proc/sys/fs/aio-nr"))[0],
    limit: "/proc/sys/fs/aio-max-nr",
    percent: ASYNC_IO_PERCENT,
    evidence: "/proc/sys/fs/aio-nr",
    meaning: "Databases that use asynchronous I/O cannot start: io_setup() fails with EAGAIN.",
    next: "cat /proc/sys/fs/aio-nr /proc/sys/fs/aio-max-nr",
  },
];

export const kernelLimits: Collector = {
  name: "kernel_limits",
  start: (sources) =>
    Promise.resolve(() => {
      const gaps = new Gaps();
      const read = TABLES.map((table) => gaps.try(table.evidence, () => readTable(table, sources)) ?? []);
      return Promise.resolve({
        figures: read.flatMap((each) => "figures" in each ? each.figures : []),
        findings: read.flatMap((each) => "findings" in each ? each.findings : []),
        ...gaps.state(),
      });
    }),
};

/** All threads, from the fourth word of /proc/loadavg: running/all. */
function threadsOf(sources: Sources): number | undefined {
  const all = /\d+\/(\d{1,10})\b/.exec(sources.text("/proc/loadavg") ?? "")?.[1];
  return all === undefined ? undefined : Number(all);
}

function readTable(
  table: Table,
  sources: Sources,
): { readonly figures: readonly Figure[]; readonly findings: readonly HealthFinding[] } {
  const used = table.used(sources);
  const [limit] = numbersOf(sources.text(table.limit));
  if (used === undefined || limit === undefined || limit <= 0) return { figures: [], findings: [] };
  const percent = share(used, limit);
  const limits = table.percent ?? KERNEL_TABLE_PERCENT;
  const severity = severityOver(percent, limits);
  return {
    figures: [
      watched(`kernel.${table.name}`, used, { min: 0 }),
      shown(`kernel.${table.name}_used_percent`, percent, { ...limits, min: 0, max: 100 }),
    ],
    findings: severity === undefined ? [] : [{
      id: `kernel.${table.name}_limit`,
      severity,
      title: `${number(percent)} % ${table.what} are in use`,
      evidence: [`${table.evidence}: ${used}`, `${table.limit}: ${limit}`],
      meaning: table.meaning,
      next: table.next,
    }],
  };
}
