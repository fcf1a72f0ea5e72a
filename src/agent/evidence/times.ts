/** Times that follow from events: how long calls took, how long processes lived, how long something waited. */
import type { TraceEvent } from "../../protocol/mod.ts";
import type { Name } from "./atoms.ts";
import type { Numbers } from "./quantities.ts";
import { endingOf, type Source } from "./source.ts";

/** The least, the middle, the greatest and the mean of times in seconds, and what most are below. */
export function addTimes(times: readonly number[], numbers: Numbers): void {
  if (times.length === 0) return;
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const mean = sorted.reduce((sum, time) => sum + time, 0) / sorted.length;
  for (const time of [at(0), at(0.5), at(0.9), at(0.99), at(1), mean]) numbers.add("seconds", time);
}

/** How long the named processes lived: from their first event, and from their last one in each program, to their end. */
export function addLives(sources: readonly Source[], names: readonly Name[], numbers: Numbers): void {
  const processes = names.filter(({ kind }) => kind === "process");
  const marks = names.filter(({ kind }) => kind === "signal" || kind === "error" || kind === "path");
  const programs = sources.filter(({ program }) => program !== undefined).length;
  const seen = sources.flatMap((source) =>
    source.rows.flatMap(({ event, text }) =>
      event === undefined ? [] : [{
        source,
        is_marked: marks.length > 0 && marks.every(({ matches }) => matches(text)),
        id: typeof event.data.pid === "number" ? event.data.pid : event.process_id,
        time_s: Number(BigInt(event.timestamp) / 1000n) / 1e6,
        is_named: processes.length === 0 || processes.some(({ matches }) => matches(text)),
        has_failed: endingOf(event) === "failed",
      }]
    )
  );
  const lives = [...Map.groupBy(seen, ({ id }) => id).values()].flatMap((events) => {
    const sorted = events.toSorted((a, b) => a.time_s - b.time_s);
    const [first, end] = [sorted[0], sorted.at(-1)];
    // a process gets its name when it begins: only its end tells for sure who it was
    if (first === undefined || end?.is_named !== true) return [];
    const starts = new Map(
      sorted.filter(({ source, has_failed }) => source !== end.source && !has_failed).map((
        { source, time_s },
      ) => [source, time_s]),
    );
    return starts.size === 0 ? [] : [{
      starts,
      first_s: first.time_s,
      end_s: end.time_s,
      // other processes of that name may have lived and ended well
      is_marked: events.some(({ is_marked }) => is_marked),
      is_everywhere: starts.size + 1 === programs,
    }];
  });
  const groups = [
    lives,
    lives.filter(({ is_marked }) => is_marked),
    lives.filter(({ is_everywhere }) => is_everywhere),
  ];
  for (const some of groups) {
    numbers.add("count", some.length);
    addTimes(some.map(({ first_s, end_s }) => end_s - first_s), numbers);
    // which of the programs shows the beginning is not known: each in turn
    for (const source of sources) {
      addTimes(
        some.flatMap(({ starts, end_s }) => starts.has(source) ? [end_s - (starts.get(source) ?? end_s)] : []),
        numbers,
      );
    }
  }
}

/** From a call that only began something (a connect under way) to the next event elsewhere that is about the same address. */
export function addWaits(sources: readonly Source[], names: readonly Name[], numbers: Numbers): void {
  const address = names.filter(({ kind }) => kind === "address" || kind === "port");
  if (address.length === 0) return;
  const about = sources.flatMap((source) =>
    source.rows.flatMap(({ event, text }) =>
      event !== undefined && address.every(({ matches }) => matches(text))
        ? [{ source, event, time_s: Number(BigInt(event.timestamp) / 1000n) / 1e6 }]
        : []
    )
  ).sort((a, b) => a.time_s - b.time_s);
  const taken = new Set<TraceEvent>();
  const waits = about.filter(({ event }) => "ret" in event.data && endingOf(event) === undefined).flatMap((call) => {
    // a millisecond of grace: clocks of two programs
    const end = about.find(({ source, event, time_s }) =>
      source !== call.source && time_s >= call.time_s - 0.001 && !taken.has(event)
    );
    if (end === undefined) return [];
    taken.add(end.event);
    return [Math.max(0, end.time_s - call.time_s)];
  });
  addTimes(waits, numbers);
}
