/** A command line in its sandbox: started, and ended with all that it left. */
import { exists } from "../../kernel/exists.ts";
import { commandEnvironment } from "../environment.ts";
import type { Needs } from "../needs.ts";
import { Broker } from "./broker.ts";
import { keptCapabilities } from "./capabilities.ts";
import { notePipeBroke, writeToChild } from "./child_pipe.ts";
import { presentTasks } from "./limits.ts";
import { holdJanitor } from "./janitor.ts";
import { leftBehind, ownPrefix, TEMPORARY_ROOTS } from "./names.ts";
import { prepareHelper, takeHelper, takeHelperWithoutGroup } from "./helper_process.ts";
import { type Answer, type Instructions, SHELL } from "./instructions.ts";
import { type HostLayers, type Layer, levelOf, planFor, readHostLayers, without } from "./plan.ts";
import { kill } from "./signals.ts";
import { Subtree } from "./subtree.ts";

const DEVICES = ["/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"];
/** A helper needs a tenth of a second of CPU: hosts that need ktriage may give it that late. */
const START_MS = 60_000;
/** On top of the tasks that this host has now. */
const MORE_TASKS = 512;
/** The kernel does not count its processes (RLIMIT_NPROC). */
const ROOT = 0;

export interface SandboxOptions {
  readonly needs: Needs;
  readonly signal?: AbortSignal;
  /** Does without these layers, as on a host that does not have them; for tests. */
  readonly without?: readonly Layer[];
}
/** 900 to 999; see Instructions. */
const LOWEST_OOM_SCORE = 900, OOM_SCORES = 100;
let commands = 0;

/** A line that runs. Disposing of it ends every process that it started. */
export interface Confined extends AsyncDisposable {
  readonly child: Deno.ChildProcess;
  /** Its layers, joined by "+". */
  readonly level: string;
  /** What the reader of the output must know, in sentences. */
  readonly notes: readonly string[];
  /** Kills every process of it. */
  end(): Promise<void>;
}

/** What this host has; asked once. */
let host: HostLayers | undefined;

export function hostLayers(): HostLayers {
  return host ??= readHostLayers();
}

/**
 * Starts a line with `/bin/sh -c` in its sandbox.
 *
 * @throws {Error} a layer that this host has could not be put on, or the helper did not start: nothing was run
 */
export async function startConfined(line: string, options: SandboxOptions): Promise<Confined> {
  try {
    return await tryConfined(line, options);
  } catch (error) {
    if (!(error instanceof BrokerTaken)) throw error;
    host = { ...hostLayers(), broker: false };
    return await tryConfined(line, options);
  }
}

/** This host has no broker after all. */
class BrokerTaken extends Error {}

async function tryConfined(line: string, options: SandboxOptions): Promise<Confined> {
  const { needs } = options;
  if (!exists(SHELL)) throw new Error(`this host has no ${SHELL}`);
  await using resources = new AsyncDisposableStack();
  resources.use(holdJanitor());
  const directory = makeDirectory();
  resources.defer(() => Deno.remove(directory, { recursive: true }).catch(() => {}));
  const oom_score = LOWEST_OOM_SCORE + commands++ % OOM_SCORES;
  const { child, group } = options.without?.includes("cgroup") ? takeHelperWithoutGroup() : takeHelper();
  const tree: Tree = resources.use(await group ?? new Subtree(child.pid, { oom_score }));
  const tasks_bounded = tree.bounds_tasks || Deno.uid() !== ROOT;
  const plan = planFor(line, { host: without(hostLayers(), options.without ?? []), needs, tasks_bounded });
  const stop = (): void => kill(child.pid, "SIGKILL");
  let is_late = false;
  const timer = setTimeout(() => {
    is_late = true;
    stop();
  }, START_MS);
  options.signal?.addEventListener("abort", stop);
  const input = child.stdin.getWriter();
  using _writes = writeToChild();
  try {
    const kept = keptCapabilities(needs.capabilities);
    const answer = await ask(child, input, {
      line,
      environment: { ...commandEnvironment(Deno.env.toObject()), TMPDIR: directory },
      plan,
      needs,
      directory,
      devices: DEVICES,
      kept: String(kept),
      processes: presentTasks() + MORE_TASKS,
      oom_score,
    });
    if (answer.listener !== undefined) {
      const owns = (pid: number): boolean => tree.processes().includes(pid);
      const { listener } = answer;
      resources.use(new Broker({ pid: child.pid, listener, directory, devices: DEVICES, owns }));
    }
    await input.write(new Uint8Array(1));
    await input.close();
  } catch (error) {
    notePipeBroke();
    stop();
    await Promise.allSettled([input.abort(), child.stdout.cancel(), child.stderr.cancel(), child.status]);
    throw is_late
      ? new Error(`the sandbox's helper was not ready within ${START_MS / 1000} s: is this host so busy?`)
      : error;
  } finally {
    clearTimeout(timer);
    options.signal?.removeEventListener("abort", stop);
  }
  const owned = resources.move();
  return {
    child,
    level: levelOf(plan, { tree: tree.kind }),
    notes: plan.notes,
    end: () => tree.end(),
    [Symbol.asyncDispose]: async () => {
      await tree.end(); // before the broker: it serves whoever is still there
      await owned.disposeAsync();
      prepareHelper();
    },
  };
}

interface Tree extends AsyncDisposable {
  readonly kind: "cgroup" | "subtree";
  /** It has a bounded number of processes and threads, whoever the user is. */
  readonly bounds_tasks: boolean;
  processes(): readonly number[];
  end(): Promise<void>;
}

/** @throws {Error} the helper ended, or could not put a layer on */
async function ask(
  child: Deno.ChildProcess,
  input: WritableStreamDefaultWriter<Uint8Array>,
  instructions: Instructions,
): Promise<Extract<Answer, { ok: true }>> {
  await input.write(new TextEncoder().encode(`${JSON.stringify(instructions)}\n`)).catch(notePipeBroke);
  const text = await firstLine(child.stdout);
  if (text === "") throw new Error(`the sandbox's helper ended before the command: ${await restOf(child.stderr)}`);
  const answer = JSON.parse(text) as Answer;
  if (answer.ok) return answer;
  if (answer.broker_taken) throw new BrokerTaken();
  throw new Error(`the sandbox failed at ${answer.step}; see \`ktriage check\` for what this host allows`);
}

/** Nothing follows it before the command is let go. */
async function firstLine(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (!text.endsWith("\n")) {
    const { done, value } = await reader.read();
    if (done) break;
    text += decoder.decode(value, { stream: true });
  }
  reader.releaseLock();
  return text;
}

async function restOf(stream: ReadableStream<Uint8Array>): Promise<string> {
  const text = await new Response(stream).text().catch(() => "");
  return text.trim().slice(-500);
}

/**
 * A folder for this process alone, in memory where there is such a place; the caller removes it.
 *
 * @throws {Error} no place of this host takes one
 */
export function makeDirectory(): string {
  for (const dir of TEMPORARY_ROOTS) {
    try {
      if (commands === 0) removeLeftBehind(dir);
      return Deno.makeTempDirSync({ dir, prefix: ownPrefix() });
    } catch {
      // not there, read-only, or full
    }
  }
  throw new Error(`no private directory can be made: ${TEMPORARY_ROOTS.join(", ")} are missing, read-only or full`);
}

/** Only those of this user, or of anybody as root. */
function removeLeftBehind(dir: string): void {
  for (const name of leftBehind(dir)) {
    try {
      Deno.removeSync(`${dir}/${name}`, { recursive: true });
    } catch {
      // another user's
    }
  }
}
