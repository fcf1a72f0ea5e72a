/** What the kernel's log tells of processes that it ended, out of memory. */

export interface OomVictim {
  readonly process_id: number;
  readonly process_name: string;
  readonly total_vm_bytes: number;
  readonly anon_rss_bytes: number;
  readonly file_rss_bytes: number;
  readonly shmem_rss_bytes: number;
  /** Undefined before Linux 5.1, as the next two. */
  readonly user_id?: number;
  readonly page_tables_bytes?: number;
  readonly oom_score_adj?: number;
  /** `CONSTRAINT_MEMCG`: its control group was full; `CONSTRAINT_NONE`: the host. Undefined before Linux 5.0. */
  readonly constraint?: string;
  /** The control group that was full. */
  readonly full_cgroup?: string;
  /** The control group of the process. */
  readonly cgroup?: string;
  /** Microseconds since boot. */
  readonly at_us: number;
}

/** __oom_kill_process() in mm/oom_kill.c; the name may hold anything but the end of the line. */
const KILLED =
  /Killed process (\d{1,19}) \((.*)\),? (?:UID:\d+,? )?total-vm:(\d{1,19})kB, anon-rss:(\d{1,19})kB, file-rss:(\d{1,19})kB(?:, shmem-rss:(\d{1,19})kB)?(?:, UID:(\d{1,19}) pgtables:(\d{1,19})kB oom_score_adj:(-?\d+))?/;
/** dump_oom_summary(); of the victim, it stands before. */
const SUMMARY =
  /oom-kill:constraint=(\w+),.*?(?:oom_memcg=([^,]*),|global_oom,)?task_memcg=([^,]*),task=.*,pid=(\d{1,19}),uid=\d+/;
/** Of /dev/kmsg: priority, sequence, microseconds, flags. */
const RECORD = /^\d+,\d+,(\d+),[^;]*;(.*)$/;

/** @param log records of /dev/kmsg; other text is left out */
export function parseOomKills(log: string): OomVictim[] {
  const victims: OomVictim[] = [];
  const summaries = new Map<number, Pick<OomVictim, "constraint" | "full_cgroup" | "cgroup">>();
  for (const line of log.split("\n")) {
    const [, at_us, message = ""] = RECORD.exec(line) ?? [];
    if (at_us === undefined) continue;
    const [, constraint, full_cgroup, cgroup, task] = SUMMARY.exec(message) ?? [];
    if (constraint !== undefined && cgroup !== undefined) {
      summaries.set(Number(task), { constraint, cgroup, ...(full_cgroup === undefined ? {} : { full_cgroup }) });
    }
    const victim = victimIn(message, Number(at_us));
    if (victim === undefined) continue;
    victims.push({ ...victim, ...summaries.get(victim.process_id) });
    summaries.delete(victim.process_id);
  }
  return victims;
}

function victimIn(message: string, at_us: number): OomVictim | undefined {
  const [, pid, process_name = "", total, anon, file, shmem = 0, uid, pgtables, score] = KILLED.exec(message) ?? [];
  if (pid === undefined) return undefined;
  const bytes = (kb: string | number | undefined): number => Number(kb) * 1024;
  return {
    process_id: Number(pid),
    process_name,
    total_vm_bytes: bytes(total),
    anon_rss_bytes: bytes(anon),
    file_rss_bytes: bytes(file),
    shmem_rss_bytes: bytes(shmem),
    ...(uid === undefined ? {} : {
      user_id: Number(uid),
      page_tables_bytes: bytes(pgtables),
      oom_score_adj: Number(score),
    }),
    at_us,
  };
}
