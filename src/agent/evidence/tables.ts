/** Numbers that follow from what commands print: shares of totals, CPU times. */
import { parseCpuUse } from "../../models/expert/readers/tables.ts";
import type { Name } from "./atoms.ts";
import { type Numbers, readQuantities } from "./quantities.ts";
import type { Source } from "./source.ts";

/** Lines whose first numbers are divided by each other. */
const MAX_ROWS = 8;

/** Of `name: value` lists the shares of what calls itself a total, of tables those of two numbers in a line. */
export function addTable(
  { command, rows }: Source,
  { names, says_used }: { readonly names: readonly Name[]; readonly says_used: boolean },
  numbers: Numbers,
): void {
  if (command === undefined) return;
  const named = rows.filter(({ text }) => names.some(({ matches }) => matches(text))).slice(0, MAX_ROWS)
    .flatMap(({ text }) => readQuantities(text).slice(0, 1)).map(({ values }) => values[0] ?? 0);
  for (const part of named) for (const total of named) if (total > part) numbers.add("percent", part / total * 100);
  const lines = command.stdout.split("\n");
  // with a heading or without
  const filled = lines.filter((line) => line.trim() !== "").length;
  numbers.add("count", filled);
  if (filled > 1) numbers.add("count", filled - 1);
  const pairs = lines.flatMap((line) => {
    const [, name = "", value] = /^([\w() ]+):?\s+(\d+)(?: kB)?$/.exec(line.trim()) ?? [];
    return value === undefined ? [] : [{ name, value: Number(value) }];
  });
  for (const total of pairs.filter(({ name, value }) => /total|max|limit|capacity/i.test(name) && value > 0)) {
    for (const { name, value } of pairs) {
      if (value > total.value) continue;
      const share = value / total.value * 100;
      numbers.add("percent", says_used && /free|avail/i.test(name) ? 100 - share : share);
    }
  }
  // free and df without percentages: the first number of a line is its total
  if (/^\s*(?:sudo )?(?:free|df)\b/.test(command.command)) {
    for (const line of lines) {
      const [total, ...parts] = readQuantities(line).filter(({ dimension }) => dimension !== "percent").map((
        { values },
      ) => values[0] ?? 0);
      for (const part of parts) {
        if (total !== undefined && total > 0 && part <= total) numbers.add("percent", part / total * 100);
      }
    }
  }
}

/** CPU time of a process from its `stat`, which counts in clock ticks, and its age where the host's uptime is there. */
export function addCpuTimes(sources: readonly Source[], numbers: Numbers): void {
  const outputs = sources.flatMap(({ command }) => command?.stdout ?? []);
  for (const stat of outputs.filter((text) => /^\d+ \(.+\) [A-Z] /.test(text))) {
    for (const uptime of outputs.filter((text) => /^\d+\.\d+ \d+\.\d+\s*$/.test(text))) {
      const use = parseCpuUse(stat, uptime);
      if (use === undefined) continue;
      numbers.add("seconds", use.cpu_s);
      numbers.add("seconds", use.age_s);
      if (use.age_s > 0) numbers.add("percent", use.cpu_s / use.age_s * 100);
    }
  }
}
