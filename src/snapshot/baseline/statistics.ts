/** Robust statistics: what a few wild values do not move. */

/** Makes the median absolute deviation the standard deviation of a normal distribution: 1 / Φ⁻¹(3/4). */
const MAD_TO_SIGMA = 1.4826;
/** Share of the values that the tail is fitted to, and how many these are at least. */
const TAIL_SHARE = 0.05;
const MIN_TAIL = 8;

/** The middle of values, the upper one of two. NaN where there are none. */
export function median(values: Float64Array): number {
  return values.toSorted()[values.length >> 1] ?? NaN;
}

/** The median absolute deviation, on the scale of a standard deviation. */
export function spread(values: Float64Array, middle: number): number {
  return MAD_TO_SIGMA * median(values.map((value) => Math.abs(value - middle)));
}

/**
 * Where a value would lie that is exceeded with this chance, far beyond what was ever seen: the upper tail is taken as an
 * exponential one above a high quantile (peaks over threshold), its rate as the mean excess, widened by its own error. On
 * a logarithmic scale that is Hill's estimator of a power law, and for lighter tails it errs on the quiet side.
 *
 * @param chance for one value, for example 1e-6
 * @param least the smallest mean excess to believe: a past that never moved says little about its tail
 * @see B. M. Hill, "A Simple General Approach to Inference About the Tail of a Distribution", Ann. Statist. 3 (1975)
 */
export function tailThreshold(
  values: Float64Array,
  { chance, least }: { readonly chance: number; readonly least: number },
): number {
  const sorted = values.toSorted();
  const beyond = Math.min(sorted.length - 1, Math.max(MIN_TAIL, Math.ceil(sorted.length * TAIL_SHARE)));
  const from = sorted[sorted.length - 1 - beyond] ?? NaN;
  const excess = sorted.subarray(sorted.length - beyond).reduce((sum, value) => sum + value - from, 0) / beyond;
  const mean = Math.max(least, excess * (1 + 1 / Math.sqrt(beyond)));
  return from + mean * Math.log(beyond / (sorted.length * chance));
}
