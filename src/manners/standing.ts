/** Which bounds are on this process, read back from the kernel and from V8. */
import { SystemCalls } from "../ffi/confine.ts";
import type { OwnBounds } from "../protocol/bounds.ts";

/** Without a bound of its own V8 takes a share of the host's memory, up to 4 GB. */
const LARGEST_HEAP_BYTES = 512 << 20;
const IOPRIO_WHO_PROCESS = 1, IOPRIO_CLASS_SHIFT = 13, LEVEL_MASK = 7;
const IO_CLASSES = ["none", "realtime", "best-effort", "idle"];
const NICE_BASE = 20;

/** What is in force now. */
export async function readOwnBounds(): Promise<OwnBounds> {
  using system = new SystemCalls();
  const { getHeapStatistics } = await import("node:v8");
  const io = system.attempt("ioprio_get", IOPRIO_WHO_PROCESS, 0);
  const heap_bytes = getHeapStatistics().heap_size_limit;
  return {
    nice: NICE_BASE - system.attempt("getpriority", 0, 0),
    io_priority: `${IO_CLASSES[io >> IOPRIO_CLASS_SHIFT] ?? "unknown"} ${io & LEVEL_MASK}`,
    oom_score_adj: Number(Deno.readTextFileSync("/proc/self/oom_score_adj")),
    ...(heap_bytes > LARGEST_HEAP_BYTES ? {} : { heap_bytes }),
    computing_threads: 1 + backgroundThreads(),
  };
}

/** Where V8 compiles and collects; one for each CPU of the host unless it is told otherwise when it starts. */
function backgroundThreads(): number {
  const threads = [...Deno.readDirSync("/proc/self/task")];
  return threads.filter(({ name }) => nameOf(name).startsWith("V8 ")).length;
}

function nameOf(thread: string): string {
  try {
    return Deno.readTextFileSync(`/proc/self/task/${thread}/comm`);
  } catch {
    return ""; // it has ended
  }
}
