/** Interleaved runs: the machine's speed drifts, so that only what ran in turn may be compared. */

/** Figures of one run by name, with the unit in the name's brackets: `lost [%]`. */
export type Figures = Readonly<Record<string, number>>;

export interface Contender {
  readonly tool: string;
  /** Set for the one that the others are told in relation to. */
  readonly baseline?: Baseline;
  readonly run: () => Promise<Figures>;
}

export const BASELINES = ["bpftrace", "reader", "syscount"] as const;
export type Baseline = (typeof BASELINES)[number];

export interface Bench {
  readonly name: string;
  readonly rounds: number;
  readonly contenders: readonly Contender[];
}

/** One figure of one contender. */
export interface Row {
  readonly bench: string;
  /** With its unit in brackets. */
  readonly figure: string;
  readonly tool: string;
  readonly baseline?: Baseline;
  readonly median: number;
  readonly runs: readonly number[];
}

/** A contender that could not run to its end; rounds before that count. */
export interface Failure {
  readonly bench: string;
  readonly tool: string;
  readonly failure: string;
}

export interface Measured {
  readonly rows: readonly Row[];
  readonly failures: readonly Failure[];
}

/** Runs every contender once a round, in turn. One that fails leaves; the others go on. */
export async function measure({ name, rounds, contenders }: Bench): Promise<Measured> {
  const runs = new Map<Contender, Figures[]>(contenders.map((contender) => [contender, []]));
  const failures = new Map<Contender, Failure>();
  for (let round = 0; round < rounds; round++) {
    for (const contender of contenders) {
      if (failures.has(contender)) continue;
      try {
        runs.get(contender)?.push(await contender.run());
      } catch (error) {
        const failure = error instanceof Error ? error.message : String(error);
        failures.set(contender, { bench: name, tool: contender.tool, failure });
      }
    }
  }
  const rows = [...runs].flatMap(([contender, figures]) => rowsOf(name, { contender, figures }));
  return { rows, failures: [...failures.values()] };
}

function rowsOf(
  bench: string,
  { contender, figures }: { readonly contender: Contender; readonly figures: readonly Figures[] },
): Row[] {
  const { tool, baseline } = contender;
  return Object.keys(figures[0] ?? {}).map((figure) => {
    const runs = figures.map((run) => run[figure] ?? NaN);
    return { bench, figure, tool, ...(baseline === undefined ? {} : { baseline }), median: median(runs), runs };
  });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}
