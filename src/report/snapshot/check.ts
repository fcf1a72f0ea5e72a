/**
 * A snapshot as the answer of a monitoring plugin.
 *
 * @see https://www.monitoring-plugins.org/doc/guidelines.html (output, perfdata, return codes)
 */
import type { Figure, Snapshot, Verdict } from "../../protocol/snapshot.ts";
import { oneLine, verdictLine } from "./text.ts";
import { isLower } from "./scale.ts";

export const PLUGIN_EXIT: Readonly<Record<Verdict, number>> = { ok: 0, warning: 1, critical: 2, unknown: 3 };

/** Nagios reads 8 KB of a plugin, NRPE less: the line must come through whole. */
const MAX_PERFDATA = 3500;
const MAX_TEXT = 500;
const MAX_LONG_LINES = 20;
/** A decimal number without an exponent. */
const DECIMALS = 9;

/** By how much a value is multiplied to be in the unit of perfdata, and that unit. */
const UNITS: Readonly<Record<Figure["unit"], readonly [number, string]>> = {
  count: [1, ""],
  per_s: [1, ""],
  text: [1, ""],
  bytes: [1, "B"],
  bytes_per_s: [1, "B"],
  percent: [1, "%"],
  s: [1, "s"],
  ms: [1e-3, "s"],
  us: [1e-6, "s"],
  ns: [1e-9, "s"],
};

/** The status line with perfdata, and the findings as long text below it. */
export function checkText(snapshot: Snapshot): string {
  const { verdict, findings } = snapshot;
  const line = `KTRIAGE ${verdict.toUpperCase()} - ${plainText(verdictLine(snapshot))}`;
  const figures = perfdata(snapshot.figures);
  const long = findings.slice(0, MAX_LONG_LINES).map(({ severity, title }) =>
    `${severity.toUpperCase()}: ${plainText(title)}`
  );
  const more = findings.length > MAX_LONG_LINES ? [`and ${findings.length - MAX_LONG_LINES} more`] : [];
  return [figures === "" ? line : `${line} | ${figures}`, ...long, ...more].join("\n") + "\n";
}

/** Where there is no snapshot: why. */
export function checkFailedText(why: string): string {
  return `KTRIAGE UNKNOWN - ${plainText(why)}\n`;
}

/** `'label'=value[UOM];warn;crit;min;max`, as many as fit: the host's own with limits, each disk's and mount's, the rest. */
export function perfdata(figures: readonly Figure[]): string {
  const rank = ({ warn, crit, of }: Figure): number =>
    warn === undefined && crit === undefined ? 2 : of === undefined ? 0 : 1;
  const fields: string[] = [];
  let length = 0;
  for (const figure of figures.toSorted((one, other) => rank(one) - rank(other))) {
    if (!Number.isFinite(figure.value)) continue;
    const field = fieldOf(figure);
    length += field.length + 1;
    if (length > MAX_PERFDATA) break;
    fields.push(field);
  }
  return fields.join(" ");
}

function fieldOf(figure: Figure): string {
  const { name, of, value, unit, warn, crit, min, max } = figure;
  const [factor, uom] = UNITS[unit];
  const number = (one: number | undefined): string => one === undefined ? "" : decimal(one * factor);
  // a range alerts outside of it: "10" above 10, "10:" below
  const range = (limit: number | undefined): string =>
    limit === undefined ? "" : number(limit) + (isLower(figure) ? ":" : "");
  const fields = [number(value) + uom, range(warn), range(crit), number(min), number(max)];
  return `${labelOf(of === undefined ? name : `${name} ${of}`)}=${fields.join(";").replace(/;+$/, "")}`;
}

/** No `=`, and quotation marks around what has a space; a quotation mark inside is written twice. */
function labelOf(text: string): string {
  return `'${plainText(text).replaceAll("=", "_").replaceAll("'", "''")}'`;
}

function decimal(value: number): string {
  const text = value.toFixed(Number.isInteger(value) ? 0 : DECIMALS);
  // toFixed() itself writes exponents from 1e21 on
  const plain = text.includes("e") ? BigInt(Math.round(value)).toString() : text;
  return plain.includes(".") ? plain.replace(/\.?0+$/, "") : plain;
}

/** One line without the character that ends the text. */
function plainText(text: string): string {
  return oneLine(text).replaceAll("|", "/").slice(0, MAX_TEXT);
}
