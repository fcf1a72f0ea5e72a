/** A control group for the time of a test, in whichever version of the controller this host has. */

const ROOT = "/sys/fs/cgroup";

export interface ControlGroup extends AsyncDisposable {
  readonly version: 1 | 2;
  /** As /proc/PID/cgroup names it. */
  readonly name: string;
  readonly path: string;
  /** Writes a file of the group: `memory.max`. */
  set(file: string, value: string): void;
  /** A process of the group from here on, with all that it starts. */
  add(pid: number): void;
}

type Controller = "cpu" | "memory";

/** @throws {Deno.errors.NotFound} this host has no such controller */
export function controlGroup(controller: Controller): ControlGroup {
  const name = `/ktriage-test-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
  if (isV1(controller)) return made(1, name, `${ROOT}/${controller}${name}`);
  Deno.writeTextFileSync(`${ROOT}/cgroup.subtree_control`, `+${controller}`);
  return made(2, name, `${ROOT}${name}`);
}

/** In version 1 each controller has a hierarchy of its own. */
function isV1(controller: Controller): boolean {
  return is("isDirectory", `${ROOT}/${controller}`) && v2Controllers().length === 0;
}

function v2Controllers(): string[] {
  const path = `${ROOT}/cgroup.controllers`;
  return is("isFile", path) ? Deno.readTextFileSync(path).split(/\s+/) : [];
}

function made(version: 1 | 2, name: string, path: string): ControlGroup {
  Deno.mkdirSync(path);
  const set = (file: string, value: string): void => Deno.writeTextFileSync(`${path}/${file}`, value);
  return {
    version,
    name,
    path,
    set,
    add: (pid) => set("cgroup.procs", `${pid}`),
    [Symbol.asyncDispose]: () => removed(path),
  };
}

/** A process that has just ended may still count as its member. */
async function removed(path: string): Promise<void> {
  for (let tries = 0;; tries++) {
    try {
      return Deno.removeSync(path);
    } catch (error) {
      if (tries === 100) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

function is(kind: "isDirectory" | "isFile", path: string): boolean {
  try {
    return Deno.statSync(path)[kind];
  } catch {
    return false;
  }
}
