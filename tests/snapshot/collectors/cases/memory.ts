/** CPU, pressure, memory, swap, kills for want of memory. */
import { cpu } from "../../../../src/snapshot/collectors/cpu.ts";
import { memory } from "../../../../src/snapshot/collectors/memory.ts";
import { memoryErrors } from "../../../../src/snapshot/collectors/memory_errors.ts";
import { oom } from "../../../../src/snapshot/collectors/oom.ts";
import { pressure } from "../../../../src/snapshot/collectors/pressure.ts";
import { swap } from "../../../../src/snapshot/collectors/swap.ts";
import { type Case, lines, meminfo } from "./case.ts";

const CPUS = "cpu0 0 0 0 0\ncpu1 0 0 0 0\nctxt 100\nprocesses 10\n";
const psi = (some: number, full: number) =>
  `some avg10=0.00 avg60=0.00 avg300=0.00 total=${some}\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=${full}\n`;
const BOOT = { "/proc/sys/kernel/random/boot_id": "boot-1\n", "/proc/uptime": "5000.00 9000.00\n" };
/** Of 16 GiB. */
const LITTLE = meminfo({ MemTotal: 16, MemFree: 0.1, MemAvailable: 0.4, SwapTotal: 4, SwapFree: 0.2 });
const ENOUGH = meminfo({ MemTotal: 16, MemFree: 0.1, MemAvailable: 8, SwapTotal: 4, SwapFree: 0.2 });
const V2 = "30 20 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n";
const SHOP = "/sys/fs/cgroup/shop.slice/web.service";

