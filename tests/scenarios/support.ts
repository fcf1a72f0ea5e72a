/** Makes a fault by real programs, and has the expert diagnose it with the real hands. */
import assert from "node:assert/strict";
import { diagnose } from "../../src/agent/loop.ts";
import { runCommand } from "../../src/commands/mod.ts";
import { readHost } from "../../src/kernel/host/host.ts";
import { createExpert } from "../../src/models/expert/mod.ts";
import { startPrograms } from "../../src/probes/start.ts";
import type { ResolutionReply, Run } from "../../src/protocol/mod.ts";

/** Enough for several rounds of every fault; the command line's default of 10 s would make the suite slow. */
const DURATION_S = 3;

/** A process group that makes a fault, and ends with it. Started before tracing: what is started later is ktriage's own. */
export class Fault implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
  }

  /** Starts a shell line, in a session of its own so that all that it starts ends with it. */
  static async shell(line: string, args: readonly string[] = []): Promise<Fault> {
    return await Fault.#start(["sh", "-c", `echo ready; ${line}`, "sh", ...args]);
  }

  /** The same for what only bash can. The line says `ready` itself. */
  static async bash(line: string, args: readonly string[] = []): Promise<Fault> {
    return await Fault.#start(["bash", "-c", line, "bash", ...args]);
  }

  /** Starts a script of tests/scenarios/faults/. */
  static async script(name: string, args: readonly string[] = []): Promise<Fault> {
    const path = new URL(`./faults/${name}`, import.meta.url).pathname;
    return await Fault.#start([Deno.execPath(), "run", "-A", "--no-check", "--unstable-net", path, ...args]);
  }

  static async #start(command: readonly string[]): Promise<Fault> {
    const child = new Deno.Command("setsid", {
      args: [...command],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const output = child.stdout.getReader();
    const { done } = await output.read();
    output.releaseLock();
    assert(!done, `the fault ended before it began: ${command.join(" ")}`);
    return new Fault(child);
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Until the first process of it has ended by itself. */
  get ended(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // it has ended by itself: the test's own assertion tells
    }
    await this.#child.stdout.cancel();
    await this.#child.status;
  }
}

/** Runs the whole loop on this host. */
export async function diagnoseHere(issue: string): Promise<Run & { readonly resolution: ResolutionReply }> {
  const run = await diagnose({
    issue,
    host: await readHost(),
    model: createExpert({ duration_s: DURATION_S }),
    hands: { startPrograms, runCommand },
  });
  const { resolution } = run;
  assert(resolution !== undefined, `no resolution: ${run.failure?.message}`);
  assert.deepEqual(run.evidence_check?.unknown_evidence, [], "a claim points at evidence that was not captured");
  const doubted = run.evidence_check?.claims?.filter(({ status }) => status !== "verified");
  assert.deepEqual(doubted, [], "the expert says what the evidence does not show");
  return { ...run, resolution };
}

/** Evidence of a run that a resolution's findings point at, told apart by kind. */
export function citedKinds({ resolution, turns }: Run): ReadonlySet<"command" | "ebpf"> {
  const cited = new Set(resolution?.findings?.flatMap(({ evidence }) => evidence));
  const kinds = new Set<"command" | "ebpf">();
  for (const turn of turns) {
    if (turn.command_results.some(({ id }) => cited.has(id))) kinds.add("command");
    if (Object.keys(turn.ebpf_results).some((key) => cited.has(key))) kinds.add("ebpf");
  }
  return kinds;
}

/** A port of the loopback that was free a moment ago. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return (listener.addr as Deno.NetAddr).port;
}

/** A directory that is gone at the end. */
export class Directory implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "ktriage-scenario-" });

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** A small file system in memory, unmounted at the end. */
export class SmallFileSystem implements AsyncDisposable {
  private constructor(readonly path: string) {}

  /** @param options of mount(8), for example `size=64k` */
  static async mount(path: string, options: string): Promise<SmallFileSystem> {
    await Deno.mkdir(path);
    await must("mount", "-t", "tmpfs", "-o", options, "ktriage-test", path);
    return new SmallFileSystem(path);
  }

  /** Writes a file that takes all the space that is left. */
  async fill(name: string): Promise<void> {
    using file = await Deno.open(`${this.path}/${name}`, { write: true, create: true });
    const block = new Uint8Array(4096);
    await assert.rejects(async () => {
      for (;;) await file.write(block);
    }, /No space left/);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // lazily: a writer that was just killed may hold it for a moment
    await must("umount", "-l", this.path);
  }
}

/** A small ext4 in a file, on a loop device; unmounted at the end. Needs mkfs.ext4 and losetup. */
export class LoopFileSystem implements AsyncDisposable {
  private constructor(readonly path: string, readonly device: string) {}

  static async make(path: string): Promise<LoopFileSystem> {
    const image = `${path}.img`;
    await Deno.mkdir(path);
    await Deno.writeFile(image, new Uint8Array());
    await Deno.truncate(image, 8 << 20);
    await must("mkfs.ext4", "-q", "-m", "0", image);
    const device = (await must("losetup", "--find", "--show", image)).trim();
    try {
      await must("mount", "-o", "errors=remount-ro", device, path);
      return new LoopFileSystem(path, device);
    } catch (error) {
      await must("losetup", "--detach", device);
      throw error;
    }
  }

  async remount(option: string): Promise<void> {
    await must("mount", "-o", `remount,${option}`, this.path);
  }

  /** As if the kernel had found an error on the disk. */
  async breakDown(): Promise<void> {
    await Deno.writeTextFile(`/sys/fs/ext4/${this.device.split("/").at(-1)}/trigger_fs_error`, "1\n");
  }

  /** Whoever writes waits in the kernel from now on. */
  async freeze(): Promise<void> {
    await must("fsfreeze", "--freeze", this.path);
  }

  /** Also when it is not frozen. */
  async thaw(): Promise<void> {
    await new Deno.Command("fsfreeze", { args: ["--unfreeze", this.path], stderr: "null" }).output();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.thaw();
    await must("umount", this.path);
    await must("losetup", "--detach", this.device);
  }
}

async function must(command: string, ...args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  assert(success, `${command} ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
