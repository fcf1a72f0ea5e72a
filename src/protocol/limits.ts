/** Bounds and words of a request that are needed where loading the schemas would take too long. */

/** Fields that a program may ask for in `capture`. */
export const MAX_CAPTURES = 8;

/** What `aggregate` may be: numbers instead of events. */
export const AGGREGATES = ["count", "latency"] as const;

export type Aggregate = (typeof AGGREGATES)[number];
