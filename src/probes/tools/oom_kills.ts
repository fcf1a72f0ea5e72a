/** The tool `oom-kills`: processes that the kernel ended, out of memory, with their numbers. */
import type { TraceEvent } from "../../protocol/result.ts";
import { readKernelLog } from "../../kernel/host/kernel_log.ts";
import { type OomVictim, parseOomKills } from "../../kernel/host/oom_log.ts";
import { parseUptime, parseVmstatCounter } from "../../kernel/host/procfs.ts";
import { readText } from "../../kernel/read.ts";
import { isHostId, plainId } from "../engine/process_ids.ts";
import { COMM_BYTES } from "./layout.ts";
import { startObject, type ToolObject } from "./object.ts";
import { recordOffsets } from "./offsets.ts";
import { counters } from "./proc.ts";
import { tableOf } from "./reading.ts";
import { groundOf, type RunningTool, type Tool, type ToolOutcome, type ToolRun, Unavailable } from "./tool.ts";

/** struct victim of bpf/tools/oom_kills.bpf.c. */
const VICTIM = {
  time_ns: 0,
  sizes_kb: 8,
  uid: 48,
  score_adj: 52,
  trigger: 56,
  comm: 64,
  trigger_comm: 80,
  bytes: 96,
} as const;
/** Held against the object's BTF by a test. */
export const OOM_KILLS_LAYOUT = { victim: VICTIM } as const;
const EVENT = "oom:mark_victim";

export const oomKills: Tool = {
  name: "oom-kills",
  summary: "processes that the kernel ended, out of memory: what they had, which control group was full",
  needs:
    "the tracepoint oom:mark_victim; before Linux 6.9 the victim's numbers come from the kernel's log. Without BPF: " +
    "/proc/vmstat and the log.",
  ways: [
    { source: `tracepoint ${EVENT}, /dev/kmsg`, start: startTracing },
    { source: "/proc/vmstat oom_kill, /dev/kmsg", start: countKills },
  ],
  filters: [],
  in_snapshot: true,
};

/** A victim as far as it is known. */
interface Kill extends Partial<OomVictim> {
  readonly process_id: number;
  readonly is_host_id: boolean;
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  /** Whose allocation found no memory. */
  readonly trigger?: { readonly process_id: number; readonly process_name: string };
}

async function startTracing(run: ToolRun): Promise<RunningTool> {
  const plan = {
    name: "oom_kills",
    programs: [{ program: "victim_marked", tracepoint: EVENT }],
    offsets: [...recordOffsets(run, EVENT, ["pid"]), ...numberOffsets(run)],
  } as const;
  return await startObject(run, plan, (object) => {
    const { hits, lost_rows } = object.stats();
    const kills = killsOf(object, run);
    return outcomeOf(kills.length === 0 ? [] : withLog(kills), { count: hits, lost_rows });
  });
}

function numberOffsets(run: ToolRun): number[] {
  const fields = ["total_vm", "anon_rss", "file_rss", "shmem_rss", "pgtables", "uid", "oom_score_adj", "comm"];
  try {
    return recordOffsets(run, EVENT, fields);
  } catch (error) {
    if (error instanceof Unavailable) return fields.map(() => 0); // before Linux 6.9
    throw error;
  }
}

function killsOf(object: ToolObject, run: ToolRun): Kill[] {
  const { base } = groundOf(run).session;
  const kills: Kill[] = [];
  object.forEachRow("victims", { key_bytes: 4, value_bytes: VICTIM.bytes }, (key, value) => {
    const trigger = value.getUint32(VICTIM.trigger, true);
    kills.push({
      process_id: key.getUint32(0, true),
      is_host_id: base.pid_namespace !== undefined,
      timestamp: value.getBigUint64(VICTIM.time_ns, true) + base.epoch_offset_ns,
      trigger: { process_id: plainId(trigger), process_name: readText(value, VICTIM.trigger_comm, COMM_BYTES) },
      ...numbersOf(value),
    });
  });
  return kills.sort((a, b) => Number(b.timestamp - a.timestamp));
}

/** Empty where the record has none. */
function numbersOf(value: DataView<ArrayBuffer>): Partial<OomVictim> {
  const process_name = readText(value, VICTIM.comm, COMM_BYTES);
  if (process_name === "") return {};
  const bytes = (i: number): number => Number(value.getBigUint64(VICTIM.sizes_kb + 8 * i, true)) * 1024;
  return {
    process_name,
    total_vm_bytes: bytes(0),
    anon_rss_bytes: bytes(1),
    file_rss_bytes: bytes(2),
    shmem_rss_bytes: bytes(3),
    page_tables_bytes: bytes(4),
    user_id: value.getUint32(VICTIM.uid, true),
    oom_score_adj: value.getInt32(VICTIM.score_adj, true),
  };
}

