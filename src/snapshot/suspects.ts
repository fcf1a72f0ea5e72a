/**
 * Collectors and tools in whose code runs came to a sudden end. One sudden end proves nothing, for anybody may kill a
 * process; two in a row in the same place mean that something there hangs, and it is left out for an hour.
 */

export interface Suspect {
  readonly name: string;
  /** Runs in a row that ended in it. */
  readonly times: number;
  /** ISO 8601: when the last of them was found. */
  readonly last: string;
}

const ENOUGH = 2;
const LEFT_OUT_MS = 3_600_000;

/** @param at where the run before ended suddenly */
export function accused(suspects: readonly Suspect[], at: string, now: Date): readonly Suspect[] {
  const times = suspects.find(({ name }) => name === at)?.times ?? 0;
  return [...suspects.filter(({ name }) => name !== at), { name: at, times: times + 1, last: now.toISOString() }];
}

/** Who is not to be touched now. A clock that was set back does not make it longer. */
export function leftOut(suspects: readonly Suspect[], now: Date): readonly string[] {
  return suspects
    .filter(({ times, last }) => times >= ENOUGH && Math.abs(now.getTime() - Date.parse(last)) < LEFT_OUT_MS)
    .map(({ name }) => name);
}

/** Those that remain when a run has come to its end: who was left out. All others did no harm. */
export function remaining(suspects: readonly Suspect[], left_out: readonly string[]): readonly Suspect[] {
  return suspects.filter(({ name }) => left_out.includes(name));
}

/** Out of a file that may hold anything. */
export function suspectsIn(value: unknown): readonly Suspect[] {
  if (!Array.isArray(value)) return [];
  return value.flatMap((one: unknown) => {
    if (typeof one !== "object" || one === null || !("name" in one && "times" in one && "last" in one)) return [];
    const { name, times, last } = one;
    return typeof name === "string" && typeof times === "number" && typeof last === "string"
      ? [{ name, times, last }]
      : [];
  });
}
