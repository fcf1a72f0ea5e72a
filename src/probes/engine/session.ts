/** Programs that trace together: one ring buffer, one clock, one set of own processes, ended program by program. */
import { functionObject, libbpfBytes, ownObject, tracepointObject } from "../../ffi/assets.ts";
import { Libbpf } from "../../ffi/libbpf.ts";
import { Libc } from "../../ffi/libc.ts";
import { RingBuffer } from "../../ffi/ring_buffer.ts";
import { shownPidNamespace } from "../../kernel/host/container.ts";
import { mapsAreLockedMemory } from "../../kernel/host/restrictions.ts";
import type { TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import { EVENT } from "./layout.ts";
import { followOwnProcesses } from "./own_processes.ts";
import { OwnShare, ringBytes } from "./own_share.ts";
import type { FunctionPlan } from "../plan/function_plan.ts";
import type { Plan } from "../plan/tracepoint.ts";
import type { Kernel, Program, ProgramOptions } from "./program.ts";
import { TracepointProgram } from "./tracepoint_program.ts";

/** Holds 40 ms of a million small events a second, four times the longest wait between two reads. */
const RING_BYTES = 8 << 20;
const BPF_MAP_TYPE_RINGBUF = 27;
/** Between two reads while events come: a batch each, where every wake-up costs as much as a dozen events. */
const BUSY_MS = 5;
/** The longest wait between two reads; the first ones come sooner. */
const MAX_IDLE_MS = 10;
/** Longest stretch of reading before timers and signals get their turn. */
const SLICE_MS = 8;

export interface SessionOptions {
  /** Share of one CPU that reading may take; beyond it events are left to be lost. Default: no bound. */
  readonly max_cpu_percent?: number | undefined;
}

/** What is the session's, and valid as long as it. */
export type SessionBase =
  & Pick<Kernel, "libc" | "bpf" | "own_fd">
  & Pick<ProgramOptions, "epoch_offset_ns" | "pid_namespace">;

/** The resources of a session; disposing it detaches everything that still traces. */
export class Session implements Disposable {
  readonly #resources = new DisposableStack();
  readonly #libc: Libc;
  readonly #bpf: Libbpf;
  readonly #ring: RingBuffer;
  readonly #ring_fd: number;
  readonly #own_fd: number;
  readonly #object: Uint8Array<ArrayBuffer>;
  readonly #epoch_offset_ns: bigint;
  readonly #pid_namespace: Pick<ProgramOptions, "pid_namespace">;
  readonly #programs: Program[] = [];
  readonly #share: OwnShare | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #idle_ms = 1;

  /**
   * @throws {BpfError} the kernel lacks something that every program needs
   * @throws {Error} libbpf cannot be loaded
   */
  static async open(tracefs: TracefsRoot, options: SessionOptions = {}): Promise<Session> {
    const [libbpf, own, tracepoint] = await Promise.all([libbpfBytes(), ownObject(), tracepointObject()]);
    return new Session({ libbpf, own, tracepoint, tracefs }, options);
  }

  private constructor(
    from: Record<"libbpf" | "own" | "tracepoint", Uint8Array<ArrayBuffer>> & { readonly tracefs: TracefsRoot },
    { max_cpu_percent }: SessionOptions,
  ) {
    using stack = new DisposableStack();
    this.#object = from.tracepoint;
    this.#libc = stack.use(new Libc());
    if (mapsAreLockedMemory(Deno.osRelease())) this.#libc.raiseLockedMemoryLimit();
    this.#bpf = stack.use(new Libbpf(this.#libc, from.libbpf));
    // without /sys the maps of all CPUs could be filled, and not be read
    this.#bpf.possibleCpus();
    const ring_bytes = ringBytes(max_cpu_percent, RING_BYTES);
    const shape = { key_bytes: 0, value_bytes: 0, entries: ring_bytes };
    this.#ring_fd = this.#ownFd(stack, this.#bpf.createMap("events", { type: BPF_MAP_TYPE_RINGBUF, ...shape }));
    this.#ring = stack.use(new RingBuffer(this.#libc, this.#ring_fd, ring_bytes));
    const ground = { libc: this.#libc, bpf: this.#bpf };
    this.#own_fd = stack.use(followOwnProcesses(ground, { object: from.own, tracefs: from.tracefs })).map_fd;
    this.#epoch_offset_ns = this.#libc.clocks().epoch_offset_ns;
    const pid_namespace = shownPidNamespace();
    this.#pid_namespace = pid_namespace === undefined ? {} : { pid_namespace };
    if (max_cpu_percent !== undefined) this.#share = new OwnShare(max_cpu_percent, () => this.#libc.ownTime());
    this.#resources = stack.move();
  }

  /** Nanoseconds since the epoch, on the clock of the events. */
  now(): bigint {
    return this.#libc.clocks().monotonic_ns + this.#epoch_offset_ns;
  }

  /** What curated tools load their own objects with, and find in them again. */
  get base(): SessionBase {
    return {
      libc: this.#libc,
      bpf: this.#bpf,
      own_fd: this.#own_fd,
      epoch_offset_ns: this.#epoch_offset_ns,
      ...this.#pid_namespace,
    };
  }

  /**
   * Loads and attaches one planned program; it traces from then on.
   *
   * @throws {SystemError} with the verifier's log, or what the kernel refused; see {@link refusedKind}
   * @throws {RangeError} the plan asks for more than one program can do
   */
  async start(
    plan: Plan | FunctionPlan,
    options: Omit<ProgramOptions, "index" | "epoch_offset_ns" | "pid_namespace">,
  ): Promise<Program> {
    const make: Make = plan.kind === "function"
      ? await onFunction(plan)
      : (kernel, all) => new TracepointProgram(kernel, { plan, object: this.#object }, all);
    const kernel: Kernel = { libc: this.#libc, bpf: this.#bpf, ring_fd: this.#ring_fd, own_fd: this.#own_fd };
    const session = { index: this.#programs.length, epoch_offset_ns: this.#epoch_offset_ns, ...this.#pid_namespace };
    const program = make(kernel, { ...options, ...session });
    this.#programs.push(program);
    if (this.#timer === undefined) this.#schedule(0);
    return program;
  }

  /** Detaches one program, reads what it still has in the ring buffer and its exact counts. */
  async end(program: Program): Promise<void> {
    await program.detach();
    if (program.ended) return;
    // What this program wrote lies before this point: behind it others may go on, and a record that another CPU has
    // not finished only holds up what follows it.
    const end = this.#ring.reserved;
    while (this.#ring.taken < end) this.#drain();
    program.finish();
    if (this.#programs.every(({ ended }) => ended)) this.#stopReading();
  }

  [Symbol.dispose](): void {
    this.#stopReading();
    for (const program of this.#programs) program[Symbol.dispose]();
    this.#resources.dispose();
  }

  #ownFd(stack: DisposableStack, fd: number): number {
    stack.defer(() => this.#libc.close(fd));
    return fd;
  }

  #drain(): number {
    return this.#ring.drain((record, at) => {
      this.#programs[record.getUint16(at + EVENT.program, true)]?.take(record, at);
    });
  }

  #schedule(delay_ms: number): void {
    this.#timer = setTimeout(() => this.#read(), delay_ms);
  }

  #read(): void {
    const rest_ms = this.#share?.restMs() ?? 0;
    if (rest_ms > 0) return this.#schedule(rest_ms);
    const until = performance.now() + SLICE_MS;
    let taken = this.#drain();
    const had_records = taken > 0;
    while (taken > 0 && performance.now() < until) taken = this.#drain();
    this.#idle_ms = had_records ? BUSY_MS : Math.min(this.#idle_ms * 2, MAX_IDLE_MS);
    this.#schedule(taken > 0 ? 0 : this.#idle_ms); // at once when the slice, not the buffer, came to its end
  }

  #stopReading(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}

type Make = (kernel: Kernel, options: ProgramOptions) => Program;

/** Loaded when one is asked for: no tracepoint waits for it. */
async function onFunction(plan: FunctionPlan): Promise<Make> {
  const [{ FunctionProgram }, object] = await Promise.all([import("./function_program.ts"), functionObject()]);
  return (kernel, options) => new FunctionProgram(kernel, { plan, object }, options);
}
