/** Interleaved runs: the machine's speed drifts, so that only what ran in turn may be compared. */

/** One figure of one tool, with what ktriage is to reach. */
export interface Row {
  readonly what: string;
  readonly tool: string;
  readonly unit: string;
  readonly median: number;
  readonly runs: readonly number[];
}

export interface Contender {
  readonly tool: string;
  /** Runs once; figures by name, with the unit in the name's brackets: `cpu [s]`. */
  readonly run: () => Promise<Readonly<Record<string, number>>>;
}

export interface Bench {
  readonly name: string;
  readonly rounds: number;
  readonly contenders: readonly Contender[];
}

/** Runs every contender once a round, in turn. */
export async function measure({ name, rounds, contenders }: Bench): Promise<Row[]> {
  const figures = new Map<string, { readonly tool: string; readonly figure: string; readonly runs: number[] }>();
  for (let round = 0; round < rounds; round++) {
    for (const { tool, run } of contenders) {
      for (const [figure, value] of Object.entries(await run())) {
        const key = `${figure}\n${tool}`;
        const entry = figures.get(key) ?? { tool, figure, runs: [] };
        entry.runs.push(value);
        figures.set(key, entry);
      }
    }
  }
  return [...figures.values()].map(({ tool, figure, runs }) => {
    const [what = figure, unit = ""] = figure.replace("]", "").split(" [");
    return { what: `${name}: ${what}`, tool, unit, median: median(runs), runs };
  });
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
