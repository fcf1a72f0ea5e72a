/** What a command may use up, and that it comes last. */
import type { SystemCalls } from "../../ffi/confine.ts";

/** include/uapi/asm-generic/resource.h */
const RLIMIT_FSIZE = 1, RLIMIT_DATA = 2, RLIMIT_CORE = 4, RLIMIT_NPROC = 6, RLIMIT_NOFILE = 7;
const MIB = 1 << 20;
/** Bytes or numbers; what is lower already stays. Data: what `docker`, `kubectl` and `jcmd` live with. */
const BOUNDS: readonly (readonly [number, number])[] = [
  [RLIMIT_FSIZE, 64 * MIB],
  [RLIMIT_DATA, 2048 * MIB],
  [RLIMIT_NOFILE, 4096],
];
/** 0 does not keep the kernel from starting a program that takes the dump (core_pattern), 1 does: core(5). */
const CORE_BYTES = 1n;
const NICE = 5, UMASK = 0o077;
/** IOPRIO_CLASS_BE, its lowest level. */
const IO_PRIORITY = 2 << 13 | 7, IOPRIO_WHO_PROCESS = 1;

/**
 * Acts on this process and what it will execute.
 *
 * @throws {SystemError} a limit is refused
 */
export function applyLimits(
  system: SystemCalls,
  { processes, oom_score }: { readonly processes: number; readonly oom_score: number },
): void {
  raiseOomScore(oom_score);
  system.call("umask", UMASK);
  const core = new Uint8Array(new BigUint64Array([CORE_BYTES, CORE_BYTES]).buffer);
  system.attempt("prlimit64", 0, RLIMIT_CORE, core, 0); // refused where the bound is 0 already
  for (const [resource, bound] of [...BOUNDS, [RLIMIT_NPROC, processes] as const]) {
    const limits = new BigUint64Array(2);
    const bytes = new Uint8Array(limits.buffer);
    system.call("prlimit64", 0, resource, 0, bytes);
    limits.forEach((value, i) => limits[i] = value < BigInt(bound) ? value : BigInt(bound));
    system.call("prlimit64", 0, resource, bytes, 0);
  }
}

/** Where ktriage was started with a higher one, as in some containers, it stays: the kernel lets nobody lower it. */
function raiseOomScore(score: number): void {
  try {
    Deno.writeTextFileSync("/proc/self/oom_score_adj", String(score));
  } catch (error) {
    if (Number(Deno.readTextFileSync("/proc/self/oom_score_adj")) < score) throw error;
  }
}

/** Last of all, so that the helper itself is not slow on a busy host. */
export function lowerPriority(system: SystemCalls): void {
  system.attempt("setpriority", 0, 0, NICE); // refused only to who is nicer already
  system.attempt("ioprio_set", IOPRIO_WHO_PROCESS, 0, IO_PRIORITY); // not every I/O scheduler knows it
}

/** Processes and threads of all users: an upper bound of what this one has. */
export function presentTasks(): number {
  return Number(/\d+\/(\d+)/.exec(Deno.readTextFileSync("/proc/loadavg"))?.[1] ?? 0);
}
