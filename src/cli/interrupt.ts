/** Signals that end ktriage, and a reader that is gone: the first asks for an end, a second Ctrl-C is one. */
import { pipeBrokeSince } from "../commands/sandbox/child_pipe.ts";
import { PatientWrites } from "../ffi/patient_write.ts";
import { isReaderGone } from "../ffi/reader.ts";
import { EXIT } from "./subcommand.ts";
import { standardWrites } from "./writer.ts";

export interface InterruptOptions {
  /** Called at the first signal. */
  readonly on_first?: () => void;
}

/** What a shell says of a process that a signal ended: 128 and the signal's number. */
const SIGNAL_EXIT = { SIGHUP: 129, SIGINT: EXIT.interrupted, SIGPIPE: EXIT.reader_gone, SIGTERM: 143 } as const;
type EndingSignal = keyof typeof SIGNAL_EXIT;

const ENDING = ["SIGINT", "SIGTERM"] as const;
const HANG_UP = "SIGHUP", BROKEN_PIPE = "SIGPIPE";
/** Its bit in the mask of /proc. */
const HANG_UP_BIT = 1n;
const STDOUT = 1, STDERR = 2;
/** So often it is looked whether anybody still reads the results: nothing is written while tracing is quiet. */
const READER_MS = 500;
/** A pipe to a child tells so this soon after the signal. */
const CHILD_PIPE_MS = 100;

/**
 * Watches SIGINT, SIGTERM, SIGHUP and SIGPIPE for as long as it lives, and whether standard output has a reader. The first
 * aborts {@link signal}: whoever traces ends tracing and reports what it has. A SIGINT or SIGTERM after it leaves the
 * process at once; the kernel detaches every eBPF program when its file descriptor goes.
 *
 * While a reader takes nothing, and nothing else can be done either, a signal ends the process as it ends others.
 *
 * A terminal that is closed sends SIGHUP, often twice (the kernel's and the shell's), so that a second one is none more
 * than the first. Under nohup(1) it stays ignored.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];
  readonly #watch: ReturnType<typeof setInterval>;
  readonly #on_first: () => void;
  readonly #patient = new PatientWrites();
  readonly #write = standardWrites.write;
  #ended_by: EndingSignal | undefined;

  constructor(options: InterruptOptions = {}) {
    this.#on_first = options.on_first ?? ((): void => {});
    this.#listeners = [
      ...ENDING.map((name) => [name, () => this.#end(name)] as const),
      ...(ignoresHangUp(Deno.readTextFileSync("/proc/self/status")) ? [] : [HANG_UP]).map((name) =>
        [name as "SIGHUP", () => this.#first("SIGHUP")] as const
      ),
      [BROKEN_PIPE, () => this.#pipeBroke()],
    ];
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
    standardWrites.write = (stream, fd, bytes): number =>
      this.#patient.write(fd, bytes, (piece) => stream.writeSync(piece));
    this.#watch = setInterval(() => isReaderGone(STDOUT) && this.#first(BROKEN_PIPE), READER_MS);
  }

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The exit code that tells which signal ended the work; without one, the code that is given. */
  exitCode(otherwise: number): number {
    return this.#ended_by === undefined ? otherwise : SIGNAL_EXIT[this.#ended_by];
  }

  [Symbol.dispose](): void {
    clearInterval(this.#watch);
    standardWrites.write = this.#write;
    this.#patient[Symbol.dispose]();
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
  }

  #end(name: EndingSignal): void {
    if (this.signal.aborted) Deno.exit(SIGNAL_EXIT[name]);
    this.#first(name);
  }

  #first(name: EndingSignal): void {
    if (this.signal.aborted) return;
    this.#ended_by = name;
    this.#on_first();
    this.#controller.abort();
  }

  /** The kernel sends it for any pipe: one to a helper that has died is the sandbox's affair. */
  #pipeBroke(): void {
    if (isReaderGone(STDOUT)) return this.#first(BROKEN_PIPE);
    if (isReaderGone(STDERR)) return; // progress that nobody reads; the results are still wanted
    const came_at = performance.now();
    setTimeout(() => {
      if (!pipeBrokeSince(came_at - CHILD_PIPE_MS)) this.#first(BROKEN_PIPE);
    }, CHILD_PIPE_MS);
  }
}

/**
 * Whether a process was started so as to outlive its terminal.
 *
 * @param status `/proc/<pid>/status`
 */
export function ignoresHangUp(status: string): boolean {
  const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0";
  return (BigInt(`0x${mask}`) & HANG_UP_BIT) !== 0n;
}
