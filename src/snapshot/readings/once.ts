/** What several collectors need is read once for a snapshot. */
import type { Sources } from "../collector.ts";

/** Of the window. */
export type Moment = "start" | "end";

const kept = new WeakMap<Sources, Map<string, unknown>>();

/** The same value for the same sources and key; what was thrown is thrown at the next asker by trying again. */
export function once<T>(sources: Sources, key: string, read: () => T): T {
  const values = kept.get(sources) ?? new Map<string, unknown>();
  kept.set(sources, values);
  if (!values.has(key)) values.set(key, read());
  return values.get(key) as T;
}
