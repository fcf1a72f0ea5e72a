/** What tools saw that is a fault at any figure: with names, where the counters of collectors have none. */
import type { HealthFinding, SnapshotTool } from "../protocol/snapshot.ts";
import type { ToolReading, ToolTable } from "../protocol/tool.ts";

const MAX_TOLD = 5;
const IN_GROUP = /^control group/;

/**
 * Findings of all tools' readings. A fault has the id that collectors give it, so that both become one.
 *
 * @param seen what collectors found
 */
export function toolFindings(tools: readonly SnapshotTool[], seen: readonly HealthFinding[]): readonly HealthFinding[] {
  return tools.flatMap(({ name, reading }) => {
    const read = FINDINGS[name];
    return reading === undefined || read === undefined ? [] : read(reading, seen);
  });
}

type Read = (reading: ToolReading, seen: readonly HealthFinding[]) => readonly HealthFinding[];

const FINDINGS: Readonly<Record<string, Read>> = {
  "oom-kills": oomFindings,
};

function oomFindings({ figures: { kills = 0 }, tables }: ToolReading, seen: readonly HealthFinding[]): HealthFinding[] {
  if (kills === 0) return [];
  const victims = rowsOf(tables.find(({ name }) => name === "victims"));
  const told = victims.slice(0, MAX_TOLD).map(victimText);
  const id = whatRanOut(victims) ?? seen.find((finding) => /^oom\./.test(finding.id))?.id ?? "oom.kill";
  const in_group = id === "oom.cgroup_kill";
  return [{
    id,
    severity: in_group ? "warning" : "critical",
    title: `The kernel killed ${kills === 1 ? "a process" : `${kills} processes`} for want of memory${
      in_group ? " of its control group" : ""
    }`,
    evidence: [`tool oom-kills: ${kills} in the window`, ...told.map((text) => `tool oom-kills: ${text}`)],
    meaning: in_group
      ? "What runs in that control group needs more memory than its limit, or leaks."
      : "The host had no memory left. What was killed is gone; what took the memory may still be there.",
    next: "dmesg | grep -iE 'out of memory|oom-kill' | tail -n 10",
  }];
}

/** Undefined where the kernel's log did not tell of any. */
function whatRanOut(victims: readonly Row[]): "oom.kill" | "oom.cgroup_kill" | undefined {
  const told = victims.map((row) => row.get("out_of_memory")).filter((cell) => typeof cell === "string");
  if (told.length === 0) return undefined;
  return told.some((cell) => !IN_GROUP.test(cell)) ? "oom.kill" : "oom.cgroup_kill";
}

function victimText(row: Row): string {
  const own = row.get("anon_rss"), group = row.get("cgroup");
  const memory = typeof own === "number" ? ` had ${Math.round(own / 2 ** 20)} MiB of its own` : "";
  return `${row.get("process_name") ?? "?"} (pid ${row.get("process_id")})${memory}${
    typeof group === "string" ? `, in ${group}` : ""
  }`;
}

/** Cells by their column's name. */
type Row = ReadonlyMap<string, string | number | null>;

function rowsOf(table: ToolTable | undefined): readonly Row[] {
  return (table?.rows ?? []).map((row) => new Map(row.map((cell, index) => [table?.columns[index]?.name ?? "", cell])));
}
