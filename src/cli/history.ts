/** `ktriage history`: what became of this host's figures. */
import { nearest } from "../kernel/nearest.ts";
import type { History, HistoryMetric } from "../protocol/history.ts";
import { stringify } from "../protocol/json.ts";
import { historyListText, historyPlotText, type PlotOptions } from "../report/history.ts";
import { type MetricHistory, readHistory, readSummary } from "../snapshot/baseline/history.ts";
import type { Metric } from "../snapshot/baseline/rows.ts";
import { UsageError } from "./errors.ts";
import { agoFrom, orHistoryError, stateToRead } from "./state_option.ts";
import { EXIT, type Invocation } from "./subcommand.ts";

const DEFAULT_SINCE = "7d", MAX_SINCE_MS = 3650 * 86_400_000;
/** More are listed, a line each. */
const MAX_PLOTS = 4;

/** Prints a line a metric, or plots the named one. */
export function historySubcommand({ positionals, options, writer }: Invocation): Promise<number> {
  const [wanted, ...others] = positionals;
  if (others.length > 0) throw new UsageError(`Cannot use "${others[0]}": history takes one metric.`);
  const state = stateToRead(options);
  const to = Date.now(), asked_from = to - since(options.text("since") ?? DEFAULT_SINCE);
  const { metrics, snapshots, first } = orHistoryError(() => readSummary(state));
  // the first hours of a state are not squeezed into the last column of a week
  const from = first === undefined || first >= to ? asked_from : Math.max(asked_from, first);
  const chosen = wanted === undefined ? metrics : matching(metrics, wanted);
  const ids = new Set(chosen.map(({ id }) => id));
  const found = orHistoryError(() => readHistory(state, { is_wanted: ({ id }) => ids.has(id), from, to }));
  const document: History = {
    schema: "ktriage.history/1",
    state,
    snapshots,
    from: new Date(from).toISOString(),
    to: new Date(to).toISOString(),
    metrics: chosen.flatMap(({ id }) => found.filter(({ metric }) => metric.id === id)).map(documentOf),
  };
  const layout: PlotOptions = { ...writer.layout, characters: charactersOf((name) => Deno.env.get(name)) };
  writer.out(
    options.has("json")
      ? `${stringify(document, 2)}\n`
      : wanted === undefined || document.metrics.length > MAX_PLOTS
      ? historyListText(document, layout)
      : document.metrics.map((metric) => historyPlotText(metric, document, layout)).join("\n"),
  );
  return Promise.resolve(EXIT.done);
}

/** By the locale, as locale(7) has it: the first of these that is set. */
function charactersOf(env: (name: string) => string | undefined): PlotOptions["characters"] {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(env).find((value) => value !== undefined && value !== "") ?? "";
  return /utf-?8/i.test(locale) ? "unicode" : "ascii";
}

function since(text: string): number {
  const ms = agoFrom(text);
  if (ms !== undefined && ms > 0 && ms <= MAX_SINCE_MS) return ms;
  throw new UsageError(`Cannot use "${text}" for --since: it takes a span such as 90m, 12h or 7d.`);
}

/** `name:of`, all of a name, or all of an area such as `memory`. */
function matching(metrics: readonly Metric[], wanted: string): readonly Metric[] {
  const full = ({ name, of }: Metric): string => of === "" ? name : `${name}:${of}`;
  const tries: ((metric: Metric) => boolean)[] = [
    (metric) => full(metric) === wanted,
    ({ name }) => name === wanted,
    ({ name }) => name.startsWith(`${wanted}.`),
  ];
  const found = tries.map((matches) => metrics.filter(matches)).find(({ length }) => length > 0);
  if (found !== undefined) return found;
  const guesses = nearest(wanted, new Set(metrics.flatMap((metric) => [full(metric), metric.name])), { limit: 3 });
  throw new UsageError(
    `Cannot show ${wanted}: no such metric is kept.${guesses.length === 0 ? "" : ` Nearest: ${guesses.join(", ")}.`}`,
    "ktriage history lists them all.",
  );
}

function documentOf({ metric: { name, of, unit }, points, changes }: MetricHistory): HistoryMetric {
  const iso = (ms: number): string => new Date(ms).toISOString();
  return {
    name,
    ...(of === "" ? {} : { of }),
    unit,
    points: points.map(({ time, value, low, high }) => ({ time: iso(time), value, low, high })),
    changes: changes.map(({ direction, began, last, usual, limit, outcome }) => ({
      direction,
      began: iso(began),
      last: iso(last),
      usual,
      limit,
      state: outcome ?? "open",
    })),
  };
}
