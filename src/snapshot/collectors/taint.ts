/** What the kernel remembers of its own faults until the next boot (Documentation/admin-guide/tainted-kernels.rst). */
import type { Collector } from "../collector.ts";
import { numberOf } from "../readings/counters.ts";
import { shown } from "../readings/figures.ts";
import { absent } from "../readings/reading.ts";

const FILE = "/proc/sys/kernel/tainted";

/**
 * Bits that no healthy kernel has. Modules from elsewhere (P, O, E), a warning (W), a workaround for firmware (I) and live
 * patches (K) are ordinary.
 */
const FAULTS = [
  { bit: 4, letter: "M", what: "the hardware reported an error that could not be corrected (machine check)" },
  { bit: 5, letter: "B", what: "a page of memory was found damaged" },
  { bit: 7, letter: "D", what: "the kernel died in a task (an oops), and went on" },
  { bit: 14, letter: "L", what: "a CPU did not come back from the kernel for many seconds (soft lockup)" },
] as const;

export const taint: Collector = {
  name: "taint",
  start: (sources) =>
    Promise.resolve(() => {
      const mask = numberOf(sources.text(FILE));
      if (mask === undefined) return Promise.resolve(absent(`${FILE} is not there`));
      const faults = FAULTS.filter(({ bit }) => Math.floor(mask / 2 ** bit) % 2 === 1);
      return Promise.resolve({
        figures: [shown("kernel.taint", mask)],
        findings: faults.map(({ letter, bit, what }) => ({
          id: "kernel.taint",
          of: letter,
          severity: "warning" as const,
          title: `Since this boot ${what}`,
          evidence: [`${FILE}: ${mask}, bit ${bit} (${letter}) is set`],
          meaning:
            "The kernel may be damaged since then in ways that show later. Boot the host when it suits, and read what " +
            "the log says about the cause.",
          next: "dmesg --level=emerg,alert,crit,err | tail -n 50",
        })),
      });
    }),
};
