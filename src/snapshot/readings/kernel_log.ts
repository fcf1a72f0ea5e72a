/** Records of the kernel's log: the text of /dev/kmsg (Documentation/ABI/testing/dev-kmsg). */
import type { Sources } from "../collector.ts";
import { once } from "./once.ts";
import { printable } from "./words.ts";

export interface LogRecord {
  /** Counts records since the boot. */
  readonly sequence: number;
  /** Seconds since the boot, without those in which the host slept. */
  readonly at_s: number;
  readonly message: string;
  /** As it stood in /dev/kmsg. */
  readonly line: string;
}

/**
 * All that the kernel itself wrote and still has. `priority,sequence,microseconds,flags;message`, then lines with a blank
 * before them that describe the device. What programs wrote there (a facility above 0) is left out.
 *
 * @throws {Error} the log may not be read
 */
export function kernelLog(sources: Sources): readonly LogRecord[] {
  return once(sources, "kernel log", () => {
    const records: LogRecord[] = [];
    for (const line of (sources.text("/dev/kmsg") ?? "").split("\n")) {
      const [, priority, sequence, at_us, message = ""] = /^(\d{1,10}),(\d{1,20}),(\d{1,20}),[^;]*;(.*)$/.exec(line) ??
        [];
      if (priority === undefined || Number(priority) >> 3 !== 0) continue;
      records.push({ sequence: Number(sequence), at_s: Number(at_us) / 1e6, message: printable(message), line });
    }
    return records;
  });
}
