/** The processes of this host, as the collectors read them. */
import type { ProcessStat } from "../../src/kernel/host/procfs.ts";
import { processesAt } from "../../src/snapshot/readings/processes.ts";
import { hostSources } from "../../src/snapshot/sources.ts";

/** All of them, now. */
export function processes(): readonly ProcessStat[] {
  return [...processesAt(hostSources(), "end").values()];
}

/** A process's name and state: `sleep S`. */
export function stateOf(pid: number): string | undefined {
  const process = processes().find(({ process_id }) => process_id === pid);
  return process === undefined ? undefined : `${process.process_name} ${process.state}`;
}
