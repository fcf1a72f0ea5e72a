/** Ctrl-C: the first asks for an end, the second is one. */
import { EXIT } from "./subcommand.ts";

export interface InterruptOptions {
  /** Called at the first signal. */
  readonly on_first?: () => void;
}

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * Watches SIGINT and SIGTERM for as long as it lives. The first aborts {@link signal}: whoever traces ends tracing and
 * reports what it has. The second leaves the process at once, with exit code 130; the kernel detaches every eBPF
 * program when its file descriptor goes.
 */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #onSignal: () => void;

  constructor(options: InterruptOptions = {}) {
    this.#onSignal = (): void => {
      if (this.#controller.signal.aborted) Deno.exit(EXIT.interrupted);
      options.on_first?.();
      this.#controller.abort();
    };
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#onSignal);
  }

  /** Aborted at the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#onSignal);
  }
}
