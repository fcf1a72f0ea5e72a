/** What ktriage takes of its host: it comes last for the CPU and the disk, and dies first when memory runs out. */
import { SystemCalls } from "../ffi/confine.ts";

/** As the commands of an AI have it: a quarter of what a process of the host's own gets on a contended CPU. */
const NICE = 5;
/** IOPRIO_CLASS_BE, its lowest level: the class below it may wait for ever on the busy disk that is to be diagnosed. */
const IO_PRIORITY = 2 << 13 | 7, IOPRIO_WHO_PROCESS = 1;
/** Nearly the first to go; just below the commands of an AI, which go before it (900 and more, src/commands/sandbox). */
const OOM_SCORE = 899;
const OOM_SCORE_FILE = "/proc/self/oom_score_adj";
/** getpriority(2) as a system call returns 20 - nice. */
const NICE_BASE = 20;
/** The thread has ended meanwhile. */
const ESRCH = 3;

/**
 * Puts the bounds on every thread of this process; threads and processes that it starts later inherit them. A bound that
 * is tighter already stays as it is.
 *
 * @returns what could not be bounded, and why; a sentence each
 */
export function bindItself(): readonly string[] {
  return [...priorities(), oomScore()].filter((failure) => failure !== undefined);
}

function priorities(): readonly (string | undefined)[] {
  try {
    using system = new SystemCalls();
    return [cpuPriority(system), ioPriority(system)];
  } catch (error) { // the C library cannot be called: whoever started it gave no right to
    return [`Cannot lower ktriage's own CPU and I/O priority: ${reasonOf(error)}.`];
  }
}

function cpuPriority(system: SystemCalls): string | undefined {
  return onEveryThread((thread) => {
    const nice = NICE_BASE - system.attempt("getpriority", 0, thread);
    return nice >= NICE ? 0 : system.attempt("setpriority", 0, thread, NICE);
  }, "Cannot lower ktriage's own CPU priority");
}

function ioPriority(system: SystemCalls): string | undefined {
  return onEveryThread((thread) => {
    const now = system.attempt("ioprio_get", IOPRIO_WHO_PROCESS, thread);
    // a class's number grows as its right shrinks, and so does a level's; 0 is none, which is like the middle of BE
    return now >= IO_PRIORITY ? 0 : system.attempt("ioprio_set", IOPRIO_WHO_PROCESS, thread, IO_PRIORITY);
  }, "Cannot lower ktriage's own I/O priority");
}

/** Priorities are a thread's, not a process's: those that Deno has started already are asked for by their ids. */
function onEveryThread(act: (thread: number) => number, what: string): string | undefined {
  try {
    const results = [...Deno.readDirSync("/proc/self/task")].map(({ name }) => act(Number(name)));
    const error = results.find((result) => result < 0 && result !== -ESRCH);
    return error === undefined ? undefined : `${what}: errno ${-error}. It competes with the host's own processes.`;
  } catch (error) {
    return `${what}: ${reasonOf(error)}.`;
  }
}

function oomScore(): string | undefined {
  try {
    if (Number(Deno.readTextFileSync(OOM_SCORE_FILE)) < OOM_SCORE) {
      Deno.writeTextFileSync(OOM_SCORE_FILE, String(OOM_SCORE));
    }
    return undefined;
  } catch (error) {
    return `Cannot raise ktriage's own OOM score: ${
      reasonOf(error)
    }. Out of memory, the kernel may end others before it.`;
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
