/** Processes, their limits, control groups, tables of the kernel. */
import { cgroups } from "../../../../src/snapshot/collectors/cgroups.ts";
import { kernelLimits } from "../../../../src/snapshot/collectors/kernel_limits.ts";
import { processes } from "../../../../src/snapshot/collectors/processes.ts";
import { processLimits } from "../../../../src/snapshot/collectors/process_limits.ts";
import type { Files } from "../../recorded.ts";
import { type Case, lines, stat } from "./case.ts";

const UPTIME = { "/proc/uptime": "100.00 200.00\n" };
const switches = (own: number) => `Name:\tx\nvoluntary_ctxt_switches:\t${own}\nnonvoluntary_ctxt_switches:\t3\n`;
const V1 = "30 20 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n" +
  "31 20 0:27 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n32 20 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids\n";
const V2 = "30 20 0:26 / /sys/fs/cgroup rw,nsdelegate - cgroup2 cgroup2 rw\n";
const WEB = "/sys/fs/cgroup/system.slice/web.service";
const WEB_CPU = "/sys/fs/cgroup/cpu/web",
  WEB_MEMORY = "/sys/fs/cgroup/memory/web",
  WEB_PIDS = "/sys/fs/cgroup/pids/web";

function many(count: number, of: (at: number) => string, from = 1000): Files {
  return Object.fromEntries(Array.from({ length: count }, (_, at) => [`/proc/${from + at}/stat`, of(from + at)]));
}

/** Another process under the same name and parent at the window's end; pid 40 is the parent. */
function restarted(parent: string, start_ticks: number): Pick<Case, "collector" | "host"> {
  return {
    collector: processes,
    host: {
      start: {
        ...UPTIME,
        "/proc/40/stat": stat(40, { name: parent }),
        "/proc/81/stat": stat(81, { name: "shop", parent: 40, start_ticks }),
      },
      end: { "/proc/81/stat": "", "/proc/82/stat": stat(82, { name: "shop", parent: 40, start_ticks: 9990 }) },
    },
  };
}

function limited(fd_size: number, open: number, limits: string): Pick<Case, "collector" | "host"> {
  return {
    collector: processLimits,
    host: {
      start: {
        "/proc/7/stat": stat(7, { name: "mysqld" }),
        "/proc/7/limits": `Limit  Soft Limit\nMax open files            ${limits}\n`,
      },
      facts: { "/proc/self/fd": { size_bytes: fd_size }, "/proc/7/fd": { size_bytes: open } },
    },
  };
}

function group(start: Files, end: Files = {}): Pick<Case, "collector" | "host"> {
  return { collector: cgroups, host: { start: { "/proc/self/mountinfo": V2, ...start }, end } };
}

