/** A host document for tests that need one and do not look at it. */
import type { Host } from "../../src/protocol/mod.ts";

export const SAMPLE_HOST: Host = {
  hostname: "db1",
  os: "Debian GNU/Linux 12 (bookworm)",
  kernel: "6.1.0-18-amd64",
  architecture: "x86_64",
  figures: {
    uptime_s: 86_400,
    load_1m: 0.5,
    load_5m: 0.4,
    cpus: 4,
    cpu_busy_percent: 12.5,
    iowait_percent: 0.1,
    memory_total_bytes: 8_000_000_000,
    memory_available_bytes: 6_000_000_000,
    swap_total_bytes: 0,
    swap_free_bytes: 0,
    oom_kills: 0,
    processes: 120,
    processes_blocked: 0,
    filesystems: [{
      mount_point: "/",
      type: "ext4",
      size_bytes: 50_000_000_000,
      available_bytes: 20_000_000_000,
      used_percent: 60,
      inodes_used_percent: 5,
      read_only: false,
    }],
    top_cpu: [{ process_id: 712, process_name: "postgres", cpu_percent: 8 }],
  },
  capabilities: [
    { id: "btf", available: true, detail: "/sys/kernel/btf/vmlinux" },
    { id: "kprobe", available: false, detail: "refused by the kernel", instead: "an equivalent tracepoint" },
  ],
};
