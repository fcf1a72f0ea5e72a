/** A control group of a command's own: bounds how many processes it has, and ends all of them wherever they hide. */
import { exists } from "../../kernel/exists.ts";
import { leftBehind, ownPrefix } from "./names.ts";
import { kill, pause } from "./signals.ts";

const ROOT = "/sys/fs/cgroup";
/** Processes and threads. */
const MAXIMUM_TASKS = "512";
const MAXIMUM_MEMORY = String(1 << 30);
/** Half of what others have. */
const CPU_WEIGHT = "50";
/** What does not end on SIGKILL within this sleeps in the kernel. */
const END_MS = 3000;

/** The hierarchies of this host that are of use: version 2, or that of version 1 which counts processes, or both. */
export function hierarchies(): readonly string[] {
  if (exists(`${ROOT}/cgroup.controllers`)) return [ROOT];
  return [`${ROOT}/unified`, `${ROOT}/pids`].filter((path) => exists(`${path}/cgroup.procs`));
}

let made = 0;

/** Exists until disposed of, which ends what is in it. */
export class Group implements AsyncDisposable {
  readonly kind = "cgroup";
  /** False where the host has given no controller to this level that counts them. */
  readonly bounds_tasks: boolean;
  readonly #paths: readonly string[];

  private constructor(paths: readonly string[], options: { readonly bounds_tasks: boolean }) {
    this.#paths = paths;
    this.bounds_tasks = options.bounds_tasks;
  }

  /**
   * Makes one and moves a process to it. Undefined where this host or this user has none. What ktriages that are gone left
   * behind is removed.
   */
  static async createFor(pid: number): Promise<Group | undefined> {
    const name = `${ownPrefix()}${++made}`;
    const paths: string[] = [];
    for (const root of hierarchies()) {
      try {
        if (made === 1) removeStale(root);
        Deno.mkdirSync(`${root}/${name}`);
      } catch {
        continue; // mounted read-only, or not this user's
      }
      if (await joined(`${root}/${name}`, pid)) paths.push(`${root}/${name}`);
      else Deno.removeSync(`${root}/${name}`);
    }
    let bounds_tasks = false;
    for (const path of paths) {
      // each only where the host has given its controller to this level
      bounds_tasks = bound(`${path}/pids.max`, MAXIMUM_TASKS) || bounds_tasks;
      bound(`${path}/memory.max`, MAXIMUM_MEMORY);
      bound(`${path}/cpu.weight`, CPU_WEIGHT);
    }
    return paths.length === 0 ? undefined : new Group(paths, { bounds_tasks });
  }

  /** The processes in it now. */
  processes(): readonly number[] {
    return [...new Set(this.#paths.flatMap(processesIn))];
  }

  /** Ends everything in it; resolves when nothing is left, or what is left cannot be ended. */
  async end(): Promise<void> {
    const by = performance.now() + END_MS;
    for (let round = 0; performance.now() < by; round++) {
      const pids = this.processes();
      if (pids.length === 0) return;
      for (const path of this.#paths) {
        bound(`${path}/pids.max`, "0"); // nobody is born meanwhile
        bound(`${path}/cgroup.kill`, "1"); // Linux 5.14
      }
      for (const pid of pids) kill(pid, "SIGKILL");
      await pause(Math.min(20, 1 + round));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end();
    for (const path of this.#paths) await remove(path);
  }
}

/** Paths of the groups of this process's commands that are there now. */
export function ownGroups(): string[] {
  const prefix = ownPrefix();
  return hierarchies().flatMap((root) =>
    [...Deno.readDirSync(root)].filter(({ name }) => name.startsWith(prefix)).map(({ name }) => `${root}/${name}`)
  );
}

function processesIn(path: string): number[] {
  try {
    return Deno.readTextFileSync(`${path}/cgroup.procs`).split("\n").filter((line) => line !== "").map(Number);
  } catch {
    return [];
  }
}

/** The kernel waits for all CPUs: not on this thread. */
async function joined(path: string, pid: number): Promise<boolean> {
  try {
    await Deno.writeTextFile(`${path}/cgroup.procs`, String(pid), { create: false });
    return true;
  } catch {
    return false; // another's process, or a group of threads
  }
}

function bound(file: string, value: string): boolean {
  try {
    Deno.writeTextFileSync(file, value, { create: false });
    return true;
  } catch {
    return false; // this host does not offer it here
  }
}

/** A process that has just ended keeps its group for a moment. */
async function remove(path: string): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt++) {
    try {
      Deno.removeSync(path);
      return;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      await pause(Math.min(20, 1 + attempt));
    }
  }
}

function removeStale(root: string): void {
  for (const name of leftBehind(root)) {
    for (const pid of processesIn(`${root}/${name}`)) kill(pid, "SIGKILL");
    try {
      Deno.removeSync(`${root}/${name}`);
    } catch {
      // its processes are still ending: the next ktriage removes it
    }
  }
}
