/** Healthy hosts of distributions that no machine here runs, by the formats of their kernels: none raises anything. */
import assert from "node:assert/strict";
import type { Collected } from "../../../src/snapshot/collector.ts";
import { COLLECTORS } from "../../../src/snapshot/collectors/mod.ts";
import { figure, type Files, told, type WrittenHost, writtenSources } from "../recorded.ts";
import { GiB, lines, stat, table, tcp } from "./cases/case.ts";

const data = (name: string): string => Deno.readTextFileSync(new URL(`../../data/proc/${name}`, import.meta.url));

async function collectAll(host: WrittenHost): Promise<ReadonlyMap<string, Collected>> {
  const { sources, end } = writtenSources(host);
  const started = [];
  for (const { name, start } of COLLECTORS) started.push([name, await start(sources)] as const);
  end();
  const all = new Map<string, Collected>();
  for (const [name, finish] of started) all.set(name, await finish({ window_s: 10 }));
  return all;
}

function states(all: ReadonlyMap<string, Collected>, wanted: "absent" | "partial" | "failed"): readonly string[] {
  return [...all].flatMap(([name, { state }]) => state?.state === wanted ? [name] : []);
}

const findingsOf = (all: ReadonlyMap<string, Collected>) => [...all.values()].flatMap(told);

/** Linux 3.10: no MemAvailable, no PSI, no oom_kill, three fields fewer in diskstats, one statistic of allocstall. */
const CENTOS_7: WrittenHost = {
  start: {
    "/proc/stat": "cpu  100 1 20 3000 40 5 6 7 50 2\ncpu0 100 1 20 3000 40 5 6 7 50 2\nctxt 9000\nprocesses 400\n",
    "/proc/loadavg": "0.01 0.05 0.05 1/212 21873\n",
    "/proc/meminfo": data("meminfo_3.10"),
    "/proc/vmstat": lines({ pgmajfault: 100, pswpin: 0, pswpout: 0, allocstall: 0 }),
    "/proc/uptime": "8640000.51 8000000.00\n",
    "/proc/self/mountinfo": "17 39 0:3 / /proc rw,nosuid shared:5 - proc proc rw\n" +
      "39 1 253:0 / / rw,relatime shared:1 - xfs /dev/mapper/centos-root rw,attr2,inode64,noquota\n" +
      "41 39 8:1 / /boot rw,relatime shared:30 - xfs /dev/sda1 rw,attr2,inode64,noquota\n" +
      "26 25 0:22 / /sys/fs/cgroup/systemd rw shared:9 - cgroup cgroup rw,xattr,name=systemd\n" +
      "31 25 0:27 / /sys/fs/cgroup/cpu,cpuacct rw shared:14 - cgroup cgroup rw,cpuacct,cpu\n" +
      "33 25 0:29 / /sys/fs/cgroup/memory rw shared:16 - cgroup cgroup rw,memory\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/system.slice/memory.limit_in_bytes": "9223372036854771712\n",
    "/sys/fs/cgroup/memory/system.slice/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\n",
    "/proc/diskstats":
      "   8       0 sda 10000 5 300000 4000 9000 50 400000 9000 0 6000 13000\n   8       1 sda1 1 0 8 1 0 0 0 0 0 1 1\n 253       0 dm-0 9000 0 200000 3000 8000 0 300000 8000 0 5000 11000\n",
    "/sys/block/sda/device/state": "running\n",
    "/sys/block/dm-0/size": "1\n",
    "/proc/net/dev": "Inter-|   Receive\n face |bytes\n  eth0: 5000 50 0 12 0 0 0 0 6000 60 0 0 0 0 0 0\n",
    "/sys/class/net/eth0/device/vendor": "0x1af4\n",
    "/sys/class/net/eth0/carrier": "1\n",
    "/proc/net/snmp": table("Tcp", { ActiveOpens: 5, PassiveOpens: 9, AttemptFails: 4, OutSegs: 900, RetransSegs: 3 }),
    "/proc/net/netstat": table("TcpExt", { ListenOverflows: 12, ListenDrops: 12 }),
    "/proc/net/tcp": tcp([{ port: 22, waiting: 0, inode: 9 }], { "01": 2 }),
    "/proc/net/sockstat": "sockets: used 180\nTCP: inuse 4 orphan 0 tw 0 alloc 5 mem 1\n",
    "/etc/resolv.conf": "search example.org\nnameserver 192.0.2.53\n",
    "/proc/1/stat": stat(1, { name: "systemd", parent: 0 }),
    "/proc/1/status": "Name:\tsystemd\nFDSize:\t64\n",
    "/proc/2/stat": stat(2, { name: "kthreadd", flags: 0x208040, parent: 0 }),
    "/proc/900/stat": stat(900, { name: "chronyd" }),
    "/etc/chrony.conf": "server 0.centos.pool.ntp.org iburst\nrtcsync\n",
    "/proc/sys/kernel/pid_max": "32768\n",
    "/proc/sys/kernel/threads-max": "14989\n",
    "/proc/sys/fs/file-nr": "1120\t0\t97000\n",
    "/proc/sys/fs/file-max": "97000\n",
    "/proc/sys/kernel/osrelease": "3.10.0-1160.el7.x86_64\n",
    "/lib/modules/3.10.0-1160.el7.x86_64/modules.dep": "",
    "/lib/modules/3.10.0-957.el7.x86_64/modules.dep": "",
    "/proc/sys/kernel/tainted": "0\n",
    "/proc/sys/kernel/random/boot_id": "6b5c1d3e-0000-4000-8000-000000000007\n",
    "/dev/kmsg": "6,1,0,-;Linux version 3.10.0-1160.el7.x86_64\n4,2,10,-;WARNING: old driver\n",
    "/run/systemd/system/x": "",
  },
  end: {
    "/proc/stat": "cpu  150 1 30 3900 60 5 6 7 60 2\ncpu0 150 1 30 3900 60 5 6 7 60 2\nctxt 9900\nprocesses 410\n",
    "/proc/diskstats":
      "   8       0 sda 10200 5 304000 4100 9200 50 404000 9400 0 6100 13500\n   8       1 sda1 1 0 8 1 0 0 0 0 0 1 1\n 253       0 dm-0 9000 0 200000 3000 8000 0 300000 8000 0 5000 11000\n",
  },
  space: {
    "/": { size_bytes: 50 * GiB, available_bytes: 20 * GiB, inodes: 26e6, inodes_free: 25e6 },
    "/boot": { size_bytes: GiB, available_bytes: 0.6 * GiB, inodes: 524_288, inodes_free: 523_900 },
  },
  output: "",
  clock: { synchronised: true, offset_s: 0.0001, max_error_s: 0.02 },
};

