/** Where there are no control groups: a command's processes, found by their parents. */
import { SystemCalls } from "../../ffi/confine.ts";
import { presentTasks } from "./limits.ts";
import { kill, pause } from "./signals.ts";

const PR_SET_CHILD_SUBREAPER = 36;
const END_MS = 3000;
/** The kernel does not count root's processes (RLIMIT_NPROC): so often it is looked whether there are too many. */
const WATCH_MS = 20, MAXIMUM_PROCESSES = 512;

/** Commands under way, by the process id of the shell. */
const running = new Set<number>();
let adopts = false;

/**
 * The processes that descend from a shell. Those whose parents have ended become children of ktriage, since it asks the
 * kernel for them; they are told apart by the command's own OOM score, which nothing in the sandbox can write.
 */
export class Subtree implements AsyncDisposable {
  readonly kind = "subtree";
  readonly bounds_tasks = false;
  readonly #shell: number;
  readonly #oom_score: string;
  readonly #watch: ReturnType<typeof setInterval>;
  /** How often in a row nothing was found. */
  #empty = 0;

  constructor(shell: number, options: { readonly oom_score: number }) {
    this.#shell = shell;
    this.#oom_score = String(options.oom_score);
    running.add(shell);
    const most = presentTasks() + MAXIMUM_PROCESSES;
    this.#watch = setInterval(() => this.#endIfTooMany(most), WATCH_MS);
    if (adopts) return;
    using system = new SystemCalls();
    system.call("prctl", PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    adopts = true;
  }

  /** The processes that descend from the shell now. */
  processes(): readonly number[] {
    return this.#processes().map(({ pid }) => pid);
  }

  /** Ends everything; resolves when nothing is left, or what is left cannot be ended. */
  async end(): Promise<void> {
    // twice: one scan can miss who is born while it goes on
    if (this.#empty > 1) return;
    using system = new SystemCalls();
    const by = performance.now() + END_MS;
    for (let round = 0; performance.now() < by; round++) {
      const found = this.#processes();
      const alive = found.filter(({ ended }) => !ended);
      killAll(alive);
      for (const { pid, parent } of found) if (parent === Deno.pid && pid !== this.#shell) system.reap(pid);
      if (alive.length === 0) {
        this.#empty++;
        return;
      }
      this.#empty = 0;
      await pause(Math.min(20, 1 + round));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#watch);
    await this.end();
    running.delete(this.#shell);
  }

  /** The processes may be others'. */
  #endIfTooMany(tasks: number): void {
    if (presentTasks() < tasks) return;
    kill(-this.#shell, "SIGSTOP"); // a bomb would grow, and starve who looks
    const found = this.#processes();
    if (found.length > MAXIMUM_PROCESSES) killAll(found);
    else kill(-this.#shell, "SIGCONT");
  }

  #processes(): Process[] {
    const all = readProcesses();
    const mine = new Set<number>([this.#shell]);
    const others = new Set([...running].filter((pid) => pid !== this.#shell));
    for (let size = 0; size !== mine.size;) {
      size = mine.size;
      for (const { pid, parent, group } of all) {
        if (others.has(pid)) continue;
        if (mine.has(parent) || group === this.#shell) mine.add(pid);
        else if (parent === Deno.pid && isOf(pid, this.#oom_score)) mine.add(pid);
      }
    }
    return all.filter(({ pid }) => mine.has(pid) && pid !== Deno.pid);
  }
}

/**
 * The kernel ends a group at once: nobody in it forks faster than that, as a fork bomb does than it is found. No foreign
 * process is in one of these groups, since the shell has a session of its own.
 */
function killAll(processes: readonly Process[]): void {
  const groups = new Set(processes.map(({ group }) => group).filter((group) => group > 1));
  for (const group of groups) kill(-group, "SIGKILL");
  for (const { pid } of processes) kill(pid, "SIGKILL");
}

export interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** A zombie. */
  readonly ended: boolean;
}

/** All processes of this host, as far as they are shown. */
export function readProcesses(): Process[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => /^\d+$/.test(name) ? readProcess(Number(name)) : []);
}

function readProcess(pid: number): Process[] {
  try {
    const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
    const [state, parent, group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return [{ pid, parent: Number(parent), group: Number(group), ended: state === "Z" || state === "X" }];
  } catch {
    return []; // it has ended meanwhile
  }
}

/** Of a process that has ended nothing can be read any more: it only needs to be let go. */
function isOf(pid: number, oom_score: string): boolean {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/oom_score_adj`).trim() === oom_score;
  } catch {
    return false;
  }
}
