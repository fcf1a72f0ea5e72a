/** What looks like a fault and is none, each beside the fault that it looks like. */
import { blockDevices } from "../../../../src/snapshot/collectors/block_devices.ts";
import { certificates } from "../../../../src/snapshot/collectors/certificates.ts";
import { cgroups } from "../../../../src/snapshot/collectors/cgroups.ts";
import { clock } from "../../../../src/snapshot/collectors/clock.ts";
import { filesystemErrors } from "../../../../src/snapshot/collectors/filesystem_errors.ts";
import { filesystems } from "../../../../src/snapshot/collectors/filesystems.ts";
import { kernelLimits } from "../../../../src/snapshot/collectors/kernel_limits.ts";
import { kernelLogErrors } from "../../../../src/snapshot/collectors/kernel_log.ts";
import { listenQueues } from "../../../../src/snapshot/collectors/listen_queues.ts";
import { memory } from "../../../../src/snapshot/collectors/memory.ts";
import { networkInterfaces } from "../../../../src/snapshot/collectors/network_interfaces.ts";
import { oom } from "../../../../src/snapshot/collectors/oom.ts";
import { pressure } from "../../../../src/snapshot/collectors/pressure.ts";
import { processes } from "../../../../src/snapshot/collectors/processes.ts";
import { reboot } from "../../../../src/snapshot/collectors/reboot.ts";
import type { Space } from "../../../../src/snapshot/collector.ts";
import type { Files } from "../../recorded.ts";
import { makeAuthority } from "../../../support/certificates.ts";
import { type Case, GiB, lines, meminfo, stat, table, tcp } from "./case.ts";

const NOW_MS = 1_700_000_000_000, DAY_MS = 86_400_000;
const BOOT = { "/proc/sys/kernel/random/boot_id": "boot-1\n", "/proc/uptime": "5000.00 9000.00\n" };
const CONTAINER = { "/proc/self/ns/pid": { link: "pid:[4026532201]" } };
const MOUNTINFO = "/proc/self/mountinfo";
const V1_MEMORY = "31 20 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
const FULL: Space = { size_bytes: 100 * GiB, available_bytes: 0, inodes: 0, inodes_free: 0 };

/** A disk that did all of this within the window. */
function disk(name: string, numbers: string, told: readonly string[], more: Files = {}): Case {
  const line = (of: string) => `   8       0 sda ${of}\n 253       0 dm-0 ${of}\n`;
  return {
    name,
    collector: blockDevices,
    host: {
      start: {
        "/sys/block/sda/device/state": "running\n",
        "/sys/block/dm-0/size": "1\n",
        "/proc/diskstats": line(`0 0 0 0 0 0 0 0 ${numbers.split(" ")[8]} 0 0 0 0 0 0 0 0`),
        ...more,
      },
      end: { "/proc/diskstats": line(numbers) },
    },
    told,
  };
}

function log(name: string, messages: readonly string[], told: readonly string[], more: Files = {}): Case {
  const text = messages.map((message, at) => `3,${900 + at},4940000000,-;${message}\n`).join("");
  const remembered = { boot_id: "boot-1", sequence: 800 };
  return {
    name,
    collector: kernelLogErrors,
    host: { start: { ...BOOT, "/dev/kmsg": text, ...more }, remembered },
    told,
  };
}

/** Two lives of a program under a supervisor, of which one ended within the window. */
function lives(name: string, supervisor: string, status: string, told: readonly string[]): Case {
  const shop = { name: "pg_isready", parent: 40 };
  return {
    name,
    collector: processes,
    host: {
      start: {
        "/proc/uptime": "100.00 200.00\n",
        "/proc/40/stat": stat(40, { name: supervisor }),
        "/proc/81/stat": stat(81, { ...shop, start_ticks: 9800 }),
      },
      end: {
        "/proc/81/stat": "",
        "/proc/82/stat": stat(82, { ...shop, start_ticks: 9990 }),
        "/proc/82/status": status,
      },
    },
    told,
  };
}

function link(name: string, files: Files, told: readonly string[]): Case {
  const start = {
    ...BOOT,
    "/proc/net/dev": "  eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n  eth1: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
    "/sys/class/net/eth0/device/vendor": "1\n",
    "/sys/class/net/eth0/carrier": "0\n",
    ...files,
  };
  return {
    name,
    collector: networkInterfaces,
    host: { start, remembered: { boot_id: "boot-1", eth0: true } },
    told,
  };
}

/** 512 GiB, of which a database has taken nearly all as huge pages. */
const HUGE = meminfo({ MemTotal: 512, MemFree: 2, MemAvailable: 9 });
const LITTLE = meminfo({ MemTotal: 16, MemFree: 0.1, MemAvailable: 0.4 });

