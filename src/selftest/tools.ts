/** The curated tools: all of them are started, look at one round of the worker, and answer. */
import { allTools } from "../probes/tools/registry.ts";
import { type StartedTool, startTool } from "../probes/tools/run.ts";
import { Fault, must } from "./fault.ts";
import type { Done, Part } from "./part.ts";
import type { Bench } from "./tracing.ts";

/** One row for all: what does not work is named. */
export function toolsPart(): Part<Bench> {
  return { id: "tools", needs: ["tracepoint"], run: askAll };
}

/** @throws {Fault} one of them cannot start, or its figures are not what the worker did */
async function askAll({ ground, worker, remains }: Bench): Promise<Done> {
  using resources = new DisposableStack();
  const started = new Map<string, StartedTool>();
  for (const tool of await allTools()) {
    const filters = tool.name === COUNTED ? { pid: worker.pid } : {};
    const outcome = await startTool(tool, { ground, filters, max_events: 0 });
    if ("error" in outcome) throw new Fault(`${tool.name}: ${outcome.error}`, outcome.hint);
    started.set(tool.name, resources.use(outcome));
  }
  remains.look();
  const { paths } = await worker.provoke();
  const results = await Promise.all([...started].map(async ([name, tool]) => ({ name, ...await tool.finish() })));
  const counted = results.find(({ name }) => name === COUNTED);
  const errors = counted?.reading.tables.find(({ name }) => name === "errors")?.rows ?? [];
  // cells: process_id, process_name, call, error, count
  const failed = Number(errors.find(([, , call, error]) => call === "openat" && error === "ENOENT")?.[4] ?? 0);
  must(
    failed <= paths.length && failed + (counted?.missed_hits ?? 0) >= paths.length,
    () => `${COUNTED} counted ${failed} failed opens, not ${paths.length}`,
  );
  const second_best = results.filter(({ name }) => started.get(name)?.attached_as !== undefined)
    .map(({ name, reading }) => `${name} by ${reading.source}`);
  return {
    attached_as: second_best.length === 0
      ? "each by its first way"
      : `not by their first way: ${second_best.join(", ")}`,
    detail: `${started.size} tools started and answered`,
  };
}

/** The tool whose figures are known from what the worker says. */
const COUNTED = "syscalls";