/** A container without privileges: no log, no /sys of its own, cgroup v2 with its own group as the root, musl's tools. */
const ALPINE_CONTAINER: WrittenHost = {
  start: {
    "/proc/stat": data("stat"),
    "/proc/loadavg": "38.10 36.05 30.05 3/4212 73\n",
    "/proc/meminfo": data("meminfo"),
    "/proc/vmstat": data("vmstat"),
    "/proc/uptime": "5000.00 100.00\n",
    "/proc/self/mountinfo": data("mountinfo_docker") + "700 612 0:60 / /sys/fs/cgroup ro,nosuid - cgroup2 cgroup rw\n",
    "/sys/fs/cgroup/cpu.max": "200000 100000\n",
    "/sys/fs/cgroup/cpu.stat": lines({ usage_usec: 5, nr_periods: 90, nr_throttled: 3, throttled_usec: 900 }),
    "/sys/fs/cgroup/memory.max": "536870912\n",
    "/sys/fs/cgroup/memory.current": "536000000\n",
    "/sys/fs/cgroup/memory.stat": lines({ anon: 90_000_000, inactive_file: 400_000_000 }),
    "/sys/fs/cgroup/memory.events": lines({ low: 0, high: 0, max: 4000, oom: 0, oom_kill: 0 }),
    "/sys/fs/cgroup/pids.max": "max\n",
    "/proc/diskstats": new Error("Permission denied (os error 13)"),
    "/dev/kmsg": new Error("Operation not permitted (os error 1)"),
    "/proc/net/dev": "Inter-|   Receive\n face |bytes\n  eth0: 5000 50 0 0 0 0 0 0 6000 60 0 0 0 0 0 0\n",
    "/proc/net/snmp": table("Tcp", { ActiveOpens: 5, OutSegs: 900, RetransSegs: 3 }),
    "/proc/net/tcp": tcp([{ port: 8080, waiting: 0, inode: 9 }]),
    "/proc/net/sockstat": "sockets: used 18\nTCP: inuse 4 orphan 0 tw 0 alloc 5 mem 1\n",
    "/proc/net/udp": "  sl  local_address\n",
    "/etc/resolv.conf": "nameserver 127.0.0.11\noptions ndots:0\n",
    "/proc/1/stat": stat(1, { name: "node", parent: 0 }),
    "/proc/sys/kernel/osrelease": "6.8.0-40-generic\n",
    "/proc/sys/kernel/tainted": "4609\n",
  } satisfies Files,
  space: { "/": { size_bytes: 900 * GiB, available_bytes: 27 * GiB, inodes: 6e7, inodes_free: 5e7 } },
};

Deno.test("a healthy CentOS 7 (Linux 3.10, cgroup v1) raises nothing", async () => {
  const all = await collectAll(CENTOS_7);
  assert.deepEqual(findingsOf(all), []);
  assert.deepEqual(states(all, "partial"), []);
  assert.deepEqual(
    states(all, "absent"),
    ["pressure", "memory_errors", "swap", "conntrack"].filter((name) =>
      name !== "swap" || !/SwapTotal:\s+[1-9]/.test(data("meminfo_3.10"))
    ),
  );
  assert.equal(figure(all.get("block_devices")!, "block.requests_per_s"), 40); // without dm-0, which lies on sda
  assert.equal(figure(all.get("block_devices")!, "block.await_ms", "sda"), 1.25);
  assert.equal(figure(all.get("units")!, "unit.failed"), 0);
  assert.equal(figure(all.get("reboot")!, "reboot.pending"), 0);
});

Deno.test("a healthy container without privileges, on a host with a high load, raises nothing and says what it cannot see", async () => {
  const { "/proc/diskstats": _disks, ...files } = ALPINE_CONTAINER.start;
  const all = await collectAll({ ...ALPINE_CONTAINER, start: { ...files, "/dev/kmsg": "" } });
  assert.deepEqual(findingsOf(all), []);
  assert.equal(figure(all.get("cgroups")!, "cgroup.limited"), 2);
  const absent = states(all, "absent");
  for (const name of ["units", "conntrack", "block_devices", "clock"]) {
    assert.ok(absent.includes(name), `${name} is not absent`);
  }
});

Deno.test("what may not be read fails alone: the log in a container, disks that are hidden", async () => {
  const failed: string[] = [];
  for (const { name, start } of COLLECTORS) {
    const { sources, end } = writtenSources(ALPINE_CONTAINER);
    try {
      const finish = await start(sources);
      end();
      assert.deepEqual((await finish({ window_s: 10 })).findings, []);
    } catch (error) {
      assert.match(String(error), /os error/);
      failed.push(name);
    }
  }
  assert.deepEqual(failed, ["block_devices", "kernel_log"]);
});
