/** Durations for people. */

/** `12.3 µs`: three digits; never 1.00e+3 µs for what rounds up to the next unit. */
export function timeText(ns: number): string {
  if (ns < 1e3) return `${ns} ns`;
  if (ns < 999.5e3) return `${(ns / 1e3).toPrecision(3)} µs`;
  if (ns < 999.5e6) return `${(ns / 1e6).toPrecision(3)} ms`;
  return ns < 999.5e9 ? `${(ns / 1e9).toPrecision(3)} s` : `${Math.round(ns / 1e9)} s`;
}