function reclaiming(name: string, files: Files, stalls: number, told: readonly string[]): Case {
  const start = { "/proc/vmstat": lines({ allocstall_normal: 10 }), ...files };
  return {
    name,
    collector: memory,
    host: { start, end: { "/proc/vmstat": lines({ allocstall_normal: 10 + stalls }) } },
    told,
  };
}

const READ_ONLY = (first: string, second: string) =>
  `30 20 8:1 / /srv ${first} - ext4 /dev/sda1 ro\n31 20 8:1 / /export ${second} - ext4 /dev/sda1 ro\n`;

using authority = makeAuthority();

export const LOOK_ALIKES: readonly Case[] = [
  disk("an idle disk that is trimmed, request after request", "0 0 0 0 0 0 0 0 1 10000 10000 300 0 9000000 9000", []),
  disk("a disk that does not answer, with a volume on it", "0 0 0 0 0 0 0 0 2 10000 20000 0 0 0 0", [
    "block.stuck sda critical",
  ]),
  disk("a device whose count of requests fell below zero", "0 0 0 0 0 0 0 0 4294967295 10000 20000 0 0 0 0", []),
  disk("a disk with moving heads that a backup is written to", "20 0 0 4000 1000 0 0 2500000 256 10000 9", []),
  disk("a disk that takes 12 s for a write", "0 0 0 0 100 0 0 1200000 9 10000 9", ["block.slow sda warning"]),
  disk("a stick that is filled", "0 0 0 0 100 0 0 1200000 9 10000 9", [], {
    "/sys/block/sda/removable": "1\n",
    "/sys/block/dm-0/removable": "1\n",
  }),
  {
    name: "a pool of ZFS that is full, with all its data sets",
    collector: filesystems,
    host: {
      start: {
        [MOUNTINFO]: ["", "/home", "/home/a"].map((at) => `3 2 0:3${at.length} / /tank${at} rw - zfs tank${at} rw\n`)
          .join(""),
      },
      space: {
        "/tank": FULL,
        "/tank/home": { ...FULL, size_bytes: 7 * GiB },
        "/tank/home/a": { ...FULL, size_bytes: GiB },
      },
    },
    told: ["filesystem.full /tank critical"],
  },
  {
    name: "two small file systems in memory, both full",
    collector: filesystems,
    host: {
      start: { [MOUNTINFO]: "3 2 0:31 / /a rw - tmpfs t rw\n3 2 0:32 / /b rw - tmpfs t rw\n" },
      space: { "/a": FULL, "/b": FULL },
    },
    told: ["filesystem.full /a critical", "filesystem.full /b critical"],
  },
  {
    name: "a file system that was remounted read-only by one of its two names",
    collector: filesystemErrors,
    host: { start: { [MOUNTINFO]: READ_ONLY("rw", "ro") } },
    told: [],
  },
  {
    name: "a file system of two names that the kernel made read-only",
    collector: filesystemErrors,
    host: { start: { [MOUNTINFO]: READ_ONLY("rw", "rw") } },
    told: ["filesystem.read_only /srv critical"],
  },
  {
    name: "a disk for backups that is mounted by hand, to be read",
    collector: filesystemErrors,
    host: {
      start: {
        [MOUNTINFO]: "30 20 8:1 / /srv ro - ext4 /dev/sda1 ro\n",
        "/etc/fstab": "/dev/sda1 /srv ext4 noauto,noatime 0 2\n",
      },
    },
    told: [],
  },
  lives("a container's health check, every few seconds", "containerd-shim", "NSpid:\t82\t4711\n", []),
  lives("a container of a pod that ends and is started again", "containerd-shim", "NSpid:\t82\t1\n", [
    "process.restart_loop pg_isready warning",
  ]),
  lives("a check that monit runs", "monit", "NSpid:\t82\n", []),
  link("a host whose only cable was pulled", {}, ["network.link_down eth0 critical"]),
  link("a host with another interface that has a link", {
    "/sys/class/net/eth1/device/vendor": "1\n",
    "/sys/class/net/eth1/carrier": "1\n",
  }, ["network.link_down eth0 warning"]),
  link("a laptop that is carried away from its network", { "/sys/class/net/eth0/phy80211/name": "phy0\n" }, []),
  link("a bond that lost a link", {
    "/sys/class/net/eth0/bonding_slave/state": "backup\n",
    "/proc/net/bonding/bond0":
      "Bonding Mode: x\n\nSlave Interface: eth0\nMII Status: down\n\nSlave Interface: eth1\nMII Status: up\n",
  }, ["network.bond_degraded bond0 warning"]),
  {
    name: "a quiet host in a big network, whose broadcasts nobody here speaks",
    collector: networkInterfaces,
    host: {
      start: {
        "/sys/class/net/eth0/device/vendor": "1\n",
        "/proc/net/dev": "  eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
      },
      end: { "/proc/net/dev": "  eth0: 9000 300 0 40 0 0 0 0 9000 100 0 0 0 0 0 0\n" },
    },
    told: [],
  },
  {
    name: "a container whose process ended in the window, and whose id another container has by now",
    collector: listenQueues,
    host: {
      start: {
        "/proc/net/netstat": table("TcpExt", { ListenOverflows: 5 }),
        "/proc/net/tcp": tcp([]),
        "/proc/self/ns/net": { link: "net:[1]" },
        "/proc/77/stat": stat(77),
        "/proc/77/ns/net": { link: "net:[2]" },
        "/proc/77/net/netstat": table("TcpExt", { ListenOverflows: 7 }),
      },
      end: {
        "/proc/77/ns/net": { link: "net:[3]" },
        "/proc/77/net/netstat": table("TcpExt", { ListenOverflows: 90_000 }),
      },
    },
    told: [],
  },
  reclaiming("a database host with huge pages, on which something reclaims memory", { "/proc/meminfo": HUGE }, 900, []),
  reclaiming("a full host, on which one huge page was asked for", { "/proc/meminfo": LITTLE }, 2, []),
  reclaiming("a host short of memory", { "/proc/meminfo": LITTLE }, 900, ["memory.low warning"]),
  reclaiming(
    "an LXC container full of cache, on a host that reclaims memory",
    {
      "/proc/meminfo": LITTLE,
      [MOUNTINFO]: "9 8 0:40 /proc/meminfo /proc/meminfo rw - fuse.lxcfs lxcfs rw\n",
    },
    900,
    [],
  ),
  {
    name: "an idle host on which one group works at its limit of memory",
    collector: pressure,
    host: {
      start: {
        "/proc/pressure/memory": "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "/proc/meminfo": meminfo({ MemTotal: 16, MemAvailable: 12 }),
      },
      end: { "/proc/pressure/memory": "full avg10=0.00 avg60=0.00 avg300=0.00 total=9000000\n" },
    },
    told: ["memory.stalled warning"],
  },
  {
    name: "a host on which a group stood still for a moment, before the kernel killed one there",
    collector: pressure,
    host: {
      start: {
        "/proc/pressure/memory": "full avg10=0.00 avg60=0.00 avg300=0.00 total=0\n",
        "/proc/meminfo": meminfo({ MemTotal: 16, MemAvailable: 12 }),
      },
      end: { "/proc/pressure/memory": "full avg10=0.00 avg60=0.00 avg300=0.00 total=2000000\n" },
    },
    told: [],
  },
  {
    name: "a container whose neighbour was killed at its own limit",
    collector: oom,
    host: {
      start: { ...BOOT, ...CONTAINER, [MOUNTINFO]: "", "/proc/vmstat": lines({ oom_kill: 4 }) },
      end: { "/proc/vmstat": lines({ oom_kill: 6 }) },
    },
    told: [],
  },
  {
    name: "a container with the modules of its host, whose new kernel waits",
    collector: reboot,
    host: {
      start: {
        ...CONTAINER,
        "/proc/sys/kernel/osrelease": "6.1.0-9-amd64\n",
        "/lib/modules/6.1.0-9-amd64/modules.dep": "",
        "/lib/modules/6.1.0-21-amd64/modules.dep": "",
      },
      now_ms: NOW_MS,
    },
    told: [],
  },
  {
    name: "a host whose database reserved most of the asynchronous I/O when it started",
    collector: kernelLimits,
    host: { start: { "/proc/sys/fs/aio-nr": "60000\n", "/proc/sys/fs/aio-max-nr": "65536\n" } },
    told: [],
  },
  {
    name: "a service of cgroup v1 whose memory is names of files, and one whose memory is its own",
    collector: cgroups,
    host: {
      start: {
        [MOUNTINFO]: V1_MEMORY,
        ...Object.fromEntries(["find", "java"].flatMap((name) => [
          [`/sys/fs/cgroup/memory/${name}/memory.limit_in_bytes`, "1073741824\n"],
          [`/sys/fs/cgroup/memory/${name}/memory.usage_in_bytes`, "1073000000\n"],
          [`/sys/fs/cgroup/memory/${name}/memory.kmem.usage_in_bytes`, name === "find" ? "700000000\n" : "1000000\n"],
          [`/sys/fs/cgroup/memory/${name}/cgroup.procs`, ""],
          [`/sys/fs/cgroup/memory/${name}/memory.stat`, lines({ total_inactive_file: 0 })],
        ])),
      },
    },
    told: ["cgroup.memory_limit /java critical"],
  },
  {
    name: "a chronyd in a container, which leaves the clock alone",
    collector: clock,
    host: {
      start: {
        ...BOOT,
        "/proc/9/stat": stat(9, { name: "chronyd" }),
        "/proc/9/cmdline": "/usr/sbin/chronyd\0-F\0-x\0",
        "/etc/chrony/chrony.conf": "pool x\nrtcsync\n",
      },
      clock: { synchronised: false, offset_s: 0, max_error_s: 16 },
    },
    told: [],
  },
  {
    name: "a board without a clock of its own, a minute after its boot",
    collector: clock,
    host: {
      start: { "/proc/uptime": "60.00 9.00\n" },
      jump_s: 9e6,
      clock: { synchronised: true, offset_s: 0, max_error_s: 0 },
    },
    told: [],
  },
  log("a record of the firmware about an error that was corrected", [
    "{1}[Hardware Error]: Hardware error from APEI Generic Hardware Error Source: 4",
    "{1}[Hardware Error]: It has been corrected by h/w and requires no further action",
    "{1}[Hardware Error]: event severity: corrected",
    "{1}[Hardware Error]:  Error 0, type: corrected",
    "[Hardware Error]: Corrected error, no action required.",
    "[Hardware Error]: CPU:0 (17:31:0) MC17_STATUS[Over|CE|MiscV|-|-]: 0x9c2040000000011b",
  ], []),
  log("a record of the firmware about an error that was not corrected, after one that was", [
    "{1}[Hardware Error]: event severity: corrected",
    "{2}[Hardware Error]: event severity: fatal",
    "{2}[Hardware Error]:  Error 0, type: fatal",
  ], ["kernel_log.hardware_error critical"]),
  log("a disk that knows no trimming, and an image that was detached", [
    "critical target error, dev sda, sector 2048 op 0x3:(DISCARD) flags 0x800 phys_seg 1 prio class 2",
    "I/O error, dev loop4, sector 0 op 0x0:(READ) flags 0x0 phys_seg 1 prio class 2",
  ], []),
  log(
    "an interface that was taken down, one whose link is told already, and a dock that was pulled",
    [
      "igb 0000:03:00.0 eno1: igb: eno1 NIC Link is Down",
      "igb 0000:03:00.1 eno2: igb: eno2 NIC Link is Down",
      "pcieport 0000:00:1c.0: pciehp: Slot(0): Link Down",
    ],
    [],
    { "/sys/class/net/eno2/carrier": "0\n" },
  ),
  log("a link that went away and came back", ["igb 0000:03:00.0 eno1: igb: eno1 NIC Link is Down"], [
    "kernel_log.link_down eno1 warning",
  ], { "/sys/class/net/eno1/carrier": "1\n" }),
  {
    name: "an nginx whose certificate signed itself, and one that also knows an old authority",
    collector: certificates,
    host: {
      now_ms: Date.now() + 1.9 * DAY_MS,
      start: {
        "/proc/net/tcp": tcp([{ port: 443, waiting: 0, inode: 4711 }]),
        "/proc/77/stat": stat(77, { name: "nginx" }),
        "/proc/77/fd/9": { link: "socket:[4711]" },
        "/proc/77/fd/10": { link: "/etc/ssl/authorities.pem" },
        "/proc/77/root/etc/nginx/nginx.conf": "ssl_certificate /etc/ssl/own.pem;\n",
        "/proc/77/root/etc/ssl/own.pem": Deno.readFileSync(authority.file),
        "/proc/77/root/etc/ssl/authorities.pem": Deno.readFileSync(authority.file),
      },
    },
    told: ["certificate.expiring /etc/ssl/own.pem warning"],
  },
  {
    name: "a server of ten workers that are alike, and of another one that serves an old certificate",
    collector: certificates,
    host: {
      now_ms: Date.now() + 85 * DAY_MS,
      start: {
        "/proc/net/tcp": tcp([{ port: 443, waiting: 0, inode: 4711 }]),
        ...Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`/proc/${100 + at}/stat`, stat(100 + at)])),
        "/proc/777/stat": stat(777, { name: "haproxy" }),
        "/proc/777/fd/9": { link: "socket:[4711]" },
        "/proc/777/cmdline": "haproxy\0--crt=/etc/site.pem\0",
        "/proc/777/root/etc/site.pem": new TextEncoder().encode(authority.sign("DNS:shop.example", 90).cert),
      },
    },
    told: ["certificate.expiring /etc/site.pem warning"],
  },
];
