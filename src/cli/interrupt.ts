/** Ctrl-C, and a terminal that is closed: the first asks for an end, the second Ctrl-C is one. */
import { EXIT } from "./subcommand.ts";

export interface InterruptOptions {
  /** Called at the first signal. */
  readonly on_first?: () => void;
}

const ENDING = ["SIGINT", "SIGTERM"] as const;
const HANG_UP = "SIGHUP";
/** Its bit in the mask of /proc. */
const HANG_UP_BIT = 1n;

/**
 * Watches SIGINT, SIGTERM and SIGHUP for as long as it lives. The first aborts {@link signal}: whoever traces ends
 * tracing and reports what it has. A SIGINT or SIGTERM after it leaves the process at once, with exit code 130; the kernel
 * detaches every eBPF program when its file descriptor goes.
 *
 * A terminal that is closed sends SIGHUP, often twice (the kernel's and the shell's), so that a second one is none more
 * than the first. Under nohup(1) it stays ignored.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #listeners: readonly (readonly [Deno.Signal, () => void])[];

  constructor(options: InterruptOptions = {}) {
    const first = (): void => {
      if (this.#controller.signal.aborted) return;
      options.on_first?.();
      this.#controller.abort();
    };
    const end = (): void => {
      if (this.#controller.signal.aborted) Deno.exit(EXIT.interrupted);
      first();
    };
    this.#listeners = [
      ...ENDING.map((signal) => [signal, end] as const),
      ...(ignoresHangUp(Deno.readTextFileSync("/proc/self/status")) ? [] : [[HANG_UP, first] as const]),
    ];
    for (const [signal, listener] of this.#listeners) Deno.addSignalListener(signal, listener);
  }

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const [signal, listener] of this.#listeners) Deno.removeSignalListener(signal, listener);
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
