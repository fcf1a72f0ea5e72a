/** Runs a curated tool around a piece of work. */
import assert from "node:assert/strict";
import { Ground } from "../../src/probes/ground.ts";
import type { ProgramFilters } from "../../src/probes/engine/config.ts";
import { toolNamed } from "../../src/probes/tools/registry.ts";
import { startTool, type ToolResult } from "../../src/probes/tools/run.ts";
import type { ToolReading } from "../../src/protocol/tool.ts";

export interface ToolTestOptions {
  readonly filters?: ProgramFilters;
  /** Index of the only way that may be taken. Default: the first that this kernel takes. */
  readonly way?: number;
  readonly max_events?: number;
}

/**
 * Counts while `work` runs. Processes that it is to see must have been started before.
 *
 * @throws {Error} the tool, or its chosen way, does not work here
 */
export async function runTool(
  name: string,
  work: () => Promise<unknown>,
  { filters = {}, way, max_events = 20 }: ToolTestOptions = {},
): Promise<ToolResult> {
  const tool = await toolNamed(name);
  if ("error" in tool) throw new Error(`${tool.error} ${tool.hint}`);
  const ground = await Ground.open();
  using resources = new DisposableStack();
  if (!("error" in ground)) resources.use(ground);
  const ways = way === undefined ? tool.ways : tool.ways.slice(way, way + 1);
  const started = await startTool({ ...tool, ways }, { ground, filters, max_events });
  if ("error" in started) throw new Error(`${started.error} ${started.hint}`);
  resources.use(started);
  await work();
  return await started.finish();
}

/** Rows of a table as objects by column. */
export function rowsOf(reading: ToolReading, table: string): Record<string, string | number | null>[] {
  const found = reading.tables.find(({ name }) => name === table);
  if (found === undefined) throw new Error(`no table ${table}; there are ${reading.tables.map(({ name }) => name)}`);
  return found.rows.map((row) => Object.fromEntries(found.columns.map(({ name }, i) => [name, row[i] ?? null])));
}

/**
 * Fails unless so many were counted. Since Linux 7.0 a program can be preempted, and what hits it on that CPU meanwhile is
 * skipped and told as missed, whoever's hit it is.
 */
export function assertCounted(actual: unknown, expected: number, { missed_hits = 0 }: Pick<ToolResult, "missed_hits">) {
  const count = Number(actual);
  const what = `${actual} were counted and ${missed_hits} missed, not ${expected}`;
  assert.ok(count <= expected && count + missed_hits >= expected, what);
}
