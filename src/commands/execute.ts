/** Runs one command line with limits on time and memory; what may run is decided elsewhere. */
import { type Needs, NO_NEEDS } from "./needs.ts";
import { type Captured, HeadAndTail } from "./output.ts";
import type { Layer } from "./sandbox/plan.ts";
import { type Confined, startConfined } from "./sandbox/sandbox.ts";
import { kill, settledWithin } from "./sandbox/signals.ts";

export interface Limits {
  /** Aborting ends the command as the time limit does. */
  readonly signal?: AbortSignal;
  /** Default 30,000. */
  readonly timeout_ms?: number;
  /** Bytes kept of stdout and of stderr each, half from the beginning, half from the end. Default 65,536. */
  readonly output_bytes?: number;
  /** What the sandbox leaves to the line beyond reading; nothing where it is left out. */
  readonly needs?: Needs;
  /** Files to make, which get all that the line printed, up to 64 MiB each. */
  readonly full_output?: { readonly stdout: string; readonly stderr: string };
  /** Layers of the sandbox to do without, as on a host that does not have them; for tests. */
  readonly without?: readonly Layer[];
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
  /** The level it ran at: its layers, joined by "+". */
  readonly sandbox: string;
  /** What the sandbox hides or leaves open, in sentences. */
  readonly notes: readonly string[];
  /** Why the files of `full_output` do not have it all; undefined when they do. */
  readonly fault?: string | undefined;
}

/** Read from a pipe at once: what it holds. */
const READ_BYTES = 64 << 10;
/** How long a command may run. */
export const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_OUTPUT_BYTES = 64 * 1024;
const FULL_OUTPUT_BYTES = 64 << 20;
/** Lines that are kept: these, and more where more bytes are. */
const MIN_LINES = 2000;
const BYTES_PER_LINE = 32;
/** From SIGTERM to SIGKILL. */
const GRACE_MS = 500;
/** How long output is waited for behind the shell's end, when something that it left behind keeps the pipe open. */
const DRAIN_MS = 300;

/**
 * Runs a line with `/bin/sh -c` in the sandbox, in a process group of its own, stdin closed, in the root directory.
 *
 * At the time limit, or when the signal aborts, the group gets SIGTERM and soon after everything that the line started is
 * killed, daemons as well. When the shell has ended by itself, so is what it left behind.
 *
 * @throws {Error} the sandbox could not be set up as this host allows, or no shell could be started: nothing was run
 */
export async function execute(line: string, limits: Limits = {}): Promise<Execution> {
  if (limits.signal?.aborted) return NOT_RUN;
  const { needs = NO_NEEDS, signal } = limits;
  let started_line: Confined;
  try {
    started_line = await startConfined(line, {
      needs,
      ...(signal === undefined ? {} : { signal }),
      ...(limits.without === undefined ? {} : { without: limits.without }),
    });
  } catch (error) {
    if (limits.signal?.aborted) return NOT_RUN;
    throw error;
  }
  await using confined = started_line;
  const started = performance.now();
  const { child } = confined;
  using kept = new DisposableStack();
  const capture = (stream: "stdout" | "stderr"): Capture => {
    const path = limits.full_output?.[stream];
    const file = path === undefined ? undefined : kept.use(new FullOutput(path));
    return new Capture(child[stream], { limit_bytes: limits.output_bytes ?? DEFAULT_OUTPUT_BYTES, file });
  };
  const stdout = capture("stdout");
  const stderr = capture("stderr");
  const limit = limitOf(limits);
  try {
    const ended = await Promise.race([child.status.then(() => undefined), limit.reached]);
    if (ended !== undefined) await endAll(confined);
    const status = await child.status;
    await confined.end();
    await settledWithin([stdout.done, stderr.done], DRAIN_MS);
    return {
      exit_code: status.signal === null ? status.code : null,
      signal: status.signal,
      stdout: stdout.result(),
      stderr: stderr.result(),
      duration_ms: Math.round(performance.now() - started),
      ended,
      sandbox: confined.level,
      notes: confined.notes,
      fault: stdout.fault ?? stderr.fault,
    };
  } finally {
    limit.dispose();
    await confined.end();
    await Promise.all([stdout.stop(), stderr.stop(), child.status]);
  }
}

/** SIGTERM first, so that a program can clean up; then whoever is left is killed. */
async function endAll({ child, end }: Confined): Promise<void> {
  kill(-child.pid, "SIGTERM");
  await settledWithin([child.status], GRACE_MS);
  await end();
}

const NOTHING: Captured = { text: "", total_bytes: 0, cut_bytes: 0 };
const NOT_RUN: Execution = {
  exit_code: null,
  signal: null,
  stdout: NOTHING,
  stderr: NOTHING,
  duration_ms: 0,
  ended: "abort",
  sandbox: "not run",
  notes: [],
};

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

/** Reads a stream into bounded memory until it ends or is stopped. */
class Capture {
  readonly #reader: ReadableStreamBYOBReader;
  readonly #buffer: HeadAndTail;
  readonly #file: FullOutput | undefined;
  readonly done: Promise<void>;

  constructor(
    stream: ReadableStream<Uint8Array>,
    options: { readonly limit_bytes: number; readonly file: FullOutput | undefined },
  ) {
    this.#reader = stream.getReader({ mode: "byob" });
    this.#buffer = new HeadAndTail(options.limit_bytes, Math.max(MIN_LINES, options.limit_bytes / BYTES_PER_LINE));
    this.#file = options.file;
    this.done = this.#read();
  }

  result(): Captured {
    return this.#buffer.finish();
  }

  get fault(): string | undefined {
    return this.#file?.fault;
  }

  async stop(): Promise<void> {
    await this.#reader.cancel();
    await this.done;
  }

  async #read(): Promise<void> {
    // one piece of memory for all reads: a new one for each would be collected only long after
    for (let room = new Uint8Array(READ_BYTES);;) {
      const { done, value } = await this.#reader.read(room);
      if (done) return;
      this.#buffer.write(value);
      this.#file?.write(value);
      room = new Uint8Array(value.buffer);
    }
  }
}

/** A file of the operator's with a stream's bytes, up to a bound. */
class FullOutput implements Disposable {
  readonly #file: Deno.FsFile;
  #room = FULL_OUTPUT_BYTES;
  #fault: string | undefined;

  constructor(path: string) {
    this.#file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  }

  /** Why not all of it is there; undefined when it is. */
  get fault(): string | undefined {
    return this.#fault;
  }

  /** A disk that is full must not cost the command's result. */
  write(bytes: Uint8Array): void {
    let left = bytes.subarray(0, this.#fault === undefined ? this.#room : 0);
    this.#room -= left.length;
    try {
      while (left.length > 0) left = left.subarray(this.#file.writeSync(left));
    } catch (error) {
      this.#fault = error instanceof Error ? error.message : String(error);
    }
  }

  [Symbol.dispose](): void {
    this.#file.close();
  }
}