export const PROCESS_CASES: readonly Case[] = [
  {
    name: "a process that hangs in the kernel",
    collector: processes,
    host: {
      start: {
        ...UPTIME,
        "/proc/50/stat": stat(50, { name: "df", state: "D" }),
        "/proc/50/status": switches(10),
        "/proc/50/wchan": "rpc_wait_bit_killable",
      },
    },
    told: ["process.stuck df (pid 50) warning"],
  },
  {
    name:
      "a process that reads a busy disk, a kernel thread that waits by design, a parent in vfork(), and a paused container",
    collector: processes,
    host: {
      start: {
        ...UPTIME,
        "/proc/50/stat": stat(50, { name: "dd", state: "D" }),
        "/proc/50/status": switches(10),
        "/proc/51/stat": stat(51, { name: "kworker/u4:1", state: "D", flags: 0x200040, parent: 2 }),
        "/proc/51/status": switches(10),
        "/proc/52/stat": stat(52, { name: "make", state: "D" }),
        "/proc/52/status": switches(10),
        "/proc/52/wchan": "wait_for_vfork_done",
        "/proc/53/stat": stat(53, { name: "nginx", state: "D" }),
        "/proc/53/status": switches(10),
        "/proc/53/cgroup": "9:freezer:/docker/1f\n0::/\n",
        "/proc/self/mountinfo": "32 20 0:28 / /sys/fs/cgroup/freezer rw - cgroup cgroup rw,freezer\n",
        "/sys/fs/cgroup/freezer/docker/1f/freezer.state": "FROZEN\n",
      },
      end: { "/proc/50/status": switches(400) },
    },
    told: [],
  },
  {
    name: "a parent that never waits for its children",
    collector: processes,
    host: {
      start: {
        ...UPTIME,
        "/proc/60/stat": stat(60, { name: "agent" }),
        ...many(30, (pid) => stat(pid, { state: "Z", parent: 60 })),
      },
    },
    told: ["process.zombies agent (pid 60) warning"],
  },
  {
    name: "a busy host on which thirty processes have just ended, and three zombies stay",
    collector: processes,
    host: {
      start: { ...UPTIME, ...many(3, (pid) => stat(pid, { state: "Z", parent: 60 })) },
      end: many(30, (pid) => stat(pid, { state: "Z", parent: 60 }), 2000),
    },
    told: [],
  },
  {
    name: "a service that runit starts again and again",
    ...restarted("runsv", 9800),
    told: ["process.restart_loop shop warning"],
  },
  { name: "a service that was restarted after a week", ...restarted("runsv", -60_000_000), told: [] },
  { name: "a shell that runs one command after the other", ...restarted("bash", 9800), told: [] },
  {
    name: "a process near its limit of files",
    ...limited(30, 960, "1024                 4096                 files"),
    told: ["process.fd_limit mysqld (pid 7) warning"],
  },
  {
    name: "a process with as many files under a higher limit",
    ...limited(30, 960, "524288               524288               files"),
    told: [],
  },
  {
    name: "a process that gave up opening files on purpose",
    ...limited(30, 300, "0                    0                    files"),
    told: [],
  },
  {
    name: "a process near its limit of files, on a kernel before 6.2 and cgroup v1",
    collector: processLimits,
    host: {
      start: {
        "/proc/7/stat": stat(7, { name: "squid" }),
        "/proc/7/status": "Name:\tsquid\nFDSize:\t1024\n",
        "/proc/7/limits": "Max open files            1024                 4096                 files\n",
        ...Object.fromEntries(Array.from({ length: 1020 }, (_, fd) => [`/proc/7/fd/${fd}`, { link: "/dev/null" }])),
      },
    },
    told: ["process.fd_limit squid (pid 7) critical"],
  },
  {
    name: "a user with all threads that it may have",
    collector: processLimits,
    host: {
      start: {
        "/proc/7/stat": stat(7, { name: "java", threads: 4050 }),
        "/proc/7/limits": "Max processes             4096                 4096                 processes\n",
      },
      facts: { "/proc/7": { user_id: 1000 } },
    },
    told: ["process.thread_limit user 1000 critical"],
  },
  {
    name: "root with more threads than its limit, which does not hold for it",
    collector: processLimits,
    host: {
      start: {
        "/proc/7/stat": stat(7, { name: "java", threads: 4050 }),
        "/proc/7/limits": "Max processes             4096                 4096                 processes\n",
      },
    },
    told: [],
  },
  {
    name: "a host whose tables are full",
    collector: kernelLimits,
    host: {
      start: {
        "/proc/loadavg": "9.0 9.0 9.0 3/31500 999\n",
        "/proc/sys/kernel/pid_max": "32768\n",
        "/proc/sys/kernel/threads-max": "35000\n",
        "/proc/sys/fs/file-nr": "99000\t0\t100000\n",
        "/proc/sys/fs/file-max": "100000\n",
        "/proc/sys/fs/aio-nr": "63000\n",
        "/proc/sys/fs/aio-max-nr": "65536\n",
      },
    },
    told: [
      "kernel.files_limit critical",
      "kernel.process_ids_limit critical",
      "kernel.threads_limit warning",
      "kernel.async_io_limit warning",
    ],
  },
  {
    name: "a host with no end to its table of files (Linux 5.x)",
    collector: kernelLimits,
    host: {
      start: {
        "/proc/loadavg": "9.0 9.0 9.0 3/500 999\n",
        "/proc/sys/kernel/pid_max": "4194304\n",
        "/proc/sys/fs/file-nr": "99000\t0\t9223372036854775807\n",
        "/proc/sys/fs/file-max": "9223372036854775807\n",
      },
    },
    told: [],
  },
  {
    name: "a service throttled to a fifth of a CPU",
    ...group(
      {
        [`${WEB}/cpu.max`]: "20000 100000\n",
        [`${WEB}/cpu.stat`]: lines({ usage_usec: 0, nr_periods: 50, nr_throttled: 40, throttled_usec: 9 }),
      },
      { [`${WEB}/cpu.stat`]: lines({ usage_usec: 0, nr_periods: 150, nr_throttled: 138, throttled_usec: 8_000_000 }) },
    ),
    told: ["cgroup.throttled /system.slice/web.service warning"],
  },
  {
    name: "a service that is throttled for a moment",
    ...group(
      {
        [`${WEB}/cpu.max`]: "200000 100000\n",
        [`${WEB}/cpu.stat`]: lines({ nr_periods: 50, nr_throttled: 40, throttled_usec: 9 }),
      },
      { [`${WEB}/cpu.stat`]: lines({ nr_periods: 150, nr_throttled: 60, throttled_usec: 800_000 }) },
    ),
    told: [],
  },
  {
    name: "a helper with a tiny limit that is stopped in most periods of the moment in which it runs",
    ...group(
      {
        [`${WEB}/cpu.max`]: "10000 100000\n",
        [`${WEB}/cpu.stat`]: lines({ nr_periods: 0, nr_throttled: 0, throttled_usec: 0 }),
      },
      { [`${WEB}/cpu.stat`]: lines({ nr_periods: 12, nr_throttled: 11, throttled_usec: 900_000 }) },
    ),
    told: [],
  },
  {
    name: "a service throttled under cgroup v1",
    collector: cgroups,
    host: {
      start: {
        "/proc/self/mountinfo": V1,
        [`${WEB_CPU}/cpu.cfs_quota_us`]: "20000\n",
        [`${WEB_CPU}/cpu.cfs_period_us`]: "100000\n",
        [`${WEB_CPU}/cpu.stat`]: lines({ nr_periods: 50, nr_throttled: 40, throttled_time: 9 }),
        [`${WEB_CPU}/tasks/x`]: "",
      },
      end: { [`${WEB_CPU}/cpu.stat`]: lines({ nr_periods: 150, nr_throttled: 138, throttled_time: 8e9 }) },
    },
    told: ["cgroup.throttled /web warning"],
  },
  {
    name: "a service near its limit of memory",
    ...group({
      [`${WEB}/memory.max`]: "1073741824\n",
      [`${WEB}/memory.current`]: "1060000000\n",
      [`${WEB}/memory.stat`]: lines({ anon: 1_050_000_000, inactive_file: 10_000_000 }),
    }),
    told: ["cgroup.memory_limit /system.slice/web.service warning"],
  },
  {
    name: "a service full of page cache",
    ...group({
      [`${WEB}/memory.max`]: "1073741824\n",
      [`${WEB}/memory.current`]: "1073741824\n",
      [`${WEB}/memory.stat`]: lines({
        anon: 50_000_000,
        inactive_file: 300_000_000,
        active_file: 500_000_000,
        slab_reclaimable: 100_000_000,
      }),
    }),
    told: [],
  },
  {
    name: "a service near its limit of memory, and one without, under cgroup v1",
    collector: cgroups,
    host: {
      start: {
        "/proc/self/mountinfo": V1,
        "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
        "/sys/fs/cgroup/memory/memory.usage_in_bytes": "9000000000\n",
        [`${WEB_MEMORY}/memory.limit_in_bytes`]: "1073741824\n",
        [`${WEB_MEMORY}/memory.usage_in_bytes`]: "1073000000\n",
        [`${WEB_MEMORY}/memory.stat`]: lines({ total_inactive_file: 100, inactive_file: 900_000_000 }),
        [`${WEB_MEMORY}/memory.oom_control`]: lines({ oom_kill_disable: 0, under_oom: 0, oom_kill: 0 }),
      },
    },
    told: ["cgroup.memory_limit /web critical"],
  },
  {
    name: "a service that forks without end, and the slice around it",
    ...group(
      {
        [`${WEB}/pids.max`]: "64\n",
        [`${WEB}/pids.current`]: "64\n",
        [`${WEB}/pids.events`]: "max 3\n",
        "/sys/fs/cgroup/system.slice/pids.max": "100\n",
        "/sys/fs/cgroup/system.slice/pids.current": "95\n",
        "/sys/fs/cgroup/system.slice/pids.events": "max 0\n",
      },
      { [`${WEB}/pids.events`]: "max 903\n" },
    ),
    told: ["cgroup.pids_limit /system.slice/web.service critical"],
  },
  {
    name: "a service that was refused processes yesterday (cgroup v1)",
    collector: cgroups,
    host: {
      start: {
        "/proc/self/mountinfo": V1,
        [`${WEB_PIDS}/pids.max`]: "64\n",
        [`${WEB_PIDS}/pids.current`]: "12\n",
        [`${WEB_PIDS}/pids.events`]: "max 903\n",
      },
    },
    told: [],
  },
];
