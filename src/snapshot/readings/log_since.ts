/** Which records of the kernel's log are new. */
import type { Remembered, Sources } from "../collector.ts";
import { LOG_WITHOUT_MEMORY_S } from "../limits.ts";
import { bootId, uptime } from "./host.ts";
import { kernelLog, type LogRecord } from "./kernel_log.ts";

/** Those after the last one that was remembered, in the same boot; without that, those of the last minutes. */
export function logSince(sources: Sources, remembered: Remembered | undefined): readonly LogRecord[] {
  const records = kernelLog(sources);
  if (remembered?.boot_id === bootId(sources) && typeof remembered.sequence === "number") {
    const last = remembered.sequence;
    return records.filter(({ sequence }) => sequence > last);
  }
  const now_s = uptime(sources) ?? records.at(-1)?.at_s ?? 0;
  return records.filter(({ at_s }) => now_s - at_s <= LOG_WITHOUT_MEMORY_S);
}

/** What the next snapshot needs. */
export function lastOfLog(sources: Sources, records: readonly LogRecord[]): Remembered {
  const last = records.at(-1);
  return last === undefined ? {} : { boot_id: bootId(sources), sequence: last.sequence };
}
