/** `--max-cpu`: ktriage's own share of a CPU. */
import type { Options } from "./arguments.ts";
import type { Writer } from "./writer.ts";

/** With less than 1 it would hardly read at all; it computes on one thread, so that more than 100 is no bound. */
const PERCENT = { min: 1, max: 100 };

/**
 * The share in percent, which is also said; undefined: no bound.
 *
 * @throws {UsageError} it is no such share
 */
export function maxCpuFrom(options: Options, writer: Writer): number | undefined {
  const percent = options.number("max-cpu", PERCENT);
  if (percent !== undefined) {
    writer.note(`Reading events takes ${percent}% of one CPU at most; those beyond it are counted as lost.`);
  }
  return percent;
}
