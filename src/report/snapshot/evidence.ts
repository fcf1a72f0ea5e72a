/** A snapshot for who is to find a cause: all that it holds, a line each, so that any line can be cited. */
import type { Figure, HealthFinding, Snapshot } from "../../protocol/snapshot.ts";
import { valueText } from "./values.ts";

/** Everything but what tools read, which are results of their own. */
export function evidenceText(snapshot: Snapshot): string {
  const { host, verdict, start_time, window_s, findings, figures, collectors, notes } = snapshot;
  const unread = collectors.filter(({ state }) => state === "failed" || state === "partial");
  return [
    `health of ${host.hostname} at ${start_time}, over ${window_s} s: ${verdict}`,
    ...findings.flatMap(findingLines),
    ...figures.map(figureLine),
    ...unread.map(({ name, state, detail = "" }) => `${state}: ${name}: ${detail}`),
    ...notes.map((note) => `note: ${note}`),
    "",
  ].join("\n");
}

function findingLines({ id, severity, title, evidence, meaning, next }: HealthFinding): string[] {
  return [
    `${severity}: ${title} [${id}]`,
    ...evidence.map((line) => `  seen: ${line}`),
    `  means: ${meaning}`,
    `  next: ${next}`,
  ];
}

function figureLine({ name, of, value, unit, warn, crit }: Figure): string {
  const limits = [
    ...warn === undefined ? [] : [`warning at ${warn}`],
    ...crit === undefined ? [] : [`critical at ${crit}`],
  ];
  const shown = valueText(value, unit);
  const exact = shown === String(value) ? shown : `${value} (${shown})`;
  return `${name}${of === undefined ? "" : ` of ${of}`}: ${exact}${
    limits.length === 0 ? "" : `, ${limits.join(", ")}`
  }`;
}
