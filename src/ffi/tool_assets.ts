/** The BPF objects of the curated tools: bpf/tools/<name>.bpf.c, compiled. Read when first asked for, never at import. */

type Load = () => Promise<Uint8Array<ArrayBuffer>>;

// one line each: a bundler follows only what stands here as it is
export const TOOL_OBJECTS = {
  cpu_profile: async () =>
    (await import("../../build/bpf/tool_cpu_profile.bpf.o", { with: { type: "bytes" } })).default,
  off_cpu: async () => (await import("../../build/bpf/tool_off_cpu.bpf.o", { with: { type: "bytes" } })).default,
  lock_contention: async () =>
    (await import("../../build/bpf/tool_lock_contention.bpf.o", { with: { type: "bytes" } })).default,
  memory_stalls: async () =>
    (await import("../../build/bpf/tool_memory_stalls.bpf.o", { with: { type: "bytes" } })).default,
  irq_time: async () => (await import("../../build/bpf/tool_irq_time.bpf.o", { with: { type: "bytes" } })).default,
  oom_kills: async () => (await import("../../build/bpf/tool_oom_kills.bpf.o", { with: { type: "bytes" } })).default,
  processes: async () => (await import("../../build/bpf/tool_processes.bpf.o", { with: { type: "bytes" } })).default,
  file_errors: async () =>
    (await import("../../build/bpf/tool_file_errors.bpf.o", { with: { type: "bytes" } })).default,
  tcp_connections: async () =>
    (await import("../../build/bpf/tool_tcp_connections.bpf.o", { with: { type: "bytes" } })).default,
  block_latency: async () =>
    (await import("../../build/bpf/tool_block_latency.bpf.o", { with: { type: "bytes" } })).default,
  dns: async () => (await import("../../build/bpf/tool_dns.bpf.o", { with: { type: "bytes" } })).default,
  sched: async () => (await import("../../build/bpf/tool_sched.bpf.o", { with: { type: "bytes" } })).default,
  slow_files: async () => (await import("../../build/bpf/tool_slow_files.bpf.o", { with: { type: "bytes" } })).default,
  packet_drops: async () =>
    (await import("../../build/bpf/tool_packet_drops.bpf.o", { with: { type: "bytes" } })).default,
  tcp_resets: async () => (await import("../../build/bpf/tool_tcp_resets.bpf.o", { with: { type: "bytes" } })).default,
  syscalls: async () => (await import("../../build/bpf/tool_syscalls.bpf.o", { with: { type: "bytes" } })).default,
} as const satisfies Readonly<Record<string, Load>>;

/** Of bpf/tools/, without `.bpf.c`. */
export type ToolObjectName = keyof typeof TOOL_OBJECTS;
