/** Every curated tool, by the name that it is asked for by. A module is read when its tool is. */
import type { Refusal } from "../plan/tracepoint.ts";
import type { Tool } from "./tool.ts";

const LOADERS: Readonly<Record<string, () => Promise<Tool>>> = {
  "run-queue-latency": async () => (await import("./run_queue_latency.ts")).runQueueLatency,
  "cpu-time": async () => (await import("./cpu_time.ts")).cpuTime,
  "off-cpu": async () => (await import("./off_cpu.ts")).offCpu,
  "cpu-profile": async () => (await import("./cpu_profile.ts")).cpuProfile,
  "block-latency": async () => (await import("./block_latency.ts")).blockLatency,
  "slow-files": async () => (await import("./slow_files.ts")).slowFiles,
  "file-errors": async () => (await import("./file_errors.ts")).fileErrors,
  "tcp-connections": async () => (await import("./tcp_connections.ts")).tcpConnections,
  "tcp-resets": async () => (await import("./tcp_resets.ts")).tcpResets,
  "listen-queues": async () => (await import("./listen_queues.ts")).listenQueues,
  "packet-drops": async () => (await import("./packet_drops.ts")).packetDrops,
  "dns": async () => (await import("./dns.ts")).dns,
  "processes": async () => (await import("./processes.ts")).processes,
  "oom-kills": async () => (await import("./oom_kills.ts")).oomKills,
  "memory-stalls": async () => (await import("./memory_stalls.ts")).memoryStalls,
  "syscalls": async () => (await import("./syscalls.ts")).syscalls,
  "syscall-latency": async () => (await import("./syscall_latency.ts")).syscallLatency,
  "lock-contention": async () => (await import("./lock_contention.ts")).lockContention,
  "irq-time": async () => (await import("./irq_time.ts")).irqTime,
  "cgroup-throttling": async () => (await import("./cgroup_throttling.ts")).cgroupThrottling,
  "leaks": async () => (await import("./leaks.ts")).leaks,
};

export const TOOL_NAMES: readonly string[] = Object.keys(LOADERS);

/** `run_queue latency` and `run-queue-latency` are the same. @returns a refusal with the nearest names */
export async function toolNamed(asked: string): Promise<Tool | Refusal> {
  const load = LOADERS[asked.trim().toLowerCase().replace(/[\s_]+/g, "-")];
  if (load !== undefined) return await load();
  const { nearest } = await import("../../kernel/nearest.ts");
  const near = nearest(asked, TOOL_NAMES);
  return {
    error: `Cannot run the tool ${asked}: ktriage has none of this name.`,
    hint: near.length > 0 ? `Nearest: ${near.join(", ")}` : `There are ${TOOL_NAMES.join(", ")}.`,
  };
}

/** All of them, in the order of the list. */
export function allTools(): Promise<readonly Tool[]> {
  return Promise.all(Object.values(LOADERS).map((load) => load()));
}
