/** One snapshot: all collectors and tools over the same window, each on its own. */
import type { CollectorReport, Figure, HealthFinding, SnapshotTool } from "../protocol/snapshot.ts";
import type { ToolReading } from "../protocol/tool.ts";
import { bounded, pause } from "./bounded.ts";
import type { Collected, Collector, Remembered, Sources } from "./collector.ts";

/** A curated tool that looks along. */
export interface ToolSource {
  readonly name: string;
  /** Attaches it; the function that it returns detaches it and reads what it counted. */
  readonly start: () => Promise<() => Promise<ToolReading>>;
}

/** What one of them may take beside the window, in milliseconds: far above what any takes on a busy host. */
export interface Limits {
  readonly start_ms: number;
  readonly end_ms: number;
}
const DEFAULT_LIMITS: Limits = { start_ms: 8_000, end_ms: 12_000 };

export interface TakeOptions {
  readonly collectors: readonly Collector[];
  readonly sources: Sources;
  readonly tools: readonly ToolSource[];
  readonly window_ms: number;
  /** What a collector left in the snapshot before. */
  readonly remembered: (collector: string) => Remembered | undefined;
  /** Ends the window early; what was seen until then is judged. */
  readonly signal: AbortSignal;
  /** Whoever has not answered then is left behind. */
  readonly deadline: AbortSignal;
  readonly limits?: Limits;
  /** Told what begins to run, and undefined when it waits or has ended: what hangs the whole process is known afterwards. */
  readonly on_step?: (name: string | undefined) => void;
}

/** What was seen, before it is judged. */
export interface Taken {
  readonly window_s: number;
  readonly findings: readonly HealthFinding[];
  readonly figures: readonly Figure[];
  readonly collectors: readonly CollectorReport[];
  readonly tools: readonly SnapshotTool[];
  /** What collectors leave for the next snapshot, by their names. */
  readonly remember: Readonly<Record<string, Remembered>>;
}

/** Looks for the window's length. Whatever one of them does, the others are heard. */
export async function take(options: TakeOptions): Promise<Taken> {
  const watch = new Watch(options);
  // tools first, for attaching takes longest: the window is then one for all
  const tools = options.tools.map((tool) => watch.tool(tool));
  const collectors = options.collectors.map((collector) => watch.collector(collector));
  const [seen, read] = await Promise.all([Promise.all(tools), Promise.all(collectors)]);
  await watch.settled();
  return {
    window_s: seconds(watch.window_took_ms),
    findings: read.flatMap(({ collected }) => collected?.findings ?? []),
    figures: read.flatMap(({ collected }) => collected?.figures ?? []),
    collectors: read.map(({ report }) => report),
    tools: seen,
    remember: Object.fromEntries(
      read.flatMap(({ report, collected }) =>
        collected?.remember === undefined ? [] : [[report.name, collected.remember]]
      ),
    ),
  };
}

/** What became of one collector. */
interface Read {
  readonly report: CollectorReport;
  readonly collected?: Collected;
}

/** The window, and everyone's way through it. It begins when all look: a busy host takes its time until then. */
class Watch {
  window_took_ms = 0;
  readonly #options: TakeOptions;
  readonly #limits: Limits;
  readonly #over: Promise<void>;
  readonly #all_look = Promise.withResolvers<void>();
  #still_to_look: number;
  #turns = Promise.resolve();

  constructor(options: TakeOptions) {
    const { window_ms, signal, deadline, limits = DEFAULT_LIMITS } = options;
    this.#options = options;
    this.#limits = limits;
    this.#still_to_look = options.tools.length + options.collectors.length;
    if (this.#still_to_look === 0) this.#all_look.resolve();
    this.#over = this.#all_look.promise.then(async () => {
      const start = performance.now();
      await pause(window_ms, AbortSignal.any([signal, deadline]));
      this.window_took_ms = performance.now() - start;
    });
  }

  async tool({ name, start }: ToolSource): Promise<SnapshotTool> {
    try {
      await this.#turn();
      const finish = await this.#begins(this.#step(`tool ${name}`, "start_ms", start));
      await this.#over;
      await this.#turn();
      return { name, reading: await this.#step(`tool ${name}`, "end_ms", finish) };
    } catch (error) {
      return { name, error: reasonOf(error) };
    }
  }

  async collector({ name, start }: Collector): Promise<Read> {
    const { sources, remembered } = this.#options;
    let busy_ms = 0;
    const timed = async <T>(limit: keyof Limits, work: () => Promise<T>): Promise<T> => {
      await this.#turn();
      const began = performance.now();
      try {
        return await this.#step(name, limit, work);
      } finally {
        busy_ms += performance.now() - began;
      }
    };
    try {
      let since = NaN; // from one reading to the other, turns and all: rates are of that time
      const finish = await this.#begins(timed("start_ms", () => {
        since = performance.now();
        return start(sources);
      }));
      await this.#over;
      const collected = await timed("end_ms", () => {
        const window_s = seconds(performance.now() - since);
        return finish({ window_s, remembered: remembered(name) });
      });
      const { state, detail } = collected.state ?? { state: "ok" as const, detail: undefined };
      return {
        report: { name, state, ...(detail === undefined ? {} : { detail }), duration_ms: ms(busy_ms) },
        collected,
      };
    } catch (error) {
      return { report: { name, state: "failed", detail: reasonOf(error), duration_ms: ms(busy_ms) } };
    }
  }

  /** One after the other, with timers, signals and events between: nobody's time counts as another's. */
  #turn(): Promise<void> {
    const mine = this.#turns;
    this.#turns = mine.then(() => new Promise((resolve) => setTimeout(resolve)));
    return mine;
  }

  /** Whoever cannot look is not waited for either. */
  #begins<T>(start: Promise<T>): Promise<T> {
    return start.finally(() => {
      if (--this.#still_to_look === 0) this.#all_look.resolve();
    });
  }

  /** When no turn is under way any more. */
  settled(): Promise<void> {
    return this.#turns;
  }

  #step<T>(name: string, limit: keyof Limits, work: () => Promise<T>): Promise<T> {
    const bounds = { within_ms: this.#limits[limit], deadline: this.#options.deadline };
    const { on_step } = this.#options;
    return bounded(() => {
      on_step?.(name);
      try {
        return work();
      } finally {
        on_step?.(undefined);
      }
    }, bounds);
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function seconds(ms: number): number {
  return Math.max(0.001, Math.round(ms) / 1000);
}

function ms(value: number): number {
  return Math.round(value * 10) / 10;
}
