/** What tools saw that is a fault at any figure: with names, where the counters of collectors have none. */
import type { HealthFinding, SnapshotTool } from "../protocol/snapshot.ts";
import type { ToolReading, ToolTable } from "../protocol/tool.ts";
import type { Sources } from "./collector.ts";
import { nameServers, RESOLV_CONF } from "./collectors/name_resolution.ts";
import { quiet } from "./readings/reading.ts";

const MAX_TOLD = 5;
/** A resolver that asks others itself may take a second for a name; longer than this it takes for hardly any. */
const SILENT_NS = 2e9;
/** One name may be of a zone whose own servers are gone. */
const SILENT_NAMES = 2;
const DNS_PORT = ":53";
const IN_GROUP = /^control group/;

/** What else is known by then. */
export interface Beside {
  /** Those of collectors. */
  readonly findings: readonly HealthFinding[];
  readonly sources: Sources;
}

/** Findings of all tools' readings. A fault has the id that collectors give it, so that both become one. */
export function toolFindings(tools: readonly SnapshotTool[], beside: Beside): readonly HealthFinding[] {
  return tools.flatMap(({ name, reading }) => {
    const read = FINDINGS[name];
    return reading === undefined || read === undefined ? [] : read(reading, beside);
  });
}

type Read = (reading: ToolReading, beside: Beside) => readonly HealthFinding[];

const FINDINGS: Readonly<Record<string, Read>> = {
  "oom-kills": oomFindings,
  "dns": silentServers,
};

function oomFindings({ figures: { kills = 0 }, tables }: ToolReading, { findings }: Beside): HealthFinding[] {
  if (kills === 0) return [];
  const victims = rowsOf(tables.find(({ name }) => name === "victims"));
  const told = victims.slice(0, MAX_TOLD).map(victimText);
  const id = whatRanOut(victims) ?? findings.find((finding) => /^oom\./.test(finding.id))?.id ?? "oom.kill";
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

/** Servers of this host that have answered nothing at all: what else is not answered may be another's affair. */
function silentServers({ figures: { unanswered = 0 }, tables }: ToolReading, { sources }: Beside): HealthFinding[] {
  if (unanswered < SILENT_NAMES) return [];
  const queries = Map.groupBy(
    rowsOf(tables.find(({ name }) => name === "queries")),
    (row) => serverOf(row.get("server")),
  );
  return nameServers(quiet(sources, RESOLV_CONF) ?? "").flatMap((server) => {
    const rows = queries.get(server) ?? [];
    const silent = rows.filter((row) => row.get("answer") === "none" && Number(row.get("longest")) >= SILENT_NS);
    const names = new Set(silent.map((row) => row.get("name")));
    if (names.size < SILENT_NAMES || rows.some((row) => row.get("answer") !== "none")) return [];
    return [{
      id: "resolver.silent",
      of: server,
      severity: "warning" as const,
      title: `The name server ${server} answers nothing`,
      evidence: [
        `${RESOLV_CONF}: nameserver ${server}`,
        ...silent.slice(0, MAX_TOLD).map((row) => `tool dns: ${queryText(row)}`),
      ],
      meaning:
        "Each lookup waits for seconds until the next server is asked, or fails: connections, logins and mail hang.",
      next: "ktriage tool run dns --duration 30s",
    }];
  });
}

function serverOf(cell: string | number | null | undefined): string {
  return String(cell).replace(new RegExp(`${DNS_PORT}$`), "").replace(/^\[(.*)\]$/, "$1");
}

function queryText(row: Row): string {
  const waited_s = (Number(row.get("longest")) / 1e9).toFixed(1);
  return `${row.get("process_name") ?? "?"} (pid ${row.get("process_id")}) asked for ${
    row.get("name")
  }, no answer for ${waited_s} s`;
}

/** Cells by their column's name. */
type Row = ReadonlyMap<string, string | number | null>;

function rowsOf(table: ToolTable | undefined): readonly Row[] {
  return (table?.rows ?? []).map((row) => new Map(row.map((cell, index) => [table?.columns[index]?.name ?? "", cell])));
}
