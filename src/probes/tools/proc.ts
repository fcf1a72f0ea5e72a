/** Ways without BPF: counters of /proc, read at the window's start and at its end. */
import type { ProgramFilters } from "../engine/config.ts";
import type { RunningTool, ToolOutcome } from "./tool.ts";

/** Reads now and at the window's end; `outcomeOf` says what lies between. */
export async function counters<T>(
  read: () => T | Promise<T>,
  outcomeOf: (before: T, after: T, window_s: number) => ToolOutcome | Promise<ToolOutcome>,
): Promise<RunningTool> {
  const start = performance.now(), before = await read();
  return {
    finish: async () => {
      const after = await read();
      return await outcomeOf(before, after, (performance.now() - start) / 1000);
    },
    [Symbol.dispose]: () => {},
  };
}

export interface ListedProcess {
  readonly pid: number;
  readonly comm: string;
  /** A file below /proc/PID; undefined where the process has ended, or does not show it to us. */
  readonly text: (file: string) => string | undefined;
}

/** Processes that live and match, without ktriage itself. */
export function* livingProcesses({ comm, pid, uid }: ProgramFilters): Generator<ListedProcess> {
  for (const { name } of pid === undefined ? Deno.readDirSync("/proc") : [{ name: String(pid) }]) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    const text = (file: string): string | undefined => textOf(`/proc/${name}/${file}`);
    const own_name = text("comm")?.trimEnd();
    if (own_name === undefined || !matches(own_name, comm)) continue;
    if (uid !== undefined && !new RegExp(`^Uid:\\t${uid}\\t`, "m").test(text("status") ?? "")) continue;
    yield { pid: Number(name), comm: own_name, text };
  }
}

function matches(name: string, filter: string | undefined): boolean {
  if (filter === undefined || filter === "") return true;
  return filter.endsWith("*") ? name.startsWith(filter.slice(0, -1)) : name === filter.slice(0, 15);
}

function textOf(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
