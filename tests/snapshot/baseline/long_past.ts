/** A host's past of many days, as fast as the store takes it: a snapshot that was really taken, and varied. */
import process from "node:process";
import type { Figure, Snapshot } from "../../../src/protocol/snapshot.ts";
import { random } from "./series.ts";
import { run, START } from "./support.ts";

const DAY_MS = 86_400_000;

export interface LongPastOptions {
  /** What each snapshot looks like. */
  readonly like: Snapshot;
  /** As many times its figures: of a host with so many times as many disks, interfaces and groups. */
  readonly copies: number;
  readonly days: number;
  readonly step_ms: number;
}

/** What the state took at the end of a day. */
export interface Day {
  readonly day: number;
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Of all files in the state directory, at most on that day. */
  readonly bytes: number;
  /** CPU time of opening, comparing, keeping and closing: on average, and at most. */
  readonly cpu_ms: number;
  readonly cpu_most_ms: number;
  readonly findings: number;
  readonly last: ReturnType<typeof run>;
}

/** Keeps one snapshot after the other, each opening the store anew as a process does, and tells of each day. */
export function* longPast(
  state_dir: string,
  { like, copies, days, step_ms }: LongPastOptions,
): Generator<Day> {
  const vary = varied(like, copies);
  for (let day = 0, time = START; day < days; day++) {
    const costs: number[] = [];
    let bytes = 0, findings = 0, last: Day["last"] | undefined;
    for (const end = time + DAY_MS; time < end; time += step_ms) {
      const snapshot = vary(time);
      const before = process.cpuUsage();
      last = run(state_dir, snapshot.figures, { ...snapshot, time });
      const { user, system } = process.cpuUsage(before);
      costs.push((user + system) / 1000);
      bytes = Math.max(bytes, bytesIn(state_dir));
      findings += last.findings.length;
    }
    if (last === undefined) return;
    const cpu_ms = costs.reduce((sum, cost) => sum + cost, 0) / costs.length;
    yield { day, time: time - step_ms, bytes, cpu_ms, cpu_most_ms: Math.max(...costs), findings, last };
  }
}

/** Every figure goes its own way around what was seen, with noise, by day more than by night. */
function varied(like: Snapshot, copies: number): (time: number) => Snapshot {
  const { normal, uniform } = random(7);
  const figures = like.figures.flatMap((figure) =>
    Array.from({ length: copies }, (_, copy): Figure => copy === 0 ? figure : { ...figure, of: `${figure.of}-${copy}` })
  );
  const ways = figures.map(({ value }) => ({
    level: (value === 0 ? uniform() : value) * Math.exp(0.5 * normal()),
    noise: 0.02 + 0.2 * uniform(),
    by_day: 0.5 * uniform(),
  }));
  return (time) => {
    const light = (1 - Math.cos(2 * Math.PI * time / DAY_MS)) / 2;
    return {
      ...like,
      start_time: new Date(time).toISOString(),
      figures: figures.map((figure, i): Figure => {
        const { level = 0, noise = 0, by_day = 0 } = ways[i] ?? {};
        return { ...figure, value: level * (1 + by_day * light) * Math.exp(noise * normal()) };
      }),
    };
  };
}

export function bytesIn(folder: string): number {
  return [...Deno.readDirSync(folder)].reduce((sum, { name }) => sum + Deno.statSync(`${folder}/${name}`).size, 0);
}
