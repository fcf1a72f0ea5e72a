/** Where there are no control groups: a command's processes, found by their parents. */
import { SystemCalls } from "../../ffi/confine.ts";
import { kill, pause } from "./signals.ts";

const PR_SET_CHILD_SUBREAPER = 36;
const END_MS = 3000;

/** Commands under way, by the process id of the shell. */
const running = new Set<number>();
let adopts = false;

/**
 * The processes that descend from a shell. Those whose parents have ended become children of ktriage, since it asks the
 * kernel for them; they are told apart by the
 * command's own OOM score, which nothing in the sandbox can write.
 */
export class Subtree implements AsyncDisposable {
  readonly kind = "subtree";
  readonly #shell: number;
  readonly #oom_score: string;

  constructor(shell: number, options: { readonly oom_score: number }) {
    this.#shell = shell;
    this.#oom_score = String(options.oom_score);
    running.add(shell);
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
    using system = new SystemCalls();
    const by = performance.now() + END_MS;
    for (let round = 0; performance.now() < by; round++) {
      const found = this.#processes();
      // stopped first: who forks faster than it is found does not any more
      for (const { pid, ended } of found) if (!ended) kill(pid, "SIGSTOP");
      for (const { pid, ended } of found) if (!ended) kill(pid, "SIGKILL");
      for (const { pid, parent } of found) if (parent === Deno.pid && pid !== this.#shell) system.reap(pid);
      if (!found.some(({ ended }) => !ended)) return;
      await pause(Math.min(20, 1 + round));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    running.delete(this.#shell);
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

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  /** A zombie. */
  readonly ended: boolean;
}

function readProcesses(): Process[] {
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
