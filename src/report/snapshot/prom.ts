/**
 * A snapshot for node_exporter's textfile collector.
 *
 * @see https://prometheus.io/docs/instrumenting/exposition_formats/ and https://prometheus.io/docs/practices/naming/
 */
import type { Figure, Snapshot, Verdict } from "../../protocol/snapshot.ts";
import { harmless } from "../layout.ts";

const VERDICT_VALUE: Readonly<Record<Verdict, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** What the unit becomes, by how much values are multiplied then, and how it ends a name. */
const UNITS: Readonly<Record<Figure["unit"], readonly [factor: number, ending: string]>> = {
  count: [1, ""],
  text: [1, ""],
  bytes: [1, "_bytes"],
  bytes_per_s: [1, "_bytes_per_second"],
  per_s: [1, "_per_second"],
  percent: [0.01, "_ratio"],
  s: [1, "_seconds"],
  ms: [1e-3, "_seconds"],
  us: [1e-6, "_seconds"],
  ns: [1e-9, "_seconds"],
};
const UNIT_ENDING = /_(?:ns|us|ms|s|bytes|percent|per_s|bytes_per_s)$/;
/** Endings that Prometheus keeps for counters, histograms and summaries: all figures of a window are gauges. */
const KEPT_ENDING = /_(?:total|count|sum|bucket|info)$/;
/** Devices or mounts of one figure: a host with thousands must not swamp a server. */
const MAX_SERIES = 200;

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
interface Metric {
  readonly name: string;
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** All figures as gauges, the verdict, the findings, and how and when this ran. */
export function promText(snapshot: Snapshot): string {
  return [...ownMetrics(snapshot), ...figureMetrics(snapshot.figures)].map(metricText).join("");
}

function ownMetrics(
  { verdict, findings, collectors, start_time, window_s, cost, ktriage_version }: Snapshot,
): Metric[] {
  const one = (value: number): Sample[] => [{ labels: {}, value }];
  const of_severity = (severity: string): Sample => ({
    labels: { severity },
    value: findings.filter((finding) => finding.severity === severity).length,
  });
  return [
    {
      name: "ktriage_snapshot_verdict",
      help: "Verdict of the last snapshot: 0 ok, 1 warning, 2 critical, 3 unknown.",
      samples: one(VERDICT_VALUE[verdict]),
    },
    {
      name: "ktriage_snapshot_last_run_timestamp_seconds",
      help: "When the last snapshot began, in seconds since the epoch.",
      samples: one(Date.parse(start_time) / 1000),
    },
    { name: "ktriage_snapshot_window_seconds", help: "How long the last snapshot looked.", samples: one(window_s) },
    {
      name: "ktriage_snapshot_cpu_seconds",
      help: "CPU time that the last snapshot took.",
      samples: one(cost.cpu_ms / 1000),
    },
    {
      name: "ktriage_snapshot_peak_memory_bytes",
      help: "Most memory that the last snapshot had.",
      samples: one(cost.peak_memory_bytes),
    },
    {
      name: "ktriage_snapshot_findings",
      help: "Findings of the last snapshot.",
      samples: [of_severity("warning"), of_severity("critical")],
    },
    {
      name: "ktriage_snapshot_finding",
      help: "1 for each kind of finding of the last snapshot.",
      samples: unique(findings.map(({ id, severity }) => ({ labels: { id, severity }, value: 1 }))),
    },
    {
      name: "ktriage_snapshot_collector_success",
      help: "Whether a collector could read its subject: 1 yes, 0 no.",
      samples: collectors.filter(({ state }) => state !== "absent")
        .map(({ name, state }) => ({ labels: { collector: name }, value: state === "failed" ? 0 : 1 })),
    },
    {
      name: "ktriage_build_info",
      help: "The version that wrote this.",
      samples: [{ labels: { version: ktriage_version }, value: 1 }],
    },
  ];
}

function figureMetrics(figures: readonly Figure[]): Metric[] {
  const finite = figures.filter(({ value, unit }) => Number.isFinite(value) && unit !== "text");
  return [...Map.groupBy(finite, metricName)].map(([name, group]) => ({
    name,
    help: helpOf(group[0]),
    samples: unique(group.map(({ of, value, unit }) => ({
      labels: of === undefined ? {} : { of: withoutProcess(of) },
      value: UNITS[unit][0] * value,
    }))).slice(0, MAX_SERIES),
  }));
}

/** The name of a figure's metric, in base units. */
export function metricName({ name, unit }: Pick<Figure, "name" | "unit">): string {
  const stem = name.toLowerCase().replace(UNIT_ENDING, "").replace(/[^a-z0-9]+/g, "_").replace(/^_+|_+$/g, "");
  const full = `ktriage_${stem}${UNITS[unit][1]}`;
  return full.replace(KEPT_ENDING, "_number");
}

function helpOf(figure: Figure | undefined): string {
  return `${
    harmless(figure?.name ?? "").replace(/\s+/g, " ").replaceAll("\\", "\\\\")
  } of the last snapshot (ktriage snapshot --json).`;
}

/** A label that has a process id would make a new series with every restart. */
function withoutProcess(of: string): string {
  return of.replace(/\s*\(pid \d+\)/g, "").replace(/\bpid \d+\s*/g, "").trim();
}

/** Of samples with the same labels the highest. */
function unique(samples: readonly Sample[]): readonly Sample[] {
  const by_labels = Map.groupBy(samples, ({ labels }) => JSON.stringify(labels));
  return [...by_labels.values()].map((same) => same.reduce((a, b) => b.value > a.value ? b : a));
}

function metricText({ name, help, samples }: Metric): string {
  if (samples.length === 0) return "";
  const lines = samples.map(({ labels, value }) => `${name}${labelsText(labels)} ${numberText(value)}\n`);
  return `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${lines.join("")}`;
}

function labelsText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function escaped(text: string): string {
  return harmless(text).replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}

/** Fifteen digits: a ratio that was divided does not end in ...0001. */
function numberText(value: number): string {
  return String(Number(value.toPrecision(15)));
}
