/** Which figures are compared on which scale, and which way is worse. */
import type { Figure } from "../../protocol/snapshot.ts";
import type { UNITS } from "../../protocol/tool.ts";

export type Unit = (typeof UNITS)[number];
export type Direction = "higher" | "lower";

/**
 * What is small for a unit: differences far below it count for little, so that 2 µs against 20 µs is no news; above it
 * the scale is a logarithm, so that ten times as much is as far on every metric.
 */
const SMALL: Readonly<Record<Unit, number>> = {
  count: 5,
  ns: 100_000,
  us: 100,
  ms: 0.1,
  s: 0.0001,
  bytes: 16 << 20,
  percent: 5,
  per_s: 1,
  bytes_per_s: 4 << 20,
  text: 1,
};

/** A value on the scale on which values of this unit are compared: linear near zero, logarithmic beyond. */
export function scaled(value: number, unit: Unit): number {
  return Math.asinh(value / (2 * SMALL[unit]));
}

/** The least difference that is worth a word, however unusual it is. */
export function leastOf(unit: Unit): number {
  return 2 * SMALL[unit];
}

/** The figure of a scaled value. */
export function unscaled(value: number, unit: Unit): number {
  return Math.sinh(value) * 2 * SMALL[unit];
}

/** Less of it is never a fault: what goes wrong, what waits, what is used up. */
const BETTER_LOWER = new RegExp(
  "error|fail|drop|lost|retrans|reset|refus|reject|overflow|unanswered|timeout|oom|kill|fault|zombie|orphan|stall|throttl|" +
    "latency|wait|delay|pressure|blocked|queue|syn_|used|load|busy|steal|irq|swap|scan|reclaim|anonymous|dirty|kernel|" +
    "files|threads|entries|switches",
);
const BETTER_HIGHER = /available|free|idle|left|remaining/;

/** The directions in which a change of the figure is worth a warning. */
export function worseWhen(
  { name, unit, warn, crit }: Pick<Figure, "name" | "unit" | "warn" | "crit">,
): readonly Direction[] {
  if (warn !== undefined && crit !== undefined && warn !== crit) return [crit > warn ? "higher" : "lower"];
  if (BETTER_HIGHER.test(name)) return ["lower"];
  if (BETTER_LOWER.test(name) || TIMES_AND_SHARES.has(unit)) return ["higher"];
  return ["higher", "lower"];
}

const TIMES_AND_SHARES: ReadonlySet<Unit> = new Set(["ns", "us", "ms", "s", "percent"]);
