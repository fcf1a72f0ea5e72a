/** The one place that prints: results on standard output, everything else on standard error. */
import { ansi, type Paint, plain } from "../report/paint.ts";

/** A standard stream of this process, or a stand-in. */
export interface Stream {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

export interface WriterOptions {
  readonly stdout: Stream;
  readonly stderr: Stream;
  /** Reads an environment variable. */
  readonly env: (name: string) => string | undefined;
  /** Columns of the terminal; asked only when standard output is one. */
  readonly columns: () => number;
}

/** Columns of text that goes to a pipe or a file. */
const PIPE_WIDTH = 100;
/** Lines longer than this are hard to read, however wide the terminal is. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 40;
/** Pause before a pipe that is full is tried again. */
const FULL_PIPE_WAIT_MS = 1;

/** Prints. One a process: it remembers that a reader is gone. */
export class Writer {
  /** `--quiet`: no progress. Errors are still told. */
  quiet = false;
  readonly #options: WriterOptions;
  readonly #encoder = new TextEncoder();
  readonly #closed = new AbortController();
  #colour = true;
  #stderrClosed = false;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { env } = options;
    if ((env("NO_COLOR") ?? "") !== "" || env("TERM") === "dumb") this.#colour = false;
  }

  /** Aborted once nobody reads standard output any more: whoever produces without end may stop. */
  get closed(): AbortSignal {
    return this.#closed.signal;
  }

  /** `--no-color` */
  forbidColour(): void {
    this.#colour = false;
  }

  /** Colours for standard output. */
  get paint(): Paint {
    return this.#paintFor(this.#options.stdout);
  }

  /** Colours for standard error. */
  get notePaint(): Paint {
    return this.#paintFor(this.#options.stderr);
  }

  /** How text on standard output is laid out. */
  get layout(): { readonly width: number; readonly paint: Paint } {
    return { width: this.width, paint: this.paint };
  }

  /** Columns to wrap text at. */
  get width(): number {
    // A serial console says that it has no columns at all.
    const columns = this.#options.stdout.isTerminal() ? this.#options.columns() : 0;
    return columns === 0 ? PIPE_WIDTH : Math.max(MIN_WIDTH, Math.min(MAX_WIDTH, columns));
  }

  /**
   * Prints a result on standard output, whole; a reader that is gone is no error.
   *
   * @throws {Deno.errors.Interrupted | Error} what the system says of a full disk and the like
   */
  out(text: string): void {
    if (this.closed.aborted) return;
    try {
      writeWhole(this.#options.stdout, this.#encoder.encode(text));
    } catch (error) {
      if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
      this.#closed.abort();
    }
  }

  /** Prints a line of progress on standard error; not with `--quiet`. */
  note(line: string): void {
    if (!this.quiet) this.#toStderr(line);
  }

  /** Prints what was asked for in so many words on standard error, with `--quiet` too. */
  show(text: string): void {
    this.#toStderr(text);
  }

  /** Prints a question on standard error as it is, also with `--quiet`: someone waits for the answer. */
  ask(text: string): void {
    this.#writeStderr(text);
  }

  /** Prints an error, and what to do about it, on standard error. */
  fail(message: string, hint?: string): void {
    const paint = this.notePaint;
    this.#toStderr(`${paint("red", "ktriage:")} ${message}`);
    if (hint !== undefined && hint !== "") this.#toStderr(`  ${paint("dim", "→")} ${hint}`);
  }

  #toStderr(line: string): void {
    this.#writeStderr(`${line}\n`);
  }

  #writeStderr(text: string): void {
    if (this.#stderrClosed) return;
    try {
      writeWhole(this.#options.stderr, this.#encoder.encode(text));
    } catch {
      // There is no third stream to complain on.
      this.#stderrClosed = true;
    }
  }

  #paintFor(stream: Stream): Paint {
    return this.#colour && stream.isTerminal() ? ansi : plain;
  }
}

/** The writer of this process. */
export function processWriter(): Writer {
  return new Writer({
    stdout: Deno.stdout,
    stderr: Deno.stderr,
    env: (name) => Deno.env.get(name),
    columns: () => Deno.consoleSize().columns,
  });
}

/** A write may take only a part, and a pipe that someone made non-blocking may take nothing for a while. */
function writeWhole(stream: Stream, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) {
    try {
      rest = rest.subarray(stream.writeSync(rest));
    } catch (error) {
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FULL_PIPE_WAIT_MS);
    }
  }
}
