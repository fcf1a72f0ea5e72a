/** Snapshots to print: of a host in trouble, and of a healthy one. */
import type { Snapshot } from "../../src/protocol/snapshot.ts";

const HOST = {
  hostname: "db-3",
  os: "Debian GNU/Linux 12 (bookworm)",
  kernel: "6.1.0-21-amd64",
  architecture: "x86_64",
  boot_id: "8f1e2d3c-0000-4000-8000-0123456789ab",
};

const FIGURES: Snapshot["figures"] = [
  { name: "cpu.busy_percent", value: 34.2, unit: "percent", min: 0, max: 100, baseline: "watched" },
  { name: "cpu.iowait_percent", value: 2.1, unit: "percent", min: 0, max: 100, baseline: "watched" },
  { name: "cpu.load_1m", value: 2.14, unit: "count", min: 0, baseline: "watched" },
  { name: "pressure.io_some_percent", value: 3.4, unit: "percent", min: 0, max: 100, baseline: "watched" },
  {
    name: "memory.available_bytes",
    value: 5_368_709_120,
    unit: "bytes",
    warn: 838_860_800,
    crit: 419_430_400,
    min: 0,
    max: 16_777_216_000,
    baseline: "watched",
  },
  {
    name: "filesystem.used_percent",
    of: "/",
    value: 41,
    unit: "percent",
    warn: 90,
    crit: 97,
    min: 0,
    max: 100,
    baseline: "watched",
  },
  {
    name: "filesystem.used_percent",
    of: "/var",
    value: 98.2,
    unit: "percent",
    warn: 90,
    crit: 97,
    min: 0,
    max: 100,
    baseline: "watched",
  },
  {
    name: "filesystem.inodes_used_percent",
    of: "/var",
    value: 7,
    unit: "percent",
    warn: 90,
    crit: 97,
    min: 0,
    max: 100,
    baseline: "none",
  },
  { name: "disk.busy_percent", of: "nvme0n1", value: 12, unit: "percent", min: 0, max: 100, baseline: "watched" },
  { name: "disk.read_bytes_per_s", of: "nvme0n1", value: 1_250_000, unit: "bytes_per_s", min: 0, baseline: "watched" },
  { name: "disk.latency_ms", of: "nvme0n1", value: 0.42, unit: "ms", min: 0, baseline: "watched" },
  {
    name: "network.receive_bytes_per_s",
    of: "eth0",
    value: 84_000_000,
    unit: "bytes_per_s",
    min: 0,
    baseline: "watched",
  },
  { name: "tcp.listen_overflows", value: 128, unit: "count", min: 0, baseline: "none" },
  { name: "tcp.retransmits_per_s", value: 0.3, unit: "per_s", min: 0, baseline: "watched" },
  { name: "process.count", value: 312, unit: "count", min: 0, baseline: "watched" },
  {
    name: "certificate.expires_in_s",
    of: "/etc/ssl/shop.pem",
    value: 2_500_000,
    unit: "s",
    warn: 1_209_600,
    crit: 259_200,
    baseline: "none",
  },
];

const COLLECTORS: Snapshot["collectors"] = [
  { name: "cpu", state: "ok", duration_ms: 1.2 },
  {
    name: "filesystems",
    state: "partial",
    detail: "/mnt/backup: its server did not answer within 2 s",
    duration_ms: 2004.1,
  },
  { name: "sockets", state: "ok", duration_ms: 3.4 },
  { name: "systemd", state: "absent", detail: "systemd is not running here", duration_ms: 0.1 },
];

