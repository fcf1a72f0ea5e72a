/** A control group with one limit for the time of a test, in the hierarchy that this host has. */
import assert from "node:assert/strict";
import { hasOption, parseMountinfo } from "../../src/kernel/host/mounts.ts";

/** What runs in it at the end is killed. */
export class ControlGroup implements AsyncDisposable {
  private constructor(readonly path: string, readonly name: string, readonly version: 1 | 2) {}

  /** @param limit bytes, CPUs or processes; nothing of the freezer */
  static async make(controller: keyof typeof LIMIT_FILES, limit: number): Promise<ControlGroup> {
    const mounts = parseMountinfo(await Deno.readTextFile("/proc/self/mountinfo"));
    const old = mounts.find(({ type, super_options }) => type === "cgroup" && hasOption(super_options, controller));
    const { mount_point } = old ?? mounts.find(({ type }) => type === "cgroup2") ?? {};
    assert(mount_point !== undefined, "this host has no control groups");
    const version = old === undefined ? 2 : 1;
    // the freezer of version 2 is no controller
    if (version === 2 && controller !== "freezer") {
      await Deno.writeTextFile(`${mount_point}/cgroup.subtree_control`, `+${controller}`);
    }
    const name = `/ktriage-test-${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
    const group = new ControlGroup(`${mount_point}${name}`, name, version);
    await Deno.mkdir(group.path);
    for (const [file, text] of LIMIT_FILES[controller](version, limit)) {
      await Deno.writeTextFile(`${group.path}/${file}`, text);
    }
    return group;
  }

  /** A process of the group from here on, with all that it starts. */
  async add(pid: number): Promise<void> {
    await Deno.writeTextFile(`${this.path}/cgroup.procs`, `${pid}`);
  }

  /** Stops all that runs in it; not even SIGKILL ends it until it is thawed. */
  async freeze(): Promise<void> {
    const [file, text] = this.version === 2 ? ["cgroup.freeze", "1"] : ["freezer.state", "FROZEN"];
    await Deno.writeTextFile(`${this.path}/${file}`, text);
  }

  async thaw(): Promise<void> {
    const [file, text] = this.version === 2 ? ["cgroup.freeze", "0"] : ["freezer.state", "THAWED"];
    await Deno.writeTextFile(`${this.path}/${file}`, text);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (let tries = 0;; tries++) {
      try {
        await this.#killAll();
        return await Deno.remove(this.path);
      } catch (error) {
        if (tries === MOST_TRIES) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS)); // who has just ended may still be a member
      }
    }
  }

  async #killAll(): Promise<void> {
    for (const pid of (await Deno.readTextFile(`${this.path}/cgroup.procs`)).split("\n")) {
      try {
        if (pid !== "") Deno.kill(Number(pid), "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
  }
}

const RETRY_MS = 20, MOST_TRIES = 1000;

const LIMIT_FILES = {
  cpu: (version: 1 | 2, cpus: number) =>
    version === 2
      ? [["cpu.max", `${cpus * 100_000} 100000`]] as const
      : [["cpu.cfs_period_us", "100000"], ["cpu.cfs_quota_us", String(cpus * 100_000)]] as const,
  memory: (version: 1 | 2, bytes: number) =>
    [[version === 2 ? "memory.max" : "memory.limit_in_bytes", String(bytes)]] as const,
  pids: (_version: 1 | 2, count: number) => [["pids.max", String(count)]] as const,
  freezer: () => [],
};
