/** Tracers as processes: started, waited for, measured from outside, ended. */

/** How long a tracer may take until it traces, and to end when it is told to. */
const START_LIMIT_MS = 20_000, END_LIMIT_MS = 3_000;
/** USER_HZ: what /proc counts CPU time in, on every architecture that ktriage runs on. */
const TICKS_PER_S = 100;

export interface TracerOptions {
  readonly command: readonly string[];
  /** What it says on standard output or standard error once it traces. */
  readonly ready: RegExp;
  /** Gets standard output as it comes. Default: lines are counted. */
  readonly on_output?: (bytes: Uint8Array) => void;
}

export interface Usage {
  readonly cpu_s: number;
  /** Largest resident size so far (VmHWM). */
  readonly peak_bytes: number;
}

/** A tracer that traces. Disposing it kills it. */
export class Tracer implements AsyncDisposable {
  /** Lines on standard output so far. */
  lines = 0;
  #ended = false;
  #said = "";
  readonly #child: Deno.ChildProcess;
  readonly #ready = Promise.withResolvers<void>();
  readonly #streams: Promise<unknown>;

  private constructor(readonly options: TracerOptions) {
    const [program = "", ...args] = options.command;
    this.#child = new Deno.Command(program, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn();
    this.#streams = Promise.all([this.#readOutput(), this.#readErrors()]);
  }

  /** @throws {Error} it ended, or did not trace in time; with what it said */
  static async start(options: TracerOptions): Promise<Tracer> {
    const tracer = new Tracer(options);
    const timer = setTimeout(() => tracer.#fail("does not trace in time"), START_LIMIT_MS);
    void tracer.#child.status.then(() => tracer.#fail("ended"));
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

  /** CPU time and memory of the process up to now. */
  usage(): Usage {
    const stat = Deno.readTextFileSync(`/proc/${this.#child.pid}/stat`);
    // utime and stime are fields 14 and 15 (proc_pid_stat(5)); the name, field 2, may hold spaces
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const status = Deno.readTextFileSync(`/proc/${this.#child.pid}/status`);
    const peak_kib = Number(/^VmHWM:\s*(\d+)/m.exec(status)?.[1] ?? 0);
    return { cpu_s: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S, peak_bytes: peak_kib * 1024 };
  }

  /** Interrupts it and waits for the rest of its output; kills one that does not end. */
  async end(): Promise<void> {
    this.#signal("SIGINT");
    const timer = setTimeout(() => this.#signal("SIGKILL"), END_LIMIT_MS);
    await Promise.all([this.#child.status, this.#streams]);
    clearTimeout(timer);
    this.#ended = true;
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
    this.#ready.reject(new Error(`${this.options.command[0]} ${why}: ${this.#said.slice(-2000)}`));
  }

  #heard(bytes: Uint8Array): void {
    if (this.#said.length > 8192) return;
    this.#said += new TextDecoder().decode(bytes);
    if (this.options.ready.test(this.#said)) this.#ready.resolve();
  }

  async #readOutput(): Promise<void> {
    for await (const bytes of this.#child.stdout) {
      this.#heard(bytes);
      if (this.options.on_output === undefined) this.lines += countLines(bytes);
      else this.options.on_output(bytes);
    }
  }

  async #readErrors(): Promise<void> {
    for await (const bytes of this.#child.stderr) this.#heard(bytes);
  }
}

function countLines(bytes: Uint8Array): number {
  let lines = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) lines++;
  return lines;
}

const ROOT = new URL("..", import.meta.url).pathname;

export function ktriage(...args: string[]): TracerOptions {
  return { command: [`${ROOT}scripts/ktriage`, "trace", ...args, "--json", "--duration", "60"], ready: /Tracing / };
}

/** It says that it attaches before it has: leave it a moment. */
export function bpftrace(program: string, ...args: string[]): TracerOptions {
  return { command: ["bpftrace", ...args, "-e", program], ready: /attached_probes|Attaching|Attached/ };
}

/** Whether bpftrace is installed. */
export async function hasBpftrace(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("bpftrace", { args: ["--version"], stdout: "null" }).output();
    return success;
  } catch {
    return false;
  }
}
