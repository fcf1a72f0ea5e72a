/** Kills for want of memory since the last snapshot: of the whole host, or of a control group at its limit. */
import { parseOomKills } from "../../kernel/host/oom_log.ts";
import type { HealthFinding } from "../../protocol/snapshot.ts";
import type { Collector, Remembered } from "../collector.ts";
import { type Group, type Groups, groupsAt } from "../readings/cgroups.ts";
import { bytes, rise, shown } from "../readings/figures.ts";
import { bootId, isContainer } from "../readings/host.ts";
import { lastOfLog, logSince } from "../readings/log_since.ts";
import { kernelLog, type LogRecord } from "../readings/kernel_log.ts";
import { Gaps } from "../readings/reading.ts";
import { printable } from "../readings/words.ts";
import { vmstatAt } from "./memory.ts";

const MAX_TOLD = 5;
const SHOW_LOG = "dmesg | grep -iE 'out of memory|oom-kill' | tail -n 10";
/** Linux before 5.0 says only in these words, a line before, that a control group was full (mm/oom_kill.c). */
const IN_GROUP = /^Memory cgroup out of memory: Kill(?:ed)? process (\d+) /;

export const oom: Collector = {
  name: "oom",
  start: (sources) => {
    const vmstat_before = vmstatAt(sources, "start");
    const groups_before = groupsAt(sources, "start");
    return Promise.resolve(({ remembered }) => {
      const gaps = new Gaps();
      const is_same_boot = remembered?.boot_id === bootId(sources);
      const log = gaps.try("/dev/kmsg", () => logSince(sources, remembered)) ?? [];
      const victims = victimsIn(log);
      const counted = vmstatAt(sources, "end").get("oom_kill");
      const past = is_same_boot ? numberIn(remembered, "oom_kill") : vmstat_before.get("oom_kill");
      // Linux before 4.13 does not count; without a memory the log knows more than the window
      const total = is_same_boot && counted !== undefined
        ? rise(past, counted)
        : Math.max(rise(past, counted), victims.length);
      const groups = groupsAt(sources, "end");
      const limited = limitedKills(groups, {
        before: groups_before,
        remembered: is_same_boot ? remembered : undefined,
      });
      const in_groups = Math.max(
        limited.reduce((sum, { kills }) => sum + kills, 0),
        victims.filter(({ is_in_group }) => is_in_group).length,
      );
      const of_host = victims.filter(({ is_in_group }) => !is_in_group);
      // in a container the counter is also that of neighbours at their own limits: only the log tells them apart
      const kills_of_host = isContainer(sources) ? of_host.length : Math.max(0, total - in_groups);
      return Promise.resolve({
        figures: [shown("oom.kills", total)],
        findings: [
          ...hostFindings(kills_of_host, of_host),
          ...groupFindings(limited, victims.filter(({ is_in_group }) => is_in_group)),
        ],
        remember: {
          ...gaps.try("/dev/kmsg", () => lastOfLog(sources, kernelLog(sources))),
          boot_id: bootId(sources),
          ...(counted === undefined ? {} : { oom_kill: counted }),
          groups: killsByGroup(groups),
        },
        ...gaps.state(),
      });
    });
  },
};

interface Victim {
  readonly name: string;
  readonly is_in_group: boolean;
  readonly evidence: string;
}

function victimsIn(log: readonly LogRecord[]): readonly Victim[] {
  const in_groups = new Set(log.flatMap(({ message }) => IN_GROUP.exec(message)?.[1] ?? []).map(Number));
  return parseOomKills(log.map(({ line }) => line).join("\n")).map((victim) => {
    const { process_id, process_name, anon_rss_bytes, constraint, full_cgroup } = victim;
    const name = `${printable(process_name)} (pid ${process_id})`;
    const at = full_cgroup === undefined ? "" : `, when ${printable(full_cgroup)} was full`;
    return {
      name,
      is_in_group: constraint === "CONSTRAINT_MEMCG" || in_groups.has(process_id),
      evidence: `/dev/kmsg: Killed process ${name}, which had ${bytes(anon_rss_bytes)} of memory${at}`,
    };
  });
}

interface Limited {
  readonly group: Group;
  readonly kills: number;
}

