/** What the comparison says, in words. */
import type { Figure, HealthFinding } from "../../protocol/snapshot.ts";
import { bytes, number, time } from "../readings/figures.ts";
import { printable, quoted } from "../readings/words.ts";
import { ADOPTED_MS, type Change } from "./changes.ts";
import { DAY_HOURS } from "./hours.ts";
import type { Metric } from "./rows.ts";
import type { Unit } from "./scale.ts";

const S_PER: Readonly<Partial<Record<Unit, number>>> = { ns: 1e-9, us: 1e-6, ms: 1e-3, s: 1 };
/** Figures of one area that are named in its finding. */
const MAX_NAMED = 5;
/** No ratio is told beyond it: then it was about nothing before. */
const MAX_TIMES = 1000;

/** A change, and the figure that shows it now. */
export interface Shown {
  readonly change: Change;
  readonly metric: Metric;
  readonly value: number;
}

/** One finding an area, for what makes one figure change makes others of it change. */
export function findingsOf(shown: readonly Shown[]): readonly HealthFinding[] {
  return [...Map.groupBy(shown, ({ metric }) => metric.name.split(".")[0] ?? "")].map(([area, all]) =>
    findingOf(area, all)
  );
}

function findingOf(area: string, shown: readonly Shown[]): HealthFinding {
  const [first, ...others] = shown.toSorted((one, other) => timesOf(other) - timesOf(one));
  const also = others.length === 0 ? "" : `; and ${others.length} more of ${printable(area)}`;
  const named = [first, ...others].filter((each) => each !== undefined);
  return {
    id: "baseline.unusual",
    of: printable(area),
    severity: "warning",
    title: first === undefined ? area : `${titleOf(first)}${also}`,
    evidence: named.slice(0, MAX_NAMED).map(evidenceOf),
    meaning:
      "Not a limit, but a level that this host has not kept before. A release, a new job, more users, or a fault that " +
      `begins. If it stays for ${ADOPTED_MS / 3_600_000} hours, it counts as usual from then on.`,
    next: `ktriage history ${first === undefined ? "" : historyName(first.metric)}`.trim(),
  };
}

function titleOf({ change, metric, value }: Shown): string {
  return `${nameOf(metric)} is ${figureText(value, metric.unit)}, usually ${figureText(change.usual, metric.unit)}${
    change.same_hour ? " at this hour" : ""
  }`;
}

function evidenceOf({ change, metric, value }: Shown): string {
  const { direction, furthest, hours, began, limit } = change;
  const most = direction === "higher" ? "highest" : "lowest";
  return `${nameOf(metric)}: ${figureText(value, metric.unit)} since ${
    clockText(began)
  }; the ${most} that it kept for half an hour ` +
    `in ${spanText(hours)} before: ${figureText(furthest, metric.unit)}; chance does not explain what is ` +
    `${direction} than ${figureText(limit, metric.unit)}`;
}

/** A note when a change is the new normal. */
export function adoptedText({ metric, change }: Pick<Shown, "metric" | "change">): string {
  return `${nameOf(metric)} has been ${change.direction} since ${clockText(change.began)} (before: ${
    figureText(change.usual, metric.unit)
  }): it counts as usual now.`;
}

export function overText({ metric, change }: Pick<Shown, "metric" | "change">): string {
  return `${nameOf(metric)} is as usual again; it was ${change.direction} from ${clockText(change.began)} to ${
    clockText(change.last)
  }.`;
}

/** `block.latency_us of sda` */
export function nameOf({ name, of }: { readonly name: string; readonly of?: string | undefined }): string {
  return printable(of === undefined || of === "" ? name : `${name} of ${of}`);
}

function historyName({ name, of }: Metric): string {
  const word = of === "" ? name : `${name}:${of}`;
  return quoted(printable(word));
}

/** A figure's value with its unit. */
function figureText(value: number, unit: Figure["unit"]): string {
  const sign = value < 0 ? "-" : "", size = Math.abs(value);
  const seconds = S_PER[unit];
  if (seconds !== undefined) return `${sign}${durationText(size * seconds)}`;
  if (unit === "bytes") return `${sign}${bytes(size)}`;
  if (unit === "bytes_per_s") return `${sign}${bytes(size)}/s`;
  if (unit === "percent") return `${sign}${number(size)}%`;
  return `${sign}${size > 0 && size < 0.1 ? size.toPrecision(2) : number(size)}${unit === "per_s" ? "/s" : ""}`;
}

function durationText(seconds: number): string {
  if (seconds >= 1 || seconds === 0) return time(seconds);
  return seconds >= 1e-3 ? `${number(seconds * 1e3)} ms` : `${number(seconds * 1e6)} µs`;
}

/** In UTC, as all times of a snapshot. */
export function clockText(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")}Z`;
}

export function spanText(hours: number): string {
  return hours < 2 * DAY_HOURS ? `${hours} hours` : `${Math.floor(hours / DAY_HOURS)} days`;
}

function timesOf({ change: { usual, direction }, value }: Shown): number {
  const [more, less] = direction === "higher" ? [value, usual] : [usual, value];
  return Math.min(MAX_TIMES, Math.abs(more) / Math.max(Math.abs(less), Number.EPSILON));
}
