/** Processes near the number of files that they may open, and users near the number of threads that they may have. */
import type { ProcessStat } from "../../kernel/host/procfs.ts";
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Sources } from "../collector.ts";
import { FILES_PERCENT, MIN_FILES_LIMIT, MIN_USER_THREADS, severityOver, USER_THREADS_PERCENT } from "../limits.ts";
import { numberOf } from "../readings/counters.ts";
import { number, share, shown } from "../readings/figures.ts";
import { nameOf, processesAt, softLimit } from "../readings/processes.ts";
import { quiet } from "../readings/reading.ts";

const MAX_TOLD = 5;

export const processLimits: Collector = {
  name: "process_limits",
  start: (sources) =>
    Promise.resolve(() => {
      const all = [...processesAt(sources, "end").values()].filter(({ is_kernel_thread, state }) =>
        !is_kernel_thread && state !== "Z"
      );
      const files = filesOf(sources, all);
      const users = threadsByUser(sources, all);
      return Promise.resolve({
        figures: figuresOf(files),
        findings: [...files.flatMap(fileFindings).slice(0, MAX_TOLD), ...users.flatMap(threadFindings)],
      });
    }),
};

interface OpenFiles {
  readonly process: ProcessStat;
  readonly open: number;
  readonly limit: number;
}

/**
 * Of processes that have enough open to be near a limit. Since 6.2 the size of /proc/<pid>/fd is their number; before, FDSize
 * of status is at least that many (a power of two), and descriptors are listed only where that could be near the limit.
 */
function filesOf(sources: Sources, all: readonly ProcessStat[]): readonly OpenFiles[] {
  const has_sizes = (sources.facts("/proc/self/fd")?.size_bytes ?? 0) > 0;
  const fewest = MIN_FILES_LIMIT * FILES_PERCENT.warn / 100;
  return all.flatMap((process): OpenFiles[] => {
    const folder = `/proc/${process.process_id}`;
    const at_most = has_sizes ? sources.facts(`${folder}/fd`)?.size_bytes ?? 0 : tableSize(sources, folder);
    if (at_most < fewest) return [];
    const limit = softLimit(quiet(sources, `${folder}/limits`) ?? "", "Max open files");
    if (limit === undefined || limit < MIN_FILES_LIMIT) return [];
    const open = has_sizes ? at_most : exactly(sources, { folder, at_most, limit });
    return open === undefined || open > limit ? [] : [{ process, open, limit }];
  });
}

function tableSize(sources: Sources, folder: string): number {
  const size = /^FDSize:\s*(\d+)$/m.exec(quiet(sources, `${folder}/status`) ?? "")?.[1];
  return numberOf(size) ?? 0;
}

/** Undefined when there may be fewer than matter, or they are hidden from this user. */
function exactly(
  sources: Sources,
  { folder, at_most, limit }: { readonly folder: string; readonly at_most: number; readonly limit: number },
): number | undefined {
  if (share(at_most, limit) < FILES_PERCENT.warn) return undefined;
  try {
    return sources.names(`${folder}/fd`).length;
  } catch {
    return undefined;
  }
}

function figuresOf(files: readonly OpenFiles[]): readonly Figure[] {
  const highest = files.reduce((most, { open, limit }) => Math.max(most, share(open, limit)), 0);
  return [shown("process.highest_files_used_percent", highest, { ...FILES_PERCENT, min: 0, max: 100 })];
}

function fileFindings({ process, open, limit }: OpenFiles): readonly HealthFinding[] {
  const percent = share(open, limit);
  const severity = severityOver(percent, FILES_PERCENT);
  if (severity === undefined) return [];
  return [{
    id: "process.fd_limit",
    of: nameOf(process),
    severity,
    title: `${nameOf(process)} has ${open} of the ${limit} files open that it may have`,
    evidence: [
      `/proc/${process.process_id}/fd: ${open} descriptors`,
      `/proc/${process.process_id}/limits: Max open files ${limit} (soft)`,
    ],
    meaning:
      "At the limit it can open no file and accept no connection (EMFILE). It leaks descriptors, or has more to do " +
      "than its limit was made for.",
    next: `ls -l /proc/${process.process_id}/fd | awk '{print $NF}' | sort | uniq -c | sort -rn | head -n 15`,
  }];
}

interface User {
  readonly user_id: number;
  readonly threads: number;
  readonly limit: number;
}

/** RLIMIT_NPROC counts the threads of a user, and is not for root (fork: is_rlimit_overlimit(), CAP_SYS_RESOURCE). */
function threadsByUser(sources: Sources, all: readonly ProcessStat[]): readonly User[] {
  const total = all.reduce((sum, { threads }) => sum + threads, 0);
  if (total < MIN_USER_THREADS) return [];
  const users = new Map<number, { threads: number; first: number }>();
  for (const { process_id, threads } of all) {
    const user_id = sources.facts(`/proc/${process_id}`)?.user_id;
    if (user_id === undefined || user_id === 0) continue;
    const user = users.get(user_id) ?? { threads: 0, first: process_id };
    users.set(user_id, { ...user, threads: user.threads + threads });
  }
  return [...users].filter(([, { threads }]) => threads >= MIN_USER_THREADS).flatMap(
    ([user_id, { threads, first }]) => {
      const limit = softLimit(quiet(sources, `/proc/${first}/limits`) ?? "", "Max processes");
      return limit === undefined ? [] : [{ user_id, threads, limit }];
    },
  );
}

function threadFindings({ user_id, threads, limit }: User): readonly HealthFinding[] {
  const percent = share(threads, limit);
  const severity = severityOver(percent, USER_THREADS_PERCENT);
  if (severity === undefined || threads > limit) return [];
  return [{
    id: "process.thread_limit",
    of: `user ${user_id}`,
    severity,
    title: `User ${user_id} has ${threads} threads, ${number(percent)} % of what it may have`,
    evidence: [
      `/proc/<pid>/stat: ${threads} threads of user ${user_id}`,
      `/proc/<pid>/limits: Max processes ${limit} (soft)`,
    ],
    meaning: "At the limit its programs can start no process and no thread (EAGAIN).",
    next: "ps -eo uid,pid,nlwp,comm --sort=-nlwp | head -n 15",
  }];
}
