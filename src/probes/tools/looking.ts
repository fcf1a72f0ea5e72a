/** Without BPF: what is found by looking again and again, counted by process and place. */
import type { RunningTool, ToolOutcome } from "./tool.ts";

/** A process where it was found. */
export interface Sight {
  readonly pid: number;
  readonly name: string;
  /** A stack, or an address. */
  readonly at: string;
}

export interface Found extends Sight {
  readonly times: number;
}

export interface Looked {
  /** Most often found first. */
  readonly rows: readonly Found[];
  readonly looks: number;
  /** How often anything was found. */
  readonly event_count: number;
}

/** Looks now, every so many milliseconds, and once more at the end. */
export function lookRegularly(every_ms: number, look: () => void, outcome: () => ToolOutcome): Promise<RunningTool> {
  look();
  const timer = setInterval(look, every_ms);
  const stop = (): void => clearInterval(timer);
  return Promise.resolve({
    finish: () => {
      stop();
      look();
      return Promise.resolve(outcome());
    },
    [Symbol.dispose]: stop,
  });
}

/** The same, and counts how often each was found. */
export function lookAgainAndAgain(
  { every_ms, look }: { readonly every_ms: number; readonly look: () => Iterable<Sight> },
  outcome: (looked: Looked) => ToolOutcome,
): Promise<RunningTool> {
  const found = new Map<string, Sight & { times: number }>();
  let looks = 0;
  const once = (): void => {
    looks++;
    for (const sight of look()) {
      const row = found.getOrInsertComputed(`${sight.pid} ${sight.at}`, () => ({ ...sight, times: 0 }));
      row.times++;
    }
  };
  return lookRegularly(every_ms, once, () => {
    const rows = [...found.values()].sort((a, b) => b.times - a.times);
    const event_count = rows.reduce((sum, { times }) => sum + times, 0);
    return outcome({ rows, looks, event_count });
  });
}
