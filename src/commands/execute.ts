/** Runs one command line with limits on time and memory; what may run is decided elsewhere. */
import { commandEnvironment } from "./environment.ts";
import { WORKING_DIRECTORY } from "./policy/files.ts";
import { type Captured, HeadAndTail } from "./output.ts";

export interface Limits {
  /** Aborting ends the command as the time limit does. */
  readonly signal?: AbortSignal;
  /** Default 30,000. */
  readonly timeout_ms?: number;
  /** Bytes kept of stdout and of stderr each, half from the beginning, half from the end. Default 65,536. */
  readonly output_bytes?: number;
}

export interface Execution {
  /** Null when a signal ended the command. */
  readonly exit_code: number | null;
  readonly signal: string | null;
  readonly stdout: Captured;
  readonly stderr: Captured;
  readonly duration_ms: number;
  /** Why it was ended; undefined when it ended by itself. */
  readonly ended: "timeout" | "abort" | undefined;
}

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_OUTPUT_BYTES = 64 * 1024;
/** From SIGTERM to SIGKILL. */
const GRACE_MS = 500;
/** How long output is waited for behind the shell's end, when something that it left behind keeps the pipe open. */
const DRAIN_MS = 300;

/**
 * Runs a line with `/bin/sh -c` in a process group of its own, stdin closed, in the root directory.
 *
 * At the time limit, or when the signal aborts, the group gets SIGTERM and soon after SIGKILL. When the shell has
 * ended, what is left of its group is killed. A process that left the group (`setsid`) is not killed, but nothing
 * waits for it.
 *
 * @throws {Error} no shell could be started
 */
export async function execute(line: string, limits: Limits = {}): Promise<Execution> {
  const started = performance.now();
  const child = new Deno.Command("/bin/sh", {
    args: ["-c", line],
    cwd: WORKING_DIRECTORY,
    env: commandEnvironment(Deno.env.toObject()),
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    detached: true,
  }).spawn();
  const output_bytes = limits.output_bytes ?? DEFAULT_OUTPUT_BYTES;
  const stdout = new Capture(child.stdout, output_bytes);
  const stderr = new Capture(child.stderr, output_bytes);
  const limit = limitOf(limits);
  let ended: Execution["ended"];
  try {
    ended = await Promise.race([child.status.then(() => undefined), limit.reached]);
    if (ended !== undefined) await endGroup(child);
    const status = await child.status;
    await settledWithin([stdout.done, stderr.done], DRAIN_MS);
    return {
      exit_code: status.signal === null ? status.code : null,
      signal: status.signal,
      stdout: stdout.result(),
      stderr: stderr.result(),
      duration_ms: Math.round(performance.now() - started),
      ended,
    };
  } finally {
    limit.dispose();
    signalGroup(child.pid, "SIGKILL");
    await Promise.all([stdout.stop(), stderr.stop()]);
  }
}

/** SIGTERM first, so that a program can clean up; then whoever is left is killed. */
async function endGroup(child: Deno.ChildProcess): Promise<void> {
  signalGroup(child.pid, "SIGTERM");
  await settledWithin([child.status], GRACE_MS);
  signalGroup(child.pid, "SIGKILL");
}

function signalGroup(leader: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-leader, signal);
  } catch (error) {
    // No such process: the whole group has ended, which is what was wanted.
    if (!(error instanceof Deno.errors.NotFound) && !(error instanceof TypeError)) throw error;
  }
}

interface Limit {
  readonly reached: Promise<"timeout" | "abort">;
  dispose(): void;
}

function limitOf({ signal, timeout_ms = DEFAULT_TIMEOUT_MS }: Limits): Limit {
  const { promise, resolve } = Promise.withResolvers<"timeout" | "abort">();
  const abort = (): void => resolve("abort");
  const timer = setTimeout(() => resolve("timeout"), timeout_ms);
  signal?.addEventListener("abort", abort);
  if (signal?.aborted) abort();
  return {
    reached: promise,
    dispose: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    },
  };
}

/** Waits for all promises, at most so long. */
async function settledWithin(promises: readonly Promise<unknown>[], milliseconds: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([Promise.allSettled(promises), promise]);
  clearTimeout(timer);
}

/** Reads a stream into bounded memory until it ends or is stopped. */
class Capture {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #buffer: HeadAndTail;
  readonly done: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array>, limit_bytes: number) {
    this.#reader = stream.getReader();
    this.#buffer = new HeadAndTail(limit_bytes);
    this.done = this.#read();
  }

  result(): Captured {
    return this.#buffer.finish();
  }

  async stop(): Promise<void> {
    await this.#reader.cancel();
    await this.done;
  }

  async #read(): Promise<void> {
    for (let part = await this.#reader.read(); !part.done; part = await this.#reader.read()) {
      this.#buffer.write(part.value);
    }
  }
}
