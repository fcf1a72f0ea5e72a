/** The tool `irq-time` against the counts that the kernel itself keeps. */
import assert from "node:assert/strict";
import { type IrqCounters, parseIrqTable, readIrqCounters } from "../../src/probes/tools/irq_counters.ts";
import { rowsOf, runTool } from "../support/tools.ts";
import { Workload } from "../support/workload.ts";

/**
 * What interrupts another BPF program on its CPU may be skipped by the kernel, which then does not tell; and its tables are
 * not read at one instant.
 */
const ERROR = 0.1;

type Row = Record<string, string | number | null>;

/** What came between two readings, of one source. */
function between(before: IrqCounters, after: IrqCounters, kind: "hard" | "soft", name: RegExp): number {
  const count = (counters: IrqCounters): number =>
    [...counters[kind]].filter(([key]) => name.test(key)).reduce((sum, [, count]) => sum + count, 0);
  return count(after) - count(before);
}

for (const way of [0, 1]) {
  Deno.test(`irq-time (way ${way}) counts what /proc/interrupts and /proc/softirqs count, and no source that was silent`, async () => {
    await using workload = await Workload.start(["burn", "600"], { source: "stalls" });
    const readings: IrqCounters[] = [readIrqCounters()];
    const result = await runTool("irq-time", async () => {
      readings.push(readIrqCounters());
      await workload.go();
      readings.push(readIrqCounters());
    }, { way });
    readings.push(readIrqCounters());
    const [first, second, third, last] = readings as [IrqCounters, IrqCounters, IrqCounters, IrqCounters];
    const { missed_hits = 0 } = result;
    const assertCount = (row: Row | undefined, kind: "hard" | "soft", name: RegExp): void => {
      const count = Number(row?.count ?? 0);
      const least = between(second, third, kind, name) - missed_hits, most = between(first, last, kind, name);
      assert.ok(count >= least * (1 - ERROR) - 2 && count <= most, `${name}: ${count}, not from ${least} to ${most}`);
    };
    const soft = rowsOf(result.reading, "soft"), hard = rowsOf(result.reading, "hard");
    for (const name of ["TIMER", "NET_RX", "BLOCK", "SCHED", "RCU"]) {
      assertCount(soft.find(({ interrupt }) => interrupt === name), "soft", new RegExp(`^${name}$`));
    }
    if (Deno.build.arch === "x86_64") {
      assertCount(hard.find(({ interrupt }) => interrupt === "local timer"), "hard", /^LOC /);
      assert.ok(Number(hard.find(({ interrupt }) => interrupt === "local timer")?.count) > 0);
    }
    for (const { number, count } of hard.filter(({ number }) => number !== null)) {
      const name = new RegExp(`^${number} `);
      // arm64 lists the interrupts from CPU to CPU without their numbers
      if ([...last.hard.keys()].some((key) => name.test(key))) assertCount({ count: count! }, "hard", name);
    }
    for (const row of [...hard, ...soft]) {
      assert.ok(Number(row.count) > 0 && Number(row.longest) > 0 && Number(row.longest) < 1e9, JSON.stringify(row));
    }
    // no more than there is: every CPU has 100%
    for (const { hard, soft } of rowsOf(result.reading, "by_cpu")) assert.ok(Number(hard) + Number(soft) <= 100);
    assert.equal(result.lost_events, 0);
  });
}

Deno.test("irq-time without BPF tells how often each came", async () => {
  await using workload = await Workload.start(["burn", "300"], { source: "stalls" });
  const result = await runTool("irq-time", () => workload.go(), { way: 2 });
  assert.ok(rowsOf(result.reading, "hard").every(({ count }) => Number(count) > 0));
  assert.ok(result.reading.figures.hard_interrupts! > 0);
});

Deno.test("parseIrqTable() adds up CPUs and names devices, whatever stands between", () => {
  const text = `           CPU0       CPU1
 36:          3    2159255 PCI-MSIX-0000:00:02.0   1-edge      virtio1-req.0
 13:         10          0     GICv3  27 Level     arch_timer
NMI:          0          0   Non-maskable interrupts
ERR:          7
`;
  assert.deepEqual([...parseIrqTable(text)], [
    ["36 virtio1-req.0", 2159258],
    ["13 arch_timer", 10],
    ["NMI Non-maskable interrupts", 0],
    ["ERR", 7],
  ]);
  const softirqs = "                    CPU0       CPU1\n          HI:          1          2\n";
  assert.deepEqual([...parseIrqTable(softirqs)], [["HI", 3]]);
});
