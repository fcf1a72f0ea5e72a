import assert from "node:assert/strict";
import { cpuHierarchies, parseCpuMax, parseCpuStat } from "../../../src/kernel/host/cpu_groups.ts";

Deno.test("cpuHierarchies() finds version 1 by its controllers, joint or alone, and version 2", () => {
  const mountinfo = [
    "25 24 0:22 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct",
    "26 24 0:23 / /sys/fs/cgroup/cpuset rw,relatime - cgroup cgroup rw,cpuset",
    "27 24 0:24 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw",
  ].join("\n");
  assert.deepEqual(cpuHierarchies(mountinfo), [
    { version: 1, mount_point: "/sys/fs/cgroup/cpu,cpuacct" },
    { version: 2, mount_point: "/sys/fs/cgroup/unified" },
  ]);
});

Deno.test("parseCpuStat() reads both versions, in nanoseconds", () => {
  const v1 = "nr_periods 50\nnr_throttled 40\nthrottled_time 3200000000\nnr_bursts 0\nburst_time 0\n";
  const v2 = "usage_usec 1\nuser_usec 1\nsystem_usec 0\nnr_periods 50\nnr_throttled 40\nthrottled_usec 3200000\n";
  for (const text of [v1, v2]) {
    assert.deepEqual(parseCpuStat(text), { periods: 50, throttled_periods: 40, throttled_ns: 3.2e9 });
  }
  assert.equal(parseCpuStat("usage_usec 1\nuser_usec 1\nsystem_usec 0\n"), undefined); // the root, without quota
  assert.equal(parseCpuStat(""), undefined);
});

Deno.test("parseCpuMax() is a share of one CPU, and nothing without bound", () => {
  assert.equal(parseCpuMax("20000 100000\n"), 20);
  assert.equal(parseCpuMax("150000 50000\n"), 300);
  assert.equal(parseCpuMax("max 100000\n"), undefined);
  assert.equal(parseCpuMax(""), undefined);
});
