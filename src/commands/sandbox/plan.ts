/** Which layers confine a line: what this host has of them, and what the line needs. */
import { SystemCalls } from "../../ffi/confine.ts";
import type { Needs } from "../needs.ts";
import { landlockAbi, SCOPING_ABI, TRUNCATE_ABI } from "./landlock.ts";
import { looksIntoProcesses } from "./processes.ts";

const SECCOMP_GET_ACTION_AVAIL = 2, RETURN_ERRNO = 0x0005_0000, RETURN_ASK = 0x7fc0_0000;

/** Layers that tests can do without, to see the next best. */
export type Layer = "landlock" | "broker" | "seccomp" | "cgroup";

/** What this host gives. */
export interface HostLayers {
  /** 0 without Landlock. */
  readonly landlock_abi: number;
  readonly seccomp: boolean;
  /** A filter's calls can be answered by another process, and that process can open files for it (Linux 5.9). */
  readonly broker: boolean;
}

/** How a line is confined; the helper does exactly this or does not run it. */
export interface Plan {
  readonly writes: "landlock" | "broker" | "none";
  readonly seccomp: boolean;
  readonly landlock_abi: number;
  readonly signals_scoped: boolean;
  /** Where the kernel does not bound its processes: a new session would have as much CPU time as all else (autogroup). */
  readonly one_session: boolean;
  /** What is missing on this host or for this line, in sentences. */
  readonly notes: readonly string[];
}

export interface PlanOptions {
  readonly host: HostLayers;
  readonly needs: Needs;
  readonly tasks_bounded: boolean;
}

/** Asks the kernel, without changing anything. */
export function readHostLayers(): HostLayers {
  using system = new SystemCalls();
  const has = (action: number): boolean =>
    system.attempt("seccomp", SECCOMP_GET_ACTION_AVAIL, 0, new Uint8Array(new Uint32Array([action]).buffer)) === 0;
  const seccomp = has(RETURN_ERRNO);
  return {
    landlock_abi: landlockAbi(system),
    seccomp,
    broker: seccomp && has(RETURN_ASK) && canTakeDescriptors(system),
  };
}

/** The layers without those that are switched off. */
export function without(host: HostLayers, layers: readonly Layer[]): HostLayers {
  const seccomp = host.seccomp && !layers.includes("seccomp");
  return {
    landlock_abi: layers.includes("landlock") ? 0 : host.landlock_abi,
    seccomp,
    broker: seccomp && host.broker && !layers.includes("broker"),
  };
}

/**
 * Landlock hides the files, memory and descriptors of other processes from whoever it confines (its ptrace rule counts for
 * reading, too): a line that looks there gets the broker, which is as strict about writing.
 *
 * @param options.tasks_bounded something else bounds how many processes it has
 */
export function planFor(line: string, options: PlanOptions): Plan {
  const { host, needs, tasks_bounded } = options;
  const complete = host.landlock_abi >= (host.seccomp ? 1 : TRUNCATE_ABI);
  const looks = looksIntoProcesses(line) || needs.calls.includes("ptrace") || needs.calls.includes("setns");
  const writes = complete && !(looks && host.broker) ? "landlock" : host.broker ? "broker" : "none";
  const notes = [
    ...looks && writes === "landlock" ? ["Landlock hides files, memory and descriptors of other processes here."] : [],
    ...writes === "none" ? ["Nothing but permissions and the policy keeps it from writing files."] : [],
    ...tasks_bounded ? [] : ["Only a watch bounds how many processes it starts."],
  ];
  const landlock_abi = writes === "landlock" ? host.landlock_abi : 0;
  return {
    writes,
    seccomp: host.seccomp,
    landlock_abi,
    signals_scoped: landlock_abi >= SCOPING_ABI,
    one_session: !tasks_bounded,
    notes,
  };
}

/** In a fixed order, as the result of a command says it. */
export function levelOf(plan: Plan, { tree }: { readonly tree: string }): string {
  return [...plan.writes === "none" ? [] : [plan.writes], ...plan.seccomp ? ["seccomp"] : [], "caps", tree].join("+");
}

/** pidfd_getfd(2) on this process: the call is there, and no filter of a container denies it. */
function canTakeDescriptors(system: SystemCalls): boolean {
  const pidfd = system.attempt("pidfd_open", Deno.pid, 0);
  if (pidfd < 0) return false;
  const copy = system.attempt("pidfd_getfd", pidfd, pidfd, 0);
  system.attempt("close", pidfd);
  if (copy < 0) return false;
  system.attempt("close", copy);
  return true;
}
