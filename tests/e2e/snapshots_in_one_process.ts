/**
 * Makes one whole snapshot after the other and tells after each what this process has: snapshots_in_one_process.ts STATE_DIR
 * CLOCK_FILE COUNT STEP_S. Runs behind libfaketime, whose clock the file sets, with --v8-flags=--expose-gc.
 */
import { HardLimits } from "../../src/snapshot/hard_limits.ts";
import { takeLock } from "../../src/snapshot/lock.ts";
import { makeSnapshot } from "../../src/snapshot/make.ts";

/** After one of them. */
export interface Counts {
  readonly start_time: string;
  readonly unkept: string;
  readonly failed: number;
  readonly tools: number;
  readonly fds: readonly string[];
  readonly threads: number;
  readonly heap_bytes: number;
  readonly rss_bytes: number;
}

const never = new AbortController().signal;

async function once(state_dir: string): Promise<Pick<Counts, "start_time" | "unkept" | "failed" | "tools">> {
  using limits = new HardLimits({ timeout_ms: 60_000 });
  const lock = takeLock("snapshot", state_dir);
  if (lock.is !== "held") throw new Error(`the lock is ${lock.is}`);
  using hold = lock.hold;
  const { snapshot } = await makeSnapshot({
    ...{ version: "0.0.0", window_ms: 5, state_dir, tools: "run", resolve: undefined, diagnose_on: undefined },
    ...{ signal: never, deadline: limits.deadline, hold, notes: limits.notes },
  });
  return {
    start_time: snapshot.start_time,
    unkept: snapshot.notes.filter((note) => note.startsWith("No state was kept")).join(),
    failed: snapshot.collectors.filter(({ state }) => state === "failed").length,
    tools: snapshot.tools.filter(({ reading }) => reading !== undefined).length,
  };
}

function counted(): Omit<Counts, "start_time" | "unkept" | "failed" | "tools"> {
  (globalThis as { gc?: () => void }).gc?.();
  const fds = [...Deno.readDirSync("/proc/self/fd")].flatMap(({ name }) => {
    try {
      return [Deno.readLinkSync(`/proc/self/fd/${name}`).replace(/\d+/g, "N")];
    } catch {
      return []; // the one that listed them
    }
  });
  const [, threads = ""] = /^Threads:\s*(\d+)$/m.exec(Deno.readTextFileSync("/proc/self/status")) ?? [];
  const { heapUsed, rss } = Deno.memoryUsage();
  return { fds: fds.sort(), threads: Number(threads), heap_bytes: heapUsed, rss_bytes: rss };
}

if (import.meta.main) {
  const [state_dir = "", clock = "", count = "", step_s = ""] = Deno.args;
  for (let i = 0; i < Number(count); i++) {
    Deno.writeTextFileSync(clock, `+${i * Number(step_s)}`);
    const counts: Counts = { ...await once(state_dir), ...counted() };
    Deno.stdout.writeSync(new TextEncoder().encode(`${JSON.stringify(counts)}\n`));
  }
}
