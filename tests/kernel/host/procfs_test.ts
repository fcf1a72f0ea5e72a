import assert from "node:assert/strict";
import {
  availableMemory,
  isInSystemCall,
  parseCpuTimes,
  parseEffectiveCapabilities,
  parseLoadavg,
  parseMeminfo,
  parsePressure,
  parsePressureTotals,
  parsePrettyName,
  parseProcessStat,
  parseUptime,
  parseVmstatCounter,
} from "../../../src/kernel/host/procfs.ts";

const sample = (name: string): string => Deno.readTextFileSync(new URL(`../../data/proc/${name}`, import.meta.url));

Deno.test("parseLoadavg() reads the first two averages and rejects other text", () => {
  assert.deepEqual(parseLoadavg("0.06 12.50 0.03 1/93 8337\n"), { load_1m: 0.06, load_5m: 12.5 });
  assert.throws(() => parseLoadavg("load: high"), SyntaxError);
});

Deno.test("parseUptime() reads the seconds since boot", () => {
  assert.equal(parseUptime("2891.86 5664.89\n"), 2891.86);
  assert.throws(() => parseUptime(""), SyntaxError);
});

Deno.test("parseCpuTimes() sums eight states, leaves guest time out and counts the CPUs", () => {
  const text =
    "cpu  100 1 20 300 40 5 6 7 50 2\ncpu0 50 0 10 150 20 0 3 3 25 1\ncpu1 50 1 10 150 20 5 3 4 25 1\nintr 9 0\n";
  assert.deepEqual(parseCpuTimes(text), {
    total: 479,
    idle: 300,
    iowait: 40,
    system: 20,
    irq: 11,
    steal: 7,
    cpus: 2,
  });
});

Deno.test("parseCpuTimes() takes a recorded file, and old lines without steal", () => {
  const times = parseCpuTimes(sample("stat"));
  assert.equal(times.cpus, 2);
  assert.ok(times.idle > 0 && times.total > times.idle);
  assert.deepEqual(parseCpuTimes("cpu 1 2 3 4\ncpu0 1 2 3 4\n"), {
    total: 10,
    idle: 4,
    iowait: 0,
    system: 3,
    irq: 0,
    steal: 0,
    cpus: 1,
  });
  assert.throws(() => parseCpuTimes("intr 1 2 3\n"), SyntaxError);
});

Deno.test("parseMeminfo() turns kB into bytes and leaves counts alone", () => {
  const meminfo = parseMeminfo(sample("meminfo_3.10"));
  assert.equal(meminfo.get("MemTotal"), 1016860 * 1024);
  assert.equal(meminfo.get("HugePages_Total"), 4);
  assert.equal(parseMeminfo(sample("meminfo")).get("MemTotal"), 24684096 * 1024);
});

Deno.test("availableMemory() takes the kernel's word, and adds up where it says nothing", () => {
  assert.equal(availableMemory(new Map([["MemAvailable", 7], ["MemFree", 1]])), 7);
  assert.equal(availableMemory(parseMeminfo(sample("meminfo_3.10"))), (69984 + 12 + 412340) * 1024);
});

Deno.test("parsePressure() reads avg10 of the some line, also of kernels without a full line", () => {
  assert.equal(parsePressure("some avg10=12.34 avg60=1.00 avg300=0.10 total=5\n"), 12.34);
  assert.equal(typeof parsePressure(sample("pressure_io")), "number");
  assert.equal(parsePressure(""), undefined);
});

Deno.test("parsePressureTotals() reads both lines, and only what is there", () => {
  const text =
    "some avg10=0.00 avg60=0.00 avg300=0.00 total=1353247\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=754044\n";
  assert.deepEqual(parsePressureTotals(text), { some: 1353247, full: 754044 });
  assert.deepEqual(parsePressureTotals("some avg10=12.34 avg60=1.00 avg300=0.10 total=5\n"), { some: 5 });
  assert.deepEqual(parsePressureTotals("nonsense"), {});
});

Deno.test("parseVmstatCounter() takes the whole name, and is undefined on kernels without the counter", () => {
  assert.equal(parseVmstatCounter("oom_killed 9\noom_kill 3\n", "oom_kill"), 3);
  assert.equal(parseVmstatCounter(sample("vmstat"), "oom_kill"), 0);
  assert.equal(parseVmstatCounter("pgfault 1\n", "oom_kill"), undefined);
});

Deno.test("parseProcessStat() reads a name that holds parentheses and spaces", () => {
  assert.deepEqual(parseProcessStat(sample("pid_stat_odd_name")), {
    process_id: 4711,
    process_name: "tail) (-f",
    state: "R",
    cpu_ticks: 300,
    start_ticks: 123456,
    parent_id: 1,
    threads: 1,
    is_kernel_thread: false,
  });
});

Deno.test("parseProcessStat() is undefined for a process that ended while it was read", () => {
  assert.equal(parseProcessStat(""), undefined);
  assert.equal(parseProcessStat("12 (sh) S 1 2"), undefined);
});

Deno.test("parseProcessStat() reads this very process", () => {
  const stat = parseProcessStat(Deno.readTextFileSync("/proc/self/stat"));
  assert.equal(stat?.process_id, Deno.pid);
});

Deno.test("parseEffectiveCapabilities() reads CapEff and not its neighbours", () => {
  assert.equal(parseEffectiveCapabilities(sample("status_root")), 0x1fffeffffffn);
  assert.equal(parseEffectiveCapabilities("CapPrm:\tff\nCapEff:\t0000000000000000\n"), 0n);
  assert.equal(parseEffectiveCapabilities("Name:\tx\n"), 0n);
});

Deno.test("parsePrettyName() undoes the quoting of os-release", () => {
  assert.equal(
    parsePrettyName('ID=debian\nPRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n'),
    "Debian GNU/Linux 12 (bookworm)",
  );
  assert.equal(parsePrettyName("PRETTY_NAME=Alpine\n"), "Alpine");
  assert.equal(parsePrettyName("PRETTY_NAME='Say \\$5'\n"), "Say \\$5");
  assert.equal(parsePrettyName('PRETTY_NAME="A \\"good\\" \\$1"\n'), 'A "good" $1');
  assert.equal(parsePrettyName("ID=x\n"), undefined);
});

Deno.test("isInSystemCall() tells a thread that waits in a call from one that runs", () => {
  assert.equal(isInSystemCall("0 0x0 0x7ffd 0x40 0x0 0x0 0x0 0x7ffc 0x7f10"), true);
  assert.equal(isInSystemCall("-1 0x7ffd 0x7f10"), false);
  assert.equal(isInSystemCall("running\n"), false);
});
