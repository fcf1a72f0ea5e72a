import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { type CpuSample, cpuUse, readFigures } from "../../../src/kernel/host/figures.ts";
import { readFilesystems } from "../../../src/kernel/host/filesystems.ts";
import { hostFigures } from "../../../src/protocol/mod.ts";

const process = (process_id: number, cpu_ticks: number, start_ticks = 1) => ({
  process_id,
  process_name: `p${process_id}`,
  state: "S",
  cpu_ticks,
  start_ticks,
});
const BEFORE: CpuSample = {
  at_ms: 1000,
  cpu: { total: 1000, idle: 800, iowait: 50, cpus: 2 },
  processes: [process(1, 100), process(2, 500), process(3, 70), process(9, 10)],
};
const AFTER: CpuSample = {
  at_ms: 2000,
  cpu: { total: 1200, idle: 880, iowait: 60, cpus: 2 },
  // 2 has ended and its pid is taken by a younger process; 4 is new; 9 is ktriage
  processes: [process(1, 100), process(2, 15, 77), process(3, 145), process(4, 20, 80), process(9, 20)],
};

Deno.test("cpuUse() takes ktriage's own share out, and knows a reused pid from the process before", () => {
  assert.deepEqual(cpuUse(BEFORE, AFTER, { own_pid: 9 }), {
    cpus: 2,
    cpu_busy_percent: 50,
    iowait_percent: 5,
    top_cpu: [
      { process_id: 3, process_name: "p3", cpu_percent: 75 },
      { process_id: 4, process_name: "p4", cpu_percent: 20 },
      { process_id: 2, process_name: "p2", cpu_percent: 15 },
    ],
  });
});

Deno.test("cpuUse() stays within 0 and 100 when the kernel's counters run backwards or stand still", () => {
  const back = { ...AFTER, cpu: { total: 1010, idle: 790, iowait: 49, cpus: 2 } };
  const use = cpuUse(BEFORE, back, { own_pid: 0 });
  assert.equal(use.iowait_percent, 0);
  assert.equal(use.cpu_busy_percent, 100);
  assert.equal(cpuUse(BEFORE, BEFORE, { own_pid: 0 }).cpu_busy_percent, 0);
});

Deno.test("readFigures() satisfies its schema and finds the process that burns a CPU", async () => {
  const burner = spawn("sh", ["-c", "while :; do :; done"]);
  try {
    const figures = await readFigures({ measure_ms: 500 });
    hostFigures.parse(figures);
    const found = figures.top_cpu.find(({ process_id }) => process_id === burner.pid);
    assert.equal(found?.process_name, "sh");
    assert.ok(found.cpu_percent > 10 && found.cpu_percent <= 110, `${found.cpu_percent} %`);
    assert.ok(figures.top_cpu.every(({ process_id }) => process_id !== Deno.pid));
    assert.ok(figures.filesystems.some(({ mount_point }) => mount_point === "/"));
    assert.ok(figures.processes > 1 && figures.memory_total_bytes > figures.memory_available_bytes);
  } finally {
    burner.kill("SIGKILL");
    await new Promise((resolve) => burner.once("exit", resolve));
  }
});

Deno.test("readFilesystems() agrees with df about the root, whether it asks itself or through a child", async () => {
  const df = new Deno.Command("df", { args: ["-B1", "--output=size,pcent", "/"] }).outputSync();
  const [, line = ""] = new TextDecoder().decode(df.stdout).split("\n");
  const [size, used = 0] = line.trim().split(/\s+/).map(Number.parseFloat);
  for (const type of ["ext4", "nfs4"]) {
    const mountinfo = `1 1 8:1 / / rw - ${type} /dev/sda1 rw\n`;
    const { filesystems: [root], filesystems_unreadable } = await readFilesystems({ mountinfo, timeout_ms: 5000 });
    assert.deepEqual(filesystems_unreadable, []);
    assert.equal(root?.size_bytes, size);
    assert.ok(Math.abs((root?.used_percent ?? Infinity) - used) <= 1.1);
  }
});

Deno.test("readFilesystems() names what cannot be read, of a network as of a local file system", async () => {
  const mountinfo = "1 1 0:1 / /nowhere/a rw - nfs4 nas:/x rw\n2 1 0:2 / /nowhere/b rw - ext4 /dev/sdb rw\n";
  const { filesystems, filesystems_unreadable } = await readFilesystems({ mountinfo });
  assert.deepEqual(filesystems, []);
  assert.deepEqual(filesystems_unreadable.map(({ mount_point }) => mount_point), ["/nowhere/a", "/nowhere/b"]);
  assert.ok(filesystems_unreadable.every(({ reason }) => reason.length > 0));
});