/**
 * Groups in which something was killed since the last snapshot, or in the window, while one of them or around them was at its
 * limit: `oom_kill` alone also counts kills for want of memory of the host.
 */
function limitedKills(
  groups: Groups,
  { before, remembered }: { readonly before: Groups; readonly remembered: Remembered | undefined },
): readonly Limited[] {
  const past = typeof remembered?.groups === "object" && remembered.groups !== null
    ? new Map(Object.entries(remembered.groups))
    : undefined;
  const rose = ({ path, counters }: Group, name: "oom" | "oom_kill"): number => {
    const then = past === undefined
      ? before.groups.get(`memory ${path}`)?.counters.get(name)
      : numberIn(past.get(path), name);
    return rise(then ?? 0, counters.get(name));
  };
  const all = [...groups.groups.values()].filter(({ controller }) => controller === "memory");
  const at_limit = all.filter((group) => rose(group, "oom") > 0).map(({ path }) => path.replace(/\/$/, ""));
  return all.flatMap((group) => {
    const kills = rose(group, "oom_kill");
    if (kills === 0) return [];
    const is_limited = at_limit.some((path) => `${group.path}/`.startsWith(`${path}/`));
    return is_limited ? [{ group, kills }] : [];
  });
}

function killsByGroup(groups: Groups): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    [...groups.groups.values()].filter(({ controller, counters }) =>
      controller === "memory" && ((counters.get("oom_kill") ?? 0) > 0 || (counters.get("oom") ?? 0) > 0)
    ).map(({ path, counters }) => [path, { oom: counters.get("oom") ?? 0, oom_kill: counters.get("oom_kill") ?? 0 }]),
  );
}

function hostFindings(kills: number, victims: readonly Victim[]): readonly HealthFinding[] {
  if (kills === 0) return [];
  const names = victims.map(({ name }) => name).slice(-MAX_TOLD);
  return [{
    id: "oom.kill",
    ...(names.length === 0 ? {} : { of: names.join(", ") }),
    severity: "critical",
    title: `The kernel killed ${kills === 1 ? "a process" : `${kills} processes`} for want of memory${told(names)}`,
    evidence: [
      `/proc/vmstat: oom_kill rose by ${kills} beyond what control groups caused`,
      ...victims.slice(-MAX_TOLD).map(({ evidence }) => evidence),
    ],
    meaning: "The host had no memory left. What was killed is gone; what took the memory may still be there.",
    next: SHOW_LOG,
  }];
}

function groupFindings(limited: readonly Limited[], victims: readonly Victim[]): readonly HealthFinding[] {
  const names = victims.map(({ name }) => name).slice(-MAX_TOLD);
  const log = victims.slice(-MAX_TOLD).map(({ evidence }) => evidence);
  const meaning = "What runs there needs more memory than its limit, or leaks. The rest of the host is well.";
  if (limited.length === 0 && names.length > 0) { // the group is gone with what was killed, or cannot be seen here
    const title = `${killed(names.length)} at the memory limit of a control group${told(names)}`;
    return [{
      id: "oom.cgroup_kill",
      of: names.join(", "),
      severity: "warning",
      title,
      evidence: log,
      meaning,
      next: SHOW_LOG,
    }];
  }
  return limited.slice(0, MAX_TOLD).map(({ group, kills }): HealthFinding => {
    const of = printable(group.path);
    const file = group.version === 1 ? "memory.oom_control" : "memory.events";
    return {
      id: "oom.cgroup_kill",
      of,
      severity: "warning",
      title: `${of} reached its memory limit: ${killed(kills)}${limited.length === 1 ? told(names) : ""}`,
      evidence: [`${printable(group.folder)}/${file}: oom_kill rose by ${kills}`, ...(limited.length === 1 ? log : [])],
      meaning,
      next: SHOW_LOG,
    };
  });
}

function killed(count: number): string {
  return count === 1 ? "a process was killed" : `${count} processes were killed`;
}

function told(names: readonly string[]): string {
  return names.length === 0 ? "" : `: ${names.join(", ")}`;
}

function numberIn(record: unknown, name: string): number | undefined {
  if (typeof record !== "object" || record === null) return undefined;
  const value: unknown = Reflect.get(record, name);
  return typeof value === "number" ? value : undefined;
}