/** The last entry of the log on each victim: it tells the control groups, and in older kernels all numbers. */
function withLog(kills: readonly Kill[]): Kill[] {
  const logged = new Map(loggedKills().map((victim) => [victim.process_id, victim]));
  return kills.map((kill) => ({ ...logged.get(kill.process_id), ...kill }));
}

/** None where the log may not be read: what the tracepoint told stands. */
function loggedKills(): OomVictim[] {
  try {
    return parseOomKills(readKernelLog() ?? "");
  } catch {
    return [];
  }
}

function outcomeOf(
  kills: readonly Kill[],
  { count, lost_rows }: { readonly count: number; readonly lost_rows: number },
): ToolOutcome {
  const table = tableOf(
    "victims",
    {
      process_id: "count",
      process_name: "text",
      user_id: "count",
      anon_rss: "bytes",
      file_rss: "bytes",
      shmem_rss: "bytes",
      total_vm: "bytes",
      page_tables: "bytes",
      oom_score_adj: "count",
      out_of_memory: "text",
      cgroup: "text",
      triggered_by: "text",
    },
    kills.map((kill) => [
      kill.process_id,
      kill.process_name ?? null,
      kill.user_id ?? null,
      kill.anon_rss_bytes ?? null,
      kill.file_rss_bytes ?? null,
      kill.shmem_rss_bytes ?? null,
      kill.total_vm_bytes ?? null,
      kill.page_tables_bytes ?? null,
      kill.oom_score_adj ?? null,
      whatWasFull(kill),
      kill.cgroup ?? null,
      kill.trigger === undefined ? null : `${kill.trigger.process_name} (${kill.trigger.process_id})`,
    ]),
  );
  const unknown = kills.some(({ anon_rss_bytes }) => anon_rss_bytes === undefined);
  return {
    reading: {
      figures: { kills: count },
      tables: [table],
      histograms: [],
      notes: unknown ? ["the kernel's log has no entry of some victims: their numbers are not known"] : [],
    },
    event_count: count,
    lost_events: lost_rows,
    events: kills.map(eventOf),
    summary: count === 0 ? "The kernel ended no process for want of memory." : summaryOf(count, kills),
  };
}

function whatWasFull({ constraint, full_cgroup }: Kill): string | null {
  if (constraint === undefined) return null;
  return constraint === "CONSTRAINT_MEMCG" ? `control group ${full_cgroup ?? ""}`.trim() : "host";
}

function eventOf(kill: Kill): TraceEvent {
  const { process_id, process_name = "?", timestamp, is_host_id, trigger, user_id, at_us: _, ...data } = kill;
  return {
    timestamp,
    process_id,
    ...(is_host_id && !isHostId(process_id) ? { host_process: true as const } : {}),
    process_name,
    ...(user_id === undefined ? {} : { user_id }),
    event_type: EVENT,
    data: {
      ...data,
      ...(trigger === undefined
        ? {}
        : { triggered_by_id: trigger.process_id, triggered_by_name: trigger.process_name }),
    },
  };
}

function summaryOf(count: number, kills: readonly Kill[]): string {
  const named = kills.slice(0, 3).map((kill) => {
    const { process_id, process_name = "?", anon_rss_bytes } = kill;
    const has = anon_rss_bytes === undefined ? "" : ` with ${Math.round(anon_rss_bytes / 2 ** 20)} MiB of its own`;
    const where = whatWasFull(kill);
    return `${process_name} (${process_id})${has}${where === null ? "" : `, out of memory: ${where}`}`;
  });
  return `The kernel ended ${count} process${count === 1 ? "" : "es"} for want of memory: ${named.join("; ")}.`;
}

function countKills(): Promise<RunningTool> {
  return counters(() => ({ kills: killsSinceBoot(), logged: loggedKills() }), (before, after) => {
    const known = new Set(before.logged.map(({ at_us }) => at_us));
    const boot_ms = Date.now() - uptimeMs();
    const fresh = after.logged.filter(({ at_us }) => !known.has(at_us)).map((victim): Kill => ({
      ...victim,
      is_host_id: false,
      timestamp: BigInt(Math.round((boot_ms + victim.at_us / 1000) * 1000)) * 1000n,
    }));
    return outcomeOf(fresh, { count: after.kills - before.kills, lost_rows: 0 });
  });
}

/** `oom_kill` of /proc/vmstat, since Linux 4.13: of control groups, too. */
function killsSinceBoot(): number {
  const count = parseVmstatCounter(Deno.readTextFileSync("/proc/vmstat"), "oom_kill");
  if (count === undefined) throw new Unavailable("/proc/vmstat does not count OOM kills");
  return count;
}

function uptimeMs(): number {
  return parseUptime(Deno.readTextFileSync("/proc/uptime")) * 1000;
}