/** A host with a full disk and a service that cannot keep up. */
export const TROUBLED: Snapshot = {
  schema: "ktriage.snapshot/1",
  ktriage_version: "0.1.0",
  host: HOST,
  start_time: "2026-11-21T03:12:04.512Z",
  window_s: 10.002,
  verdict: "critical",
  findings: [
    {
      id: "filesystem.full",
      of: "/var",
      severity: "critical",
      title: "/var is 98.2% full: 742 MiB of 40 GiB left",
      evidence: [
        "statfs of /var (ext4 on /dev/sda3): 41,943,040 KiB, 759,808 KiB available to users",
        "the limit is 97%",
      ],
      meaning:
        "Writes there fail soon with ENOSPC: databases stop, logs are lost. Mostly logs, dumps or a deleted file that a process holds open.",
      next: "du -xh --max-depth=2 /var | sort -h | tail -20",
    },
    {
      id: "tcp.listen_overflow",
      of: "port 8080",
      severity: "warning",
      title: "128 connections to port 8080 were dropped: the listen queue of shop was full",
      evidence: [
        "/proc/net/netstat TcpExt ListenOverflows: +128 in 10 s",
        "/proc/net/tcp: 0.0.0.0:8080 has 129 of 128 waiting",
        "shop (pid 812) listens there",
      ],
      meaning:
        "Clients wait a second or more and try again, or give up. The program accepts too slowly, or its backlog is too small.",
      next: "ss -ltn 'sport = :8080'",
    },
  ],
  figures: FIGURES,
  tools: [
    { name: "listen-queues", error: "Cannot attach: no CAP_BPF" },
  ],
  collectors: COLLECTORS,
  baseline: { state: "ready", snapshots: 2016, detail: "Compared with 2,016 snapshots of this host." },
  notes: ["The run at 03:05:00 was skipped: another one was under way."],
  cost: { cpu_ms: 430, peak_memory_bytes: 71_303_168 },
};

/** Nothing wrong, first run. */
export const HEALTHY: Snapshot = {
  ...TROUBLED,
  verdict: "ok",
  findings: [],
  figures: FIGURES.filter(({ of, name }) => of !== "/var" && name !== "tcp.listen_overflows"),
  tools: [],
  collectors: COLLECTORS.filter(({ state }) => state !== "partial"),
  baseline: { state: "warming_up", snapshots: 3, detail: "Warming up: 3 of 24 snapshots of this host." },
  notes: [],
};

/** So much wrong that no screen holds it. */
export const FLOODED: Snapshot = {
  ...TROUBLED,
  findings: Array.from({ length: 30 }, (_, i) => ({
    ...(TROUBLED.findings[i % 2]!),
    of: `/srv/${i}`,
    title: `/srv/${i} is 98.2% full: 742 MiB of 40 GiB left`,
  })),
};

/** A host with hundreds of disks and mounts. */
export const MANY_FIGURES: Snapshot = {
  ...HEALTHY,
  figures: [
    ...HEALTHY.figures,
    ...Array.from({ length: 400 }, (_, i): Snapshot["figures"][number] => ({
      name: "disk.busy_percent",
      of: `sd${i}`,
      value: i % 97,
      unit: "percent",
      min: 0,
      max: 100,
      baseline: "watched",
    })),
    ...Array.from({ length: 40 }, (_, i): Snapshot["figures"][number] => ({
      name: `subject${i}.figure_count`,
      value: i,
      unit: "count",
      baseline: "none",
    })),
  ],
};

const NASTY = `<script>alert(1)</script> & "x" 'y' | \x1b[31mred\x07\r\n\u2028next\x00 </style> =`;

/** A host whose every name was chosen by an attacker. */
export const HOSTILE: Snapshot = {
  ...TROUBLED,
  host: { ...HOST, hostname: NASTY, os: NASTY, kernel: NASTY, container: NASTY },
  findings: [{
    id: NASTY,
    of: NASTY,
    severity: "critical",
    title: NASTY,
    evidence: [NASTY],
    meaning: NASTY,
    next: NASTY,
  }],
  figures: [
    { name: NASTY, of: NASTY, value: 1, unit: "count", baseline: "none" },
    { name: "filesystem.used_percent", of: NASTY, value: 99, unit: "percent", warn: 90, crit: 97, baseline: "none" },
    { name: "filesystem.used_percent", of: `${NASTY}2`, value: 9, unit: "percent", baseline: "none" },
  ],
  tools: [
    { name: NASTY, error: NASTY },
    {
      name: NASTY,
      reading: {
        source: NASTY,
        figures: { [NASTY]: 1 },
        tables: [{ name: NASTY, columns: [{ name: NASTY, unit: "text" }], rows: [[NASTY]] }],
        histograms: [{
          ...{ name: NASTY, unit: "ns", count: 1, mean: 1, p50: 1, p99: 1, max: 1 },
          buckets: [{ from: 0, to: 2, count: 1 }],
        }],
        notes: [NASTY],
      },
    },
  ],
  collectors: [{ name: NASTY, state: "failed", detail: NASTY, duration_ms: 1 }],
  baseline: { state: "off", snapshots: 0, detail: NASTY },
  notes: [NASTY],
};
