/** Tracers as processes: started, waited for, measured from outside, ended. */
import { LineCounter } from "./lines.ts";

/** How long a tracer may take until it traces, and to end when it is told to. */
const START_LIMIT_MS = 20_000, END_LIMIT_MS = 3_000;
/** Its output is complete when nothing came for so long; how long to wait for that. */
const QUIET_MS = 300, QUIET_LIMIT_MS = 15_000;
/** USER_HZ: what /proc counts CPU time in, on every architecture that ktriage runs on. */
const TICKS_PER_S = 100;

export interface TracerOptions {
  readonly command: readonly string[];
  /** Variables of its environment that it gets besides the inherited ones. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it says on standard output or standard error once it traces. */
  readonly ready: RegExp;
  /** How the lines of standard output that are events begin. */
  readonly event: string;
  /**
   * Where standard output is written, to be looked at when it has ended: who reads a pipe meanwhile takes CPU time from
   * the tracer. Default: read as it comes.
   */
  readonly file?: string;
  /** Gets standard output too. */
  readonly on_output?: (bytes: Uint8Array) => void;
}

export interface Usage {
  readonly cpu_s: number;
  /** Largest resident size so far (VmHWM). */
  readonly peak_bytes: number;
}

/** A tracer that traces. Disposing it kills it. */
export class Tracer implements AsyncDisposable {
  readonly #lines: LineCounter;
  #bytes_read = 0;
  #ended = false;
  #said = "";
  #gone: Error | undefined;
  readonly #child: Deno.ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #streams: Promise<unknown>;

  private constructor(readonly options: TracerOptions) {
    this.#lines = new LineCounter(options.event);
    const [program = "", ...args] = options.file === undefined
      ? options.command
      : ["sh", "-c", 'exec "$@" >"$0"', options.file, ...options.command];
    const streams = { stdin: "null", stdout: "piped", stderr: "piped" } as const;
    this.#child = new Deno.Command(program, { args, env: { ...options.env }, ...streams }).spawn();
    this.#streams = Promise.all([this.#readOutput(), this.#readErrors()]);
  }

  /** @throws {Error} it ended, or did not trace in time; with what it said */
  static async start(options: TracerOptions): Promise<Tracer> {
    const tracer = new Tracer(options);
    const timer = setTimeout(() => tracer.#fail("does not trace in time"), START_LIMIT_MS);
    void tracer.#child.status.then(({ code, signal }) => tracer.#fail(`ended with ${signal ?? code}`));
    try {
      await tracer.#ready.promise;
    } catch (error) {
      await tracer[Symbol.asyncDispose]();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return tracer;
  }

  /** Events on standard output so far; from a file, when it has ended. */
  get events(): number {
    return this.#lines.count;
  }

  /** The last line of standard output, likewise. */
  lastLine(): string {
    return this.#lines.last();
  }

  /** Waits until it has written what it has seen. */
  async settle(): Promise<void> {
    const start = performance.now();
    let quiet_since = start, bytes = this.#bytes();
    for (let now = start; now - quiet_since < QUIET_MS && now - start < QUIET_LIMIT_MS; now = performance.now()) {
      await pause(QUIET_MS / 10);
      if (this.#bytes() !== bytes) quiet_since = performance.now();
      bytes = this.#bytes();
    }
  }

  /**
   * CPU time and memory of the process up to now.
   *
   * @throws {Error} it has ended; with what it said
   */
  usage(): Usage {
    if (this.#gone !== undefined) throw this.#gone;
    const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
    // utime and stime are fields 14 and 15 (proc_pid_stat(5)); the name, field 2, may hold spaces
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    const peak_kib = Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    return { cpu_s: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S, peak_bytes: peak_kib * 1024 };
  }

  /** Interrupts it and waits for the rest of its output; kills one that does not end. Reads the file. */
  async end(): Promise<void> {
    this.#signal("SIGINT");
    const timer = setTimeout(() => this.#signal("SIGKILL"), END_LIMIT_MS);
    await Promise.all([this.#child.status, this.#streams]);
    clearTimeout(timer);
    this.#ended = true;
    if (this.options.file === undefined) return;
    for await (const bytes of (await Deno.open(this.options.file)).readable) this.#add(bytes);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#ended) return;
    this.#signal("SIGKILL");
    await Promise.all([this.#child.status, this.#streams]);
    this.#ended = true;
  }

  #signal(signal: Deno.Signal): void {
    try {
      this.#child.kill(signal);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // it has ended already
    }
  }

  #fail(why: string): void {
    const said = this.#said.trim().split("\n").slice(-3).join(" | ").slice(-500);
    this.#gone = new Error(`${this.options.command[0]} ${why}: ${said}`);
    this.#ready.reject(this.#gone);
  }

  #heard(bytes: Uint8Array): void {
    if (this.#said.length > 8192) return;
    this.#said += new TextDecoder().decode(bytes);
    if (this.options.ready.test(this.#said)) this.#ready.resolve();
  }

  async #readOutput(): Promise<void> {
    for await (const bytes of this.#child.stdout) {
      this.#heard(bytes);
      this.#add(bytes);
    }
  }

  #add(bytes: Uint8Array): void {
    this.#bytes_read += bytes.length;
    this.#lines.add(bytes);
    this.options.on_output?.(bytes);
  }

  /** How much it has written. */
  #bytes(): number {
    return this.options.file === undefined ? this.#bytes_read : Deno.statSync(this.options.file).size;
  }

  async #readErrors(): Promise<void> {
    for await (const bytes of this.#child.stderr) this.#heard(bytes);
  }
}

/** For what cannot be waited for. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
