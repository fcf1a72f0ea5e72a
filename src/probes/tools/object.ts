/** A tool's BPF object: configured, loaded, attached, detached, its maps read. */
import { TOOL_OBJECTS, type ToolObjectName } from "../../ffi/tool_assets.ts";
import type { BpfLink } from "../../ffi/bpf_link.ts";
import type { BpfObject } from "../../ffi/bpf_object.ts";
import type { PerfEventAttr } from "../../ffi/libc.ts";
import { RingBuffer } from "../../ffi/ring_buffer.ts";
import { onlineCpus } from "../../kernel/host/cpus.ts";
import type { TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";
import { readText } from "../../kernel/read.ts";
import { writeSessionConfig } from "../engine/config.ts";
import type { SessionBase } from "../engine/session.ts";
import { COMM_BYTES, EXEMPLAR, SESSION_CONFIG, TOOL_CONFIG, TOOL_STATS } from "./layout.ts";
import { formatOf } from "./offsets.ts";
import { groundOf, type RunningTool, type ToolOutcome, type ToolRun } from "./tool.ts";

/** Where a program of the object goes. */
export type ToolProgram =
  & { readonly program: string }
  & (
    | { readonly raw_tracepoint: string }
    /** `sched:sched_switch` */
    | { readonly tracepoint: string }
    /** On every CPU. */
    | { readonly perf_event: PerfEventAttr }
  );

export interface ObjectPlan {
  readonly name: ToolObjectName;
  /** Attached in this order, detached in the reverse one: what ends a measurement stands before what begins it. */
  readonly programs: readonly ToolProgram[];
  /** A raw_tp program that is run on every CPU once all is attached, and again before it is detached. */
  readonly mark?: string;
  /** config.offsets, in the order of the object's enum. */
  readonly offsets?: readonly number[];
  /** config.numbers, likewise. */
  readonly numbers?: readonly (number | bigint)[];
  /** Sizes of maps that differ from those in the C file. */
  readonly max_entries?: Readonly<Record<string, number>>;
  /** Room for exemplars; a power of two, 64 KiB at least. Default: no exemplars. */
  readonly exemplar_bytes?: number;
}

/** Rows of a hash map. */
export interface RowShape {
  readonly key_bytes: number;
  readonly value_bytes: number;
}

/** Starts every exemplar: struct exemplar in bpf/include/tool_exemplars.h. */
export interface ExemplarHead {
  /** Nanoseconds since the epoch. */
  readonly timestamp: bigint;
  readonly tgid: number;
  readonly tid: number;
  readonly uid: number;
  readonly kind: number;
  readonly comm: string;
}

/**
 * Starts a tool's object; `read` turns its maps into what was seen when the window is over.
 *
 * @throws {SystemError | Unavailable} this kernel does not take it
 */
export async function startObject(
  run: ToolRun,
  plan: ObjectPlan,
  read: (object: ToolObject) => ToolOutcome | Promise<ToolOutcome>,
): Promise<RunningTool> {
  return await startObjectBeside(run, plan, () => undefined, read);
}

/** The same beside counters of /proc, read at the window's start and at its end: detaching takes its time. */
export async function startObjectBeside<T>(
  run: ToolRun,
  plan: ObjectPlan,
  counters: () => T,
  read: (object: ToolObject, before: T, after: T) => ToolOutcome | Promise<ToolOutcome>,
): Promise<RunningTool> {
  const object = await ToolObject.start(run, plan);
  const before = counters();
  return {
    finish: async () => {
      using _ = object;
      const after = counters();
      await object.detach();
      return await read(object, before, after);
    },
    [Symbol.dispose]: () => object[Symbol.dispose](),
  };
}

/** Loaded and attached until detached; its maps can be read until it is disposed. */
export class ToolObject implements Disposable {
  readonly #base: SessionBase;
  readonly #plan: ObjectPlan;
  readonly #resources = new DisposableStack();
  readonly #object: BpfObject;
  readonly #links: BpfLink[] = [];
  readonly #start_ns: bigint;
  #end_ns: bigint | undefined;

  /** @throws {SystemError | Unavailable} */
  static async start(run: ToolRun, plan: ObjectPlan): Promise<ToolObject> {
    const { session: { base }, tracefs } = groundOf(run);
    return new ToolObject(run, plan, { base, tracefs, bytes: await TOOL_OBJECTS[plan.name]() });
  }

  private constructor(
    run: ToolRun,
    plan: ObjectPlan,
    from: { readonly base: SessionBase; readonly tracefs: TracefsRoot; readonly bytes: Uint8Array<ArrayBuffer> },
  ) {
    const { base, tracefs, bytes } = from;
    this.#base = base;
    this.#plan = plan;
    using stack = new DisposableStack();
    this.#object = stack.use(base.bpf.openObject(plan.name, bytes));
    const attached = plan.programs.map(({ program }) => program);
    this.#object.selectPrograms(plan.mark === undefined ? attached : [...attached, plan.mark]);
    this.#object.setConstants(configOf(run, plan, base));
    this.#object.shareMap("own", base.own_fd);
    for (const [map, entries] of Object.entries(plan.max_entries ?? {})) this.#object.setMaxEntries(map, entries);
    if (plan.exemplar_bytes !== undefined) this.#object.setMaxEntries("exemplars", plan.exemplar_bytes);
    this.#object.load();
    for (const program of plan.programs) {
      for (const link of this.#attach(program, tracefs)) this.#links.push(stack.use(link));
    }
    this.#mark();
    this.#start_ns = base.libc.clocks().monotonic_ns;
    this.#resources = stack.move();
  }

  /** Resolves when no more hits can come. */
  async detach(): Promise<void> {
    if (this.#end_ns === undefined) {
      this.#mark();
      this.#base.bpf.update(this.#object.mapFd(".bss"), u32(0), u32(1)); // window_is_over of bpf/include/tool.h
      this.#end_ns = this.#base.libc.clocks().monotonic_ns;
    }
    await Promise.all(this.#links.toReversed().map((link) => link.detach()));
  }

  /** How long it counted, until now or until it was detached. */
  get window_ns(): number {
    return Number((this.#end_ns ?? this.#base.libc.clocks().monotonic_ns) - this.#start_ns);
  }

  /** On the monotonic clock: when it began to be detached, for detaching takes its time. */
  get end_ns(): bigint {
    if (this.#end_ns === undefined) throw new Error("the tool still counts");
    return this.#end_ns;
  }

  /** CPUs that per-CPU maps have a value for. */
  get cpus(): number {
    return this.#base.bpf.possibleCpus();
  }

  /** Visits every row of a hash map; of a per-CPU one with the values of all CPUs behind one another. */
  forEachRow(
    map: string,
    shape: RowShape,
    visit: (key: DataView<ArrayBuffer>, value: DataView<ArrayBuffer>) => void,
  ): void {
    this.#base.bpf.forEach(this.#object.mapFd(map), shape, visit);
  }

  /** An entry of a per-CPU array, a view for each CPU; `value_bytes` is a multiple of 8. */
  perCpu(map: string, value_bytes: number, index = 0): readonly DataView<ArrayBuffer>[] {
    const values = new Uint8Array(this.cpus * value_bytes);
    this.#base.bpf.lookup(this.#object.mapFd(map), u32(index), values);
    return Array.from({ length: this.cpus }, (_, cpu) => new DataView(values.buffer, cpu * value_bytes, value_bytes));
  }

  /** One value of an array or a hash; undefined where there is none. */
  value(map: string, key: number | Uint8Array<ArrayBuffer>, value_bytes: number): DataView<ArrayBuffer> | undefined {
    const value = new Uint8Array(value_bytes);
    const found = this.#base.bpf.lookup(this.#object.mapFd(map), typeof key === "number" ? u32(key) : key, value);
    return found ? new DataView(value.buffer) : undefined;
  }

  /** struct tool_stats, summed over the CPUs. */
  stats(): { readonly hits: number; readonly lost_rows: number; readonly lost_events: number } {
    const views = this.perCpu("tool_stats", TOOL_STATS.bytes);
    const sum = (at: number): number => sumOf(views, at);
    return {
      hits: sum(TOOL_STATS.hits),
      lost_rows: sum(TOOL_STATS.lost_rows),
      lost_events: sum(TOOL_STATS.lost_events),
    };
  }

  /** Times that the kernel did not run a program, since one was running on that CPU. */
  missed(): number {
    const programs = new Set(this.#plan.programs.map(({ program }) => program)); // one may go to several places
    return [...programs].reduce((sum, program) => sum + this.#object.recursionMisses(program), 0);
  }

  /**
   * Visits the exemplars in the order in which they came.
   *
   * @param visit `at`: where the exemplar begins in the view; the tool's own members follow at `at + EXEMPLAR.bytes`
   */
  forEachExemplar(visit: (head: ExemplarHead, view: DataView<ArrayBuffer>, at: number) => void): void {
    const { libc, epoch_offset_ns } = this.#base, { exemplar_bytes = 0 } = this.#plan;
    using ring = new RingBuffer(libc, this.#object.mapFd("exemplars"), exemplar_bytes);
    while (ring.drain((view, at) => visit(headOf(view, at, epoch_offset_ns), view, at)) > 0);
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }

  #mark(): void {
    const { mark } = this.#plan;
    if (mark === undefined) return;
    for (const cpu of onlineCpus()) this.#object.run(mark, { cpu });
  }

  #attach(where: ToolProgram, tracefs: TracefsRoot): readonly BpfLink[] {
    const { libc } = this.#base, { program } = where;
    if ("raw_tracepoint" in where) return [this.#object.attachRawTracepoint(program, where.raw_tracepoint)];
    if ("tracepoint" in where) {
      const { id } = formatOf(tracefs, where.tracepoint);
      return [this.#object.attachPerfEvent(program, libc.openTracepoint(BigInt(id)))];
    }
    using links = new DisposableStack();
    const attached = onlineCpus().map((cpu) =>
      links.use(this.#object.attachPerfEvent(program, libc.perfEventOpen(where.perf_event, { pid: -1, cpu })))
    );
    links.move();
    return attached;
  }
}

/** Adds up the u64 at an offset of every view. */
export function sumOf(views: readonly DataView<ArrayBuffer>[], at: number): number {
  return Number(views.reduce((sum, view) => sum + view.getBigUint64(at, true), 0n));
}

function configOf(
  { filters }: ToolRun,
  { offsets = [], numbers = [] }: ObjectPlan,
  base: SessionBase,
): Uint8Array<ArrayBuffer> {
  if (offsets.length > TOOL_CONFIG.max_offsets || numbers.length > TOOL_CONFIG.max_numbers) {
    throw new RangeError(`Cannot configure a tool with ${offsets.length} offsets and ${numbers.length} numbers.`);
  }
  const bytes = new Uint8Array(TOOL_CONFIG.bytes), view = new DataView(bytes.buffer);
  const { pid_namespace } = base;
  const session = { index: 0, filters, rate_per_s: 0, ...(pid_namespace === undefined ? {} : { pid_namespace }) };
  const head = new Uint8Array(SESSION_CONFIG.bytes);
  writeSessionConfig(head, session);
  bytes.set(head, TOOL_CONFIG.session);
  for (const [i, offset] of offsets.entries()) view.setUint32(TOOL_CONFIG.offsets + 4 * i, offset, true);
  for (const [i, number] of numbers.entries()) view.setBigUint64(TOOL_CONFIG.numbers + 8 * i, BigInt(number), true);
  return bytes;
}

function headOf(view: DataView<ArrayBuffer>, at: number, epoch_offset_ns: bigint): ExemplarHead {
  return {
    timestamp: view.getBigUint64(at + EXEMPLAR.time_ns, true) + epoch_offset_ns,
    tgid: view.getUint32(at + EXEMPLAR.tgid, true),
    tid: view.getUint32(at + EXEMPLAR.tid, true),
    uid: view.getUint32(at + EXEMPLAR.uid, true),
    kind: view.getUint32(at + EXEMPLAR.kind, true),
    comm: readText(view, at + EXEMPLAR.comm, COMM_BYTES),
  };
}

function u32(value: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array([value]).buffer);
}
