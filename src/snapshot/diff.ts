/** Two snapshots side by side, of one host or of two. */
import type { FigureChange, SnapshotDiff } from "../protocol/history.ts";
import type { Figure, HealthFinding, Severity, Snapshot } from "../protocol/snapshot.ts";
import { MATERIAL } from "./baseline/unusual.ts";
import { scaled } from "./baseline/scale.ts";

export interface Named {
  /** What the user called it: a file, `-`, `@2h`. */
  readonly source: string;
  readonly snapshot: Snapshot;
}

/** Further apart than this share, and windows do not count the same. */
const WINDOW_SHARE = 0.2;
const RANK: Readonly<Record<Severity, number>> = { warning: 1, critical: 2 };

export function diffSnapshots(before: Named, after: Named): SnapshotDiff {
  const [one, other] = [before.snapshot, after.snapshot];
  return {
    schema: "ktriage.snapshot_diff/1",
    before: sideOf(before),
    after: sideOf(after),
    same_host: one.host.hostname === other.host.hostname,
    notes: notesOf(one, other),
    findings: findingsOf(one.findings, other.findings),
    figures: figuresOf(one.figures, other.figures),
  };
}

/** What `--fail-on` takes: a severity that findings must not newly have, or any change at all. */
export type FailOn = Severity | "change";

/** Whether the second snapshot is worse than the first, or, with `change`, at all another. */
export function isFailure({ findings, figures }: SnapshotDiff, fail_on: FailOn): boolean {
  const worse = [...findings.new, ...findings.worse.map(({ finding }) => finding)];
  if (fail_on !== "change") return worse.some(({ severity }) => RANK[severity] >= RANK[fail_on]);
  const counts = [worse, findings.better, findings.gone, figures.only_before, figures.only_after];
  return counts.some(({ length }) => length > 0) || figures.changed.some(({ is_material }) => is_material);
}

function sideOf({ source, snapshot: { host, start_time, verdict } }: Named): SnapshotDiff["before"] {
  return { source, hostname: host.hostname, kernel: host.kernel, time: start_time, verdict };
}

function notesOf(one: Snapshot, other: Snapshot): string[] {
  const same_host = one.host.hostname === other.host.hostname;
  const windows = [one.window_s, other.window_s];
  const differs = (what: string, before: string, after: string): string[] =>
    before === after ? [] : [`${what}: ${before}, then ${after}`];
  return [
    ...differs("host", one.host.hostname, other.host.hostname),
    ...differs("system", one.host.os, other.host.os),
    ...differs("kernel", one.host.kernel, other.host.kernel),
    ...differs("architecture", one.host.architecture, other.host.architecture),
    ...differs("ktriage", one.ktriage_version, other.ktriage_version),
    ...(same_host && one.host.boot_id !== other.host.boot_id ? ["the host was started again in between"] : []),
    ...(Math.max(...windows) > Math.min(...windows) * (1 + WINDOW_SHARE)
      ? [`window: ${one.window_s} s, then ${other.window_s} s: counts cannot be compared, rates can`]
      : []),
    ...(one.start_time > other.start_time ? ["the first one is the later one"] : []),
  ];
}

function findingsOf(before: readonly HealthFinding[], after: readonly HealthFinding[]): SnapshotDiff["findings"] {
  const [known, now] = [before, after].map((each) => new Map(each.map((finding) => [keyOf(finding), finding])));
  const both = after.flatMap((finding) => {
    const was = known?.get(keyOf(finding));
    return was === undefined ? [] : [{ before: was.severity, finding }];
  });
  const by = (sign: number): typeof both =>
    both.filter(({ before, finding }) => Math.sign(RANK[finding.severity] - RANK[before]) === sign);
  return {
    new: after.filter((finding) => known?.has(keyOf(finding)) !== true),
    worse: by(1),
    better: by(-1),
    gone: before.filter((finding) => now?.has(keyOf(finding)) !== true),
    same: by(0).length,
  };
}

function keyOf({ id, of }: HealthFinding): string {
  return `${id}\n${of ?? ""}`;
}

function figuresOf(before: readonly Figure[], after: readonly Figure[]): SnapshotDiff["figures"] {
  const key = ({ name, of, unit }: Figure): string => `${name}\n${of ?? ""}\n${unit}`;
  const known = new Map(before.map((figure) => [key(figure), figure]));
  const keys = new Set(after.map(key));
  const both = after.flatMap((figure) => {
    const was = known.get(key(figure));
    return was === undefined ? [] : [changeOf(was, figure)];
  });
  return {
    changed: both.filter((change) => change.before !== change.after).toSorted((one, other) =>
      distance(other) - distance(one)
    ),
    only_before: before.filter((figure) => !keys.has(key(figure))),
    only_after: after.filter((figure) => !known.has(key(figure))),
    same: both.filter((change) => change.before === change.after).length,
  };
}

function changeOf({ value }: Figure, { name, of, unit, value: after }: Figure): FigureChange {
  const change = { name, ...(of === undefined ? {} : { of }), unit, before: value, after, is_material: false };
  return { ...change, is_material: distance(change) >= MATERIAL };
}

/** On the scale of the baseline: ten times as much is as far for every unit, and next to nothing is near nothing. */
function distance({ unit, before, after }: FigureChange): number {
  return Math.abs(scaled(after, unit) - scaled(before, unit));
}
