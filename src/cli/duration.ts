/** Times on the command line: 10s, 500ms, 2m, 1h; a number alone is seconds. */
import type { Options } from "./arguments.ts";
import { UsageError } from "./errors.ts";

const MS_PER: Readonly<Record<string, number>> = { ms: 1, s: 1000, "": 1000, m: 60_000, h: 3_600_000 };

export interface DurationRange {
  readonly min_ms: number;
  readonly max_ms: number;
}

/**
 * The value of an option that is a time, in milliseconds.
 *
 * @throws {UsageError} no time, or not in that range
 */
export function durationFrom(options: Options, name: string, { min_ms, max_ms }: DurationRange): number | undefined {
  const text = options.text(name);
  if (text === undefined) return undefined;
  const [, number = "", unit = ""] = /^(\d+(?:\.\d+)?)(ms|s|m|h)?$/.exec(text) ?? [];
  const ms = number === "" ? NaN : Number(number) * (MS_PER[unit] ?? NaN);
  if (ms >= min_ms && ms <= max_ms) return ms;
  throw new UsageError(
    `Cannot use "${text}" for --${name}: it takes a time such as 10s, 500ms or 2m, ` +
      `from ${shown(min_ms)} to ${shown(max_ms)}.`,
  );
}

function shown(ms: number): string {
  if (ms === 0) return "0s";
  const unit = ["h", "m", "s"].find((each) => ms % (MS_PER[each] ?? NaN) === 0) ?? "ms";
  return `${ms / (MS_PER[unit] ?? 1)}${unit}`;
}
