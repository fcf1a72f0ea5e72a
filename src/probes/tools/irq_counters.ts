/** Without BPF: how often interrupts came, and the time that the kernel counts in ticks. */
import { counters } from "./proc.ts";
import { tableOf } from "./reading.ts";
import type { RunningTool } from "./tool.ts";

export interface IrqCounters {
  /** By what the line begins with and says at its end: `36 virtio1-req.0`, `LOC Local timer interrupts`. */
  readonly hard: ReadonlyMap<string, number>;
  readonly soft: ReadonlyMap<string, number>;
  /** In clock ticks, over all CPUs. */
  readonly hard_ticks: number;
  readonly soft_ticks: number;
}

/** USER_HZ: 1/100 s on every Linux. */
const TICK_NS = 1e7;

/**
 * `/proc/interrupts` and `/proc/softirqs`: a row a source, a column a CPU, then words that describe it.
 *
 * @returns sums over the CPUs
 */
export function parseIrqTable(text: string): Map<string, number> {
  const [header = "", ...lines] = text.split("\n");
  const cpus = header.trim().split(/\s+/).length;
  const sums = new Map<string, number>();
  for (const line of lines) {
    const [label = "", ...rest] = line.trim().split(/\s+/);
    if (!label.endsWith(":")) continue;
    const counts = rest.slice(0, cpus).filter((word) => /^\d+$/.test(word));
    const words = rest.slice(counts.length);
    // of `PCI-MSIX-0000:00:02.0 1-edge virtio1-req.0` the last word is the device, of the CPU's own all are the name
    const name = /^\d+:$/.test(label) ? words.at(-1) ?? "" : words.join(" ");
    sums.set(`${label.slice(0, -1)} ${name}`.trim(), counts.reduce((sum, count) => sum + Number(count), 0));
  }
  return sums;
}

export function readIrqCounters(): IrqCounters {
  // user nice system idle iowait irq softirq
  const ticks = (/^cpu +(.*)$/m.exec(Deno.readTextFileSync("/proc/stat"))?.[1] ?? "").split(" ").map(Number);
  return {
    hard: parseIrqTable(Deno.readTextFileSync("/proc/interrupts")),
    soft: parseIrqTable(Deno.readTextFileSync("/proc/softirqs")),
    hard_ticks: ticks[5] ?? 0,
    soft_ticks: ticks[6] ?? 0,
  };
}

export function startIrqCounting(): Promise<RunningTool> {
  return counters(readIrqCounters, (before, after) => {
    const hard = between(before.hard, after.hard), soft = between(before.soft, after.soft);
    const sum = (rows: readonly (readonly [string, number])[]): number =>
      rows.reduce((total, [, count]) => total + count, 0);
    const hard_ns = (after.hard_ticks - before.hard_ticks) * TICK_NS,
      soft_ns = (after.soft_ticks - before.soft_ticks) * TICK_NS;
    const [most] = hard, [most_soft] = soft;
    return {
      reading: {
        figures: { hard_interrupts: sum(hard), hard_ns, soft_interrupts: sum(soft), soft_ns },
        tables: [
          tableOf("hard", { interrupt: "text", count: "count" }, hard),
          tableOf("soft", { interrupt: "text", count: "count" }, soft),
        ],
        histograms: [],
        notes: [
          "without BPF the time is counted in ticks of 10 ms, and not by interrupt; kernels without " +
          "CONFIG_IRQ_TIME_ACCOUNTING count it only where a tick hits an interrupt",
        ],
      },
      event_count: sum(hard) + sum(soft),
      lost_events: 0,
      events: [],
      summary:
        `${sum(hard)} hard and ${sum(soft)} soft interrupts. Most hard: ${
          most?.join(", ") ?? "none"
        } times. Most soft: ` +
        `${most_soft?.join(", ") ?? "none"} times.`,
    };
  });
}

/** The most first; what did not come is left out. */
function between(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): [string, number][] {
  return [...after].map(([name, count]): [string, number] => [name, count - (before.get(name) ?? 0)])
    .filter(([, count]) => count > 0).sort(([, a], [, b]) => b - a);
}
