/** A diagnosis as it could have been, for what is printed of one. */
import { type Check, type Host, type Run, run } from "../../src/protocol/mod.ts";

export const SAMPLE_HOST: Host = {
  hostname: "shop-1",
  os: "Debian GNU/Linux 12 (bookworm)",
  kernel: "6.1.0-18-amd64",
  architecture: "x86_64",
  figures: {
    uptime_s: 86400,
    load_1m: 0.4,
    load_5m: 0.3,
    cpus: 2,
    cpu_busy_percent: 7,
    iowait_percent: 0,
    memory_total_bytes: 4e9,
    memory_available_bytes: 3e9,
    swap_total_bytes: 0,
    swap_free_bytes: 0,
    oom_kills: 0,
    processes: 90,
    processes_blocked: 0,
    filesystems: [],
    top_cpu: [],
  },
  capabilities: [
    { id: "tracefs", available: true, detail: "mounted at /sys/kernel/tracing" },
    {
      id: "kprobe",
      available: false,
      detail: "this kernel has no kprobe events: CONFIG_KPROBES is off, as it is on kernels that their makers hardened",
      instead: "the tracepoint that comes closest",
      fix: "a kernel with CONFIG_KPROBES=y",
    },
  ],
};

export const SAMPLE_CHECK: Check = { schema: "ktriage.check/1", ready: true, host: SAMPLE_HOST };

const CONNECTS = "connects_1700000000";

/** A run with a resolution; parsed, so that it is one that ktriage could print. */
export const SAMPLE_RUN: Run = run.parse({
  schema: "ktriage.run/1",
  issue: "the shop cannot reach its database",
  host: SAMPLE_HOST,
  model: "expert",
  start_time: "2023-11-14T22:13:20.000Z",
  end_time: "2023-11-14T22:13:32.400Z",
  turns: [{
    request: {
      response_type: "diagnostic",
      reasoning: "Who connects where, and does it work?",
      commands: [
        { id: "listeners", command: "ss -ltn" },
        { id: "cleanup", command: "rm -rf /var/tmp/shop" },
        { id: "quiet", command: "grep shop /etc/hosts" },
      ],
      ebpf_programs: [
        { name: "connects", type: "tracepoint", target: "syscalls/sys_enter_connect", duration: 10 },
        { name: "sends", type: "kprobe", target: "tcp_sendmsgg", duration: 10 },
      ],
    },
    command_results: [
      {
        id: "listeners",
        command: "ss -ltn",
        exit_code: 0,
        stdout: "State  Recv-Q Send-Q Local Address:Port\nLISTEN 0      128    0.0.0.0:22\n" +
          "LISTEN 0      200    127.0.0.1:5433\n",
        stderr: "",
        duration_ms: 12,
      },
      {
        id: "cleanup",
        command: "rm -rf /var/tmp/shop",
        exit_code: null,
        stdout: "",
        stderr: "",
        duration_ms: 0,
        refused: { rule: "program/writes", reason: "rm changes files" },
      },
      { id: "quiet", command: "grep shop /etc/hosts", exit_code: 1, stdout: "", stderr: "", duration_ms: 3 },
    ],
    ebpf_results: {
      [CONNECTS]: {
        program_name: "connects",
        type: "tracepoint",
        target: "syscalls/sys_enter_connect",
        start_time: 1700000000000000000n,
        end_time: 1700000010000000000n,
        event_count: 41,
        lost_events: 0,
        sampled: false,
        events: [],
        summary: "41 × syscalls:sys_enter_connect in 10.0 s, by shop (pid 812) 41. 41 of 41 failed: ECONNREFUSED 41.",
      },
      sends_1700000000: {
        program_name: "sends",
        type: "kprobe",
        target: "tcp_sendmsgg",
        start_time: 1700000000000000000n,
        end_time: 1700000000000000000n,
        event_count: 0,
        lost_events: 0,
        sampled: false,
        events: [],
        summary: "Cannot trace kprobe tcp_sendmsgg: no such function in this kernel.",
        error: "Cannot trace kprobe tcp_sendmsgg: no such function in this kernel.",
        hint: "Nearest: tcp_sendmsg",
      },
    },
  }],
  resolution: {
    response_type: "resolution",
    root_cause: "Nothing listens on 127.0.0.1:5432, where shop (pid 812) looks for its database: every connection is " +
      "refused. The database listens on port 5433.",
    resolution_plan: "1. Set the port to 5433 in the shop's configuration.\n2. Restart the shop.",
    confidence: "High",
    ebpf_evidence: "41 refused connections",
    findings: [
      { claim: "every connection of shop is refused", evidence: [CONNECTS] },
      { claim: "the database listens on port 5433, not on 5432", evidence: ["listeners", "quiet"] },
      { claim: "the hosts file is in order", evidence: ["connects", "invented"] },
    ],
  },
  evidence_check: {
    unknown_evidence: [{ claim: "the hosts file is in order", ids: ["invented"] }],
    notes: [`No result of this run is called invented: "the hosts file is in order"`],
  },
});