export const MEMORY_CASES: readonly Case[] = [
  {
    name: "a host whose CPU time goes to its neighbours",
    collector: cpu,
    host: {
      start: { "/proc/stat": `cpu 0 0 0 0 0 0 0 0 0 0\n${CPUS}`, "/proc/loadavg": "3.1 2.0 1.0 2/300 999\n" },
      end: { "/proc/stat": `cpu 600 0 100 700 0 0 0 600 0 0\n${CPUS}` },
    },
    told: ["cpu.steal warning"],
  },
  {
    name: "a host whose CPUs are all used by a nice'd build, with a queue of twenty",
    collector: cpu,
    host: {
      start: { "/proc/stat": `cpu 0 0 0 0 0 0 0 0 0 0\n${CPUS}`, "/proc/loadavg": "22.1 21.0 20.0 22/300 999\n" },
      end: { "/proc/stat": `cpu 0 1900 100 0 0 0 0 0 0 0\n${CPUS}` },
    },
    told: [],
  },
  {
    name: "a host that waits for CPU and disk all the time, as a build and a backup do",
    collector: pressure,
    host: {
      start: { "/proc/pressure/cpu": psi(0, 0), "/proc/pressure/io": psi(0, 0), "/proc/pressure/memory": psi(0, 0) },
      end: {
        "/proc/pressure/cpu": psi(9_900_000, 0),
        "/proc/pressure/io": psi(9_500_000, 9_000_000),
        "/proc/pressure/memory": psi(400_000, 50_000),
      },
    },
    told: [],
  },
  {
    name: "a host that thrashes",
    collector: pressure,
    host: {
      start: { "/proc/pressure/memory": psi(0, 1_000_000) },
      end: { "/proc/pressure/memory": psi(9_000_000, 6_500_000) },
    },
    told: ["memory.stalled critical"],
  },
  {
    name: "a host so busy that a minute passed, in which memory was short for six seconds",
    collector: pressure,
    host: {
      start: { "/proc/pressure/memory": psi(0, 1_000_000), "/proc/uptime": "1000.00 0\n" },
      end: { "/proc/pressure/memory": psi(9_000_000, 6_500_000), "/proc/uptime": "1060.00 0\n" },
    },
    told: [],
  },
  {
    name: "a host short of memory, whose processes reclaim it themselves",
    collector: memory,
    host: {
      start: { "/proc/vmstat": lines({ allocstall_normal: 10, allocstall_dma32: 5 }), "/proc/meminfo": LITTLE },
      end: { "/proc/vmstat": lines({ allocstall_normal: 500, allocstall_dma32: 6 }) },
    },
    told: ["memory.low warning"],
  },
  {
    name: "a host on which a database took nearly all memory on purpose, and nobody waits for any",
    collector: memory,
    host: { start: { "/proc/vmstat": lines({ allocstall_normal: 10 }), "/proc/meminfo": LITTLE } },
    told: [],
  },
  {
    name: "a host with ZFS, whose cache can be given back",
    collector: memory,
    host: {
      start: {
        "/proc/vmstat": lines({ allocstall: 10 }),
        "/proc/meminfo": LITTLE,
        "/proc/spl/kstat/zfs/arcstats":
          "c_min                           4    536870912\nsize                            4    8589934592\n",
      },
      end: { "/proc/vmstat": lines({ allocstall: 20 }) },
    },
    told: [],
  },
  {
    name: "a host that promises no more memory than there is, and has promised it all",
    collector: memory,
    host: {
      start: {
        "/proc/vmstat": "",
        "/proc/sys/vm/overcommit_memory": "2\n",
        "/proc/meminfo": meminfo({ MemTotal: 16, MemAvailable: 9, CommitLimit: 10, Committed_AS: 9.7 }),
      },
    },
    told: ["memory.commit_limit warning"],
  },
  {
    name: "a host that overcommits, as all do by default, and has promised three times what there is",
    collector: memory,
    host: {
      start: {
        "/proc/vmstat": "",
        "/proc/sys/vm/overcommit_memory": "0\n",
        "/proc/meminfo": meminfo({ MemTotal: 16, MemAvailable: 9, CommitLimit: 10, Committed_AS: 30 }),
      },
    },
    told: [],
  },
  {
    name: "a host with broken memory",
    collector: memory,
    host: {
      start: {
        "/proc/vmstat": "",
        "/proc/meminfo": "MemTotal: 1000 kB\nMemAvailable: 900 kB\nHardwareCorrupted: 4 kB\n",
      },
    },
    told: ["memory.broken warning"],
  },
  {
    name: "a host whose memory modules reported an error that could not be corrected since the last snapshot",
    collector: memoryErrors,
    host: {
      start: {
        ...BOOT,
        "/sys/devices/system/edac/mc/mc0/ce_count": "4\n",
        "/sys/devices/system/edac/mc/mc0/ue_count": "1\n",
        "/sys/devices/system/edac/mc/power/control": "auto\n",
      },
      remembered: { boot_id: "boot-1", corrected: 3, uncorrected: 0 },
    },
    told: ["memory.errors critical"],
  },
  {
    name: "a host whose memory modules reported errors long ago",
    collector: memoryErrors,
    host: {
      start: {
        ...BOOT,
        "/sys/devices/system/edac/mc/mc0/ce_count": "4\n",
        "/sys/devices/system/edac/mc/mc0/ue_count": "0\n",
      },
      remembered: { boot_id: "boot-1", corrected: 4, uncorrected: 0 },
    },
    told: [],
  },
  {
    name: "a host that swaps in and out at once, with nothing left",
    collector: swap,
    host: {
      start: { "/proc/vmstat": lines({ pswpin: 0, pswpout: 0 }), "/proc/meminfo": LITTLE },
      end: { "/proc/vmstat": lines({ pswpin: 90_000, pswpout: 80_000 }) },
    },
    told: ["swap.thrashing critical", "swap.full warning"],
  },
  {
    name: "a host whose swap is full of cold pages, with memory to spare",
    collector: swap,
    host: {
      start: { "/proc/vmstat": lines({ pswpin: 0, pswpout: 0 }), "/proc/meminfo": ENOUGH },
      end: { "/proc/vmstat": lines({ pswpin: 90_000, pswpout: 20 }) },
    },
    told: [],
  },
  {
    name: "a host that swaps to compressed memory",
    collector: swap,
    host: {
      start: {
        "/proc/vmstat": lines({ pswpin: 0, pswpout: 0 }),
        "/proc/meminfo": ENOUGH,
        "/proc/swaps": "Filename\tType\tSize\tUsed\tPriority\n/dev/zram0  partition\t4194300\t3900000\t100\n",
      },
      end: { "/proc/vmstat": lines({ pswpin: 90_000, pswpout: 80_000 }) },
    },
    told: [],
  },
  {
    name: "a host that killed a process for want of memory since the last snapshot",
    collector: oom,
    host: {
      start: {
        ...BOOT,
        "/proc/self/mountinfo": "",
        "/proc/vmstat": lines({ oom_kill: 4 }),
        "/dev/kmsg":
          "3,900,4000000000,-;Out of memory: Killed process 812 (mysqld) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB\n",
      },
      remembered: { boot_id: "boot-1", oom_kill: 3, sequence: 800 },
    },
    told: ["oom.kill mysqld (pid 812) critical"],
  },
  {
    name: "a host that killed a process before the last snapshot",
    collector: oom,
    host: {
      start: {
        ...BOOT,
        "/proc/self/mountinfo": "",
        "/proc/vmstat": lines({ oom_kill: 4 }),
        "/dev/kmsg":
          "3,900,4990000000,-;Out of memory: Killed process 812 (mysqld) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB\n",
      },
      remembered: { boot_id: "boot-1", oom_kill: 4, sequence: 900 },
    },
    told: [],
  },
  {
    name: "a host with cgroup v2, one of whose services was killed at its limit",
    collector: oom,
    host: {
      start: {
        ...BOOT,
        "/proc/self/mountinfo": V2,
        "/proc/vmstat": lines({ oom_kill: 0 }),
        [`${SHOP}/memory.max`]: "1073741824\n",
        [`${SHOP}/memory.events.local`]: lines({ low: 0, high: 0, max: 5, oom: 0, oom_kill: 0 }),
        [`${SHOP}/cgroup.procs`]: "",
      },
      end: {
        "/proc/vmstat": lines({ oom_kill: 1 }),
        [`${SHOP}/memory.events.local`]: lines({ low: 0, high: 0, max: 9, oom: 1, oom_kill: 1 }),
        "/dev/kmsg":
          "6,900,4999000000,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/shop.slice/web.service,task_memcg=/shop.slice/web.service,task=java,pid=77,uid=0\n3,901,4999000010,-;Memory cgroup out of memory: Killed process 77 (java) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB\n",
      },
    },
    told: ["oom.cgroup_kill /shop.slice/web.service warning"],
  },
  {
    name: "a host out of memory, which killed a service that is not at its own limit",
    collector: oom,
    host: {
      start: {
        ...BOOT,
        "/proc/self/mountinfo": V2,
        "/proc/vmstat": lines({ oom_kill: 0 }),
        [`${SHOP}/memory.max`]: "1073741824\n",
        [`${SHOP}/memory.events`]: lines({ max: 5, oom: 0, oom_kill: 0 }),
        [`${SHOP}/cgroup.procs`]: "",
      },
      end: {
        "/proc/vmstat": lines({ oom_kill: 1 }),
        [`${SHOP}/memory.events`]: lines({ max: 5, oom: 0, oom_kill: 1 }),
      },
    },
    told: ["oom.kill critical"],
  },
  {
    name: "a CentOS 7, whose kernel counts no kills, and whose log has one in its old words",
    collector: oom,
    host: {
      start: {
        ...BOOT,
        "/proc/self/mountinfo": "",
        "/proc/vmstat": lines({ pgfault: 4 }),
        "/dev/kmsg": "3,900,4990000000,-;Out of memory: Kill process 812 (httpd) score 905 or sacrifice child\n" +
          "3,901,4990000001,-;Killed process 812 (httpd) total-vm:900kB, anon-rss:800kB, file-rss:0kB\n",
      },
    },
    told: ["oom.kill httpd (pid 812) critical"],
  },
];
