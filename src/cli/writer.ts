/** The one place that prints: results on standard output, everything else on standard error. */
import { cut } from "../report/layout.ts";
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
  /** Columns of the terminal; asked only when standard output or standard error is one. */
  readonly columns: () => number;
  /** Lines of the terminal; asked only when standard output is one. */
  readonly rows?: () => number;
}

/** Columns of text that goes to a pipe or a file. */
const PIPE_WIDTH = 100;
/** Lines longer than this are hard to read, however wide the terminal is. */
const MAX_WIDTH = 100;
const MIN_WIDTH = 40;
const STDOUT = 1, STDERR = 2;
const MIN_ROWS = 20;
/** Pause before a pipe that is full is tried again. */
const FULL_PIPE_WAIT_MS = 1;

/** Prints. One a process: it remembers that a reader is gone. */
export class Writer {
  /** `--quiet`: no progress. Errors are still told. */
  quiet = false;
  readonly #options: WriterOptions;
  readonly #encoder = new TextEncoder();
  readonly #closed = new AbortController();
  /** Whether standard output was a terminal: one that was closed is none any more. */
  readonly #onTerminal: boolean;
  #colour = true;
  #stderrClosed = false;
  /** Whether a line of {@link Writer.status} stands on the terminal. */
  #statusShown = false;
  /** What waits until {@link Writer.hold} ends. */
  #held: string[] | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    const { env, stdout } = options;
    this.#onTerminal = stdout.isTerminal();
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

  /** Lines that a page on the terminal may take, but for the prompt's; undefined where there is no terminal. */
  get rows(): number | undefined {
    const rows = this.#options.stdout.isTerminal() ? this.#options.rows?.() ?? 0 : 0;
    return rows === 0 ? undefined : Math.max(MIN_ROWS, rows - 1);
  }

  /**
   * Prints a result on standard output, whole; a reader that is gone is no error.
   *
   * @throws {Deno.errors.Interrupted | Error} what the system says of a full disk and the like
   */
  out(text: string): void {
    if (this.closed.aborted) return;
    this.status(undefined);
    try {
      writeWhole(this.#options.stdout, this.#encoder.encode(text));
    } catch (error) {
      const gone = error instanceof Deno.errors.BrokenPipe || this.#onTerminal && isInputOutput(error);
      if (!gone) throw error;
      this.#closed.abort();
    }
  }

  /** Prints a line of progress on standard error; not with `--quiet`. */
  note(line: string): void {
    if (!this.quiet) this.show(line);
  }

  /** Prints what was asked for in so many words on standard error, with `--quiet` too. */
  show(text: string): void {
    if (this.#held === undefined) this.#toStderr(text);
    else this.#held.push(text);
  }

  /**
   * Shows a line on the terminal that whatever is printed next replaces; undefined takes it away. Where nothing moves
   * (no terminal, NO_COLOR, TERM=dumb, `--quiet`, somebody is being asked) it does nothing.
   */
  status(line: string | undefined): void {
    const { stderr, columns } = this.#options;
    if (this.#held !== undefined || this.quiet || !this.#colour || !stderr.isTerminal()) return;
    if (line === undefined) return this.#writeStderr("");
    this.#writeStderr(cut(line, Math.max(MIN_WIDTH, columns()) - 1));
    this.#statusShown = true;
  }

  /** Keeps notes back until it is disposed of: a question stands on the terminal, and nothing may come in between. */
  hold(): Disposable {
    this.status(undefined);
    const held = this.#held = [] as string[];
    return {
      [Symbol.dispose]: (): void => {
        if (this.#held !== held) return;
        this.#held = undefined;
        held.forEach((text) => this.#toStderr(text));
      },
    };
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
    const erase = this.#statusShown ? "\r\x1b[K" : "";
    this.#statusShown = false;
    if (erase + text === "") return;
    try {
      writeWhole(this.#options.stderr, this.#encoder.encode(erase + text));
    } catch {
      // There is no third stream to complain on.
      this.#stderrClosed = true;
    }
  }

  #paintFor(stream: Stream): Paint {
    return this.#colour && stream.isTerminal() ? ansi : plain;
  }
}

type Standard = typeof Deno.stdout | typeof Deno.stderr;

/** How pieces are written to a standard stream; an interrupt puts itself in between, see `cli/interrupt`. */
export const standardWrites = {
  write: (stream: Standard, _fd: number, bytes: Uint8Array): number => stream.writeSync(bytes),
};

/** The writer of this process. */
export function processWriter(): Writer {
  const standard = (stream: Standard, fd: number): Stream => ({
    writeSync: (bytes) => standardWrites.write(stream, fd, bytes),
    isTerminal: () => stream.isTerminal(),
  });
  return new Writer({
    stdout: standard(Deno.stdout, STDOUT),
    stderr: standard(Deno.stderr, STDERR),
    env: (name) => Deno.env.get(name),
    columns: () => Deno.consoleSize().columns,
    rows: () => Deno.consoleSize().rows,
  });
}

/** EIO, which has no class in Deno: of a terminal, that it was closed. */
function isInputOutput(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "EIO";
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
