/** What ktriage says about the host: its identity, its figures, and what tracing it allows. */
import * as z from "zod";
import { ownBounds } from "./bounds.ts";

export const hostFigures = z.object({
  uptime_s: z.number(),
  load_1m: z.number(),
  load_5m: z.number(),
  cpus: z.int(),
  cpu_busy_percent: z.number().describe("of all CPUs, over the moment it was measured"),
  iowait_percent: z.number(),
  memory_total_bytes: z.int(),
  memory_available_bytes: z.int(),
  swap_total_bytes: z.int(),
  swap_free_bytes: z.int(),
  pressure_some_avg10: z.object({ cpu: z.number(), io: z.number(), memory: z.number() }).optional()
    .describe("percent of time that some task waited (PSI); absent where the kernel does not measure it"),
  oom_kills: z.int().describe("since boot"),
  processes: z.int(),
  processes_blocked: z.int().describe("in uninterruptible sleep"),
  filesystems: z.array(z.object({
    mount_point: z.string(),
    type: z.string(),
    size_bytes: z.int(),
    available_bytes: z.int(),
    used_percent: z.number(),
    inodes_used_percent: z.number(),
    read_only: z.boolean(),
  })).describe("real file systems, fullest first"),
  filesystems_unreadable: z.array(z.object({ mount_point: z.string(), type: z.string(), reason: z.string() }))
    .optional()
    .describe("file systems that gave no figures, for example because their server does not answer"),
  top_cpu: z.array(z.object({ process_id: z.int(), process_name: z.string(), cpu_percent: z.number() }))
    .describe("busiest processes over the moment it was measured; 100 is one CPU"),
});

export const capability = z.object({
  id: z.string().describe("stable name, for example btf or kprobe"),
  available: z.boolean(),
  detail: z.string().describe("what was found, or why it is not available"),
  instead: z.string().optional().describe("what ktriage does without it"),
  fix: z.string().optional().describe("what would make it available"),
});

export const host = z.object({
  hostname: z.string(),
  os: z.string().describe("PRETTY_NAME of os-release"),
  kernel: z.string().describe("uname -r"),
  architecture: z.string(),
  container: z.string().optional().describe("kind of container that ktriage runs in"),
  figures: hostFigures,
  capabilities: z.array(capability),
});

export const check = z.object({
  schema: z.literal("ktriage.check/1"),
  ready: z.boolean().describe("true when eBPF programs can run"),
  host,
  own_bounds: ownBounds.optional(),
});

export type HostFigures = z.infer<typeof hostFigures>;
export type Capability = z.infer<typeof capability>;
export type Host = z.infer<typeof host>;
export type Check = z.infer<typeof check>;
