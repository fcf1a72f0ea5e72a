/** Without BPF: threads that are found waiting for a futex, by the system call that they are in. */
import { syscallNumber } from "../../kernel/tracing/syscalls.ts";
import { lookAgainAndAgain, type Sight } from "./looking.ts";
import { livingProcesses } from "./proc.ts";
import { PROCESS, tableOf } from "./reading.ts";
import { type RunningTool, type ToolRun, Unavailable } from "./tool.ts";

const LOOK_MS = 500;
/** As in bpf/tools/lock_contention.bpf.c. */
const CMD_MASK = 0x7f, WAITS = [0, 9], PI_LOCKS = [6, 13], CONTENDED = 2;

/**
 * The lock that a thread waits for, from `/proc/PID/task/TID/syscall` (proc(5)): the call's number and its arguments in
 * hexadecimal; undefined where it does something else.
 */
export function waitedFor(text: string, futex: number): string | undefined {
  const [number, address, op = "", value = ""] = text.split(" ");
  if (Number(number) !== futex) return undefined;
  const command = Number(op) & CMD_MASK;
  const is_lock = PI_LOCKS.includes(command) || (WAITS.includes(command) && Number(value) === CONTENDED);
  return is_lock ? address : undefined;
}

export function lookForWaiters({ filters }: ToolRun): Promise<RunningTool> {
  const futex = syscallNumber("futex", Deno.build.arch);
  if (futex === undefined || readable("/proc/self/syscall") === undefined) {
    throw new Unavailable("this kernel does not show in which system call a thread is");
  }
  return lookAgainAndAgain(
    { every_ms: LOOK_MS, look: () => waiters(filters, futex) },
    ({ rows, looks, event_count }) => {
      const [worst] = rows;
      return {
        reading: {
          figures: { looks, found_waiting: event_count },
          tables: [
            tableOf(
              "locks",
              { ...PROCESS, address: "text", found_waiting: "count" },
              rows.map(({ pid, name, at, times }) => [pid, name, at, times]),
            ),
          ],
          histograms: [],
          notes: [`without BPF only threads that wait when it is looked are seen, every ${LOOK_MS} ms`],
        },
        event_count,
        lost_events: 0,
        events: [],
        summary: worst === undefined
          ? `No thread was found waiting for a lock in ${looks} looks.`
          : `Threads of ${worst.name} (pid ${worst.pid}) were found waiting for the lock at ${worst.at} ${worst.times} ` +
            `times in ${looks} looks.`,
      };
    },
  );
}

function* waiters(filters: ToolRun["filters"], futex: number): Generator<Sight> {
  for (const { pid, comm } of livingProcesses(filters)) {
    for (const tid of threadsOf(pid)) {
      const at = waitedFor(readable(`/proc/${pid}/task/${tid}/syscall`) ?? "", futex);
      if (at !== undefined) yield { pid, name: comm, at };
    }
  }
}

/** Of a process with one thread nobody else holds its locks. */
function threadsOf(pid: number): string[] {
  try {
    const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].map(({ name }) => name);
    return threads.length > 1 ? threads : [];
  } catch {
    return []; // it has ended
  }
}

function readable(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
