/** The curated tools that look along: those that cost next to nothing. */
import type { Tool } from "../probes/tools/tool.ts";
import type { ToolReading } from "../protocol/tool.ts";
import type { ToolSource } from "./take.ts";

/** Exemplars are for the diagnosis that may follow; a snapshot has figures. */
const MAX_EVENTS = 10;

/** Tools on one ground, which opens with the first of them. Disposing detaches what is still attached. */
export interface SnapshotTools extends Disposable {
  readonly sources: readonly ToolSource[];
}

/** All tools that every snapshot can afford. */
export async function snapshotTools(): Promise<SnapshotTools> {
  const [{ allTools }, { startTool }, { Ground }] = await Promise.all([
    import("../probes/tools/registry.ts"),
    import("../probes/tools/run.ts"),
    import("../probes/ground.ts"),
  ]);
  const tools = (await allTools()).filter(({ in_snapshot }) => in_snapshot);
  const resources = new DisposableStack();
  const ground = await Ground.open();
  if (!("error" in ground)) resources.use(ground);
  const start = async (tool: Tool): Promise<() => Promise<ToolReading>> => {
    const started = await startTool(tool, { ground, filters: {}, max_events: MAX_EVENTS });
    if ("error" in started) throw new Error(started.error);
    resources.use(started);
    return async () => (await started.finish()).reading;
  };
  return {
    sources: tools.map((tool) => ({ name: tool.name, start: () => start(tool) })),
    [Symbol.dispose]: () => resources.dispose(),
  };
}
