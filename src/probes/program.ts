/** One running program: its kernel object, its events as they come, its exact counts at the end. */
import type { BpfObject, Libbpf, Link } from "../ffi/libbpf.ts";
import type { Libc } from "../ffi/libc.ts";
import { isInSystemCall } from "../kernel/procfs.ts";
import type { TraceEvent } from "../protocol/mod.ts";
import { configBytes, type ProgramFilters } from "./config.ts";
import { Decoder } from "./decode.ts";
import { CALL, COUNT_KEY, EVENT, EVENT_FLAG, EVENT_KIND, EVENT_RETURN, STATS } from "./layout.ts";
import type { Plan } from "./plan.ts";
import { readText } from "./read.ts";

/** Rows for every process times every key, such as a thousand processes with 60 system calls each; 6 MB. */
const KEYED_COUNTS = 65_536;

export interface ProgramOptions {
  /** Position in the session; events carry it. */
  readonly index: number;
  readonly filters: ProgramFilters;
  /** Events per second; 0: no bound. */
  readonly rate_per_s: number;
  readonly epoch_offset_ns: bigint;
  /** Gets every event when it is complete: a system call when it returned, or at the end when it did not. */
  readonly on_event: (event: TraceEvent) => void;
}

interface Kernel {
  readonly libc: Libc;
  readonly bpf: Libbpf;
  readonly object: Uint8Array<ArrayBuffer>;
  readonly ring_fd: number;
  readonly own_fd: number;
}

/** What the kernel counted, exact. */
export interface Counts {
  readonly hits: number;
  readonly emitted: number;
  /** Held back by the governor. */
  readonly suppressed: number;
  /** Found no room in the ring buffer. */
  readonly lost: number;
  /** Hits in `hits` but in no row of `rows`: more processes than the table holds. */
  readonly uncounted: number;
  readonly lost_returns: number;
  /** Times the kernel did not run the program at all, because one was running on that CPU. */
  readonly missed: number;
  readonly rows: readonly {
    readonly tgid: number;
    readonly comm: string;
    readonly key: number;
    readonly hits: number;
  }[];
}

/** Owned by a session, which calls everything here. */
export class Program implements Disposable {
  readonly #kernel: Kernel;
  readonly #object: BpfObject;
  readonly #links: Link[] = [];
  readonly #decoder: Decoder;
  readonly #options: ProgramOptions;
  readonly #paired: boolean;
  /** System calls that were entered and have not returned, by tid. */
  readonly #calls = new Map<number, TraceEvent>();
  #counts: Counts | undefined;

  constructor(kernel: Kernel, readonly plan: Plan, options: ProgramOptions) {
    this.#kernel = kernel;
    this.#options = options;
    this.#decoder = new Decoder(plan, options.epoch_offset_ns);
    this.#paired = plan.return_id !== undefined;
    using stack = new DisposableStack();
    this.#object = stack.use(kernel.bpf.openObject("tracepoint", kernel.object));
    stack.defer(() => this.#dropLinks());
    this.#load();
    // the return first: no call can be entered whose return would not be seen
    if (plan.return_id !== undefined) this.#attach("returned", plan.return_id);
    this.#attach("hit", plan.event_id);
    stack.move();
  }

  get filters(): ProgramFilters {
    return this.#options.filters;
  }

  get ended(): boolean {
    return this.#counts !== undefined;
  }

  /** Exact counts; only after {@link finish}. */
  get counts(): Counts {
    if (this.#counts === undefined) throw new Error("the program still traces");
    return this.#counts;
  }

  /** One record of the ring buffer. */
  take(record: DataView<ArrayBuffer>, at: number): void {
    if (record.getUint8(at + EVENT.kind) === EVENT_KIND.return) return this.#returned(record, at);
    const event = this.#decoder.event(record, at);
    if (this.#paired && (record.getUint8(at + EVENT.flags) & EVENT_FLAG.unpaired) === 0) {
      this.#entered(record.getUint32(at + EVENT.tid, true), event);
    } else this.#options.on_event(event);
  }

  /** Resolves when no more hits can come; meanwhile events are taken as before. */
  async detach(): Promise<void> {
    // entries before returns, so that no call is left waiting for a return that nobody would see
    for (const link of this.#links.toReversed()) await link.detach();
  }

  /** After the last record was taken: calls still under way become events, then the counts are read. */
  finish(): void {
    const now = this.#kernel.libc.clocks().monotonic_ns + this.#options.epoch_offset_ns;
    const missed_returns = this.#missed("returned");
    for (const [tid, event] of this.#calls) {
      // where the kernel skipped returns, its own word is not enough
      if (this.#isUnderWay(tid) && (missed_returns === 0 || waitsInCall(event))) {
        event.data["pending"] = true;
        event.data["latency_ns"] = Number(now - BigInt(event.timestamp));
      }
      this.#options.on_event(event);
    }
    this.#calls.clear();
    this.#counts = this.#readCounts();
    this.#object[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.ended) return;
    this.#dropLinks();
    this.#object[Symbol.dispose]();
    this.#counts = NO_COUNTS;
  }

  #dropLinks(): void {
    for (const link of this.#links) link[Symbol.dispose]();
  }

  #load(): void {
    const { index, filters, rate_per_s } = this.#options;
    this.#object.setConstants(configBytes(this.plan, { index, filters, rate_per_s }));
    this.#object.shareMap("events", this.#kernel.ring_fd);
    this.#object.shareMap("own", this.#kernel.own_fd);
    if (!this.#paired) {
      this.#object.skipProgram("returned");
      this.#object.setMaxEntries("calls", 1);
    }
    if (this.plan.key !== undefined) this.#object.setMaxEntries("counts", KEYED_COUNTS);
    this.#object.load();
  }

  #attach(program: string, event_id: bigint): void {
    const fd = this.#kernel.libc.openTracepoint(event_id);
    this.#links.push(this.#object.attachPerfEvent(program, fd));
  }

  #entered(tid: number, event: TraceEvent): void {
    const unfinished = this.#calls.get(tid);
    if (unfinished !== undefined) this.#options.on_event(unfinished); // its return was lost
    this.#calls.set(tid, event);
  }

  /** The kernel forgets a call when it returns, also when the ring buffer had no room to say so. */
  #isUnderWay(tid: number): boolean {
    const key = new Uint8Array(new Uint32Array([tid]).buffer);
    return this.#kernel.bpf.lookup(this.#object.mapFd("calls"), key, new Uint8Array(CALL.bytes));
  }

  /** Times the kernel skipped a program; a preemptible kernel does so when threads of one CPU meet in tracepoints. */
  #missed(program: "hit" | "returned"): number {
    if (program === "returned" && !this.#paired) return 0;
    return this.#kernel.bpf.recursionMisses(this.#object.programFd(program));
  }

  #returned(record: DataView<ArrayBuffer>, at: number): void {
    const tid = record.getUint32(at + EVENT_RETURN.tid, true);
    const event = this.#calls.get(tid);
    if (event === undefined) return;
    this.#calls.delete(tid);
    this.#decoder.completeCall(event, record, at);
    this.#options.on_event(event);
  }

  #readCounts(): Counts {
    const stats = this.#readStats();
    const rows: Counts["rows"][number][] = [];
    const entry = { key_bytes: COUNT_KEY.bytes, value_bytes: 8 };
    this.#kernel.bpf.forEach(this.#object.mapFd("counts"), entry, (key, value) => {
      rows.push({
        tgid: key.getUint32(COUNT_KEY.tgid, true),
        key: key.getInt32(COUNT_KEY.key, true),
        comm: readText(key as DataView<ArrayBuffer>, COUNT_KEY.comm, 16),
        hits: Number(value.getBigUint64(0, true)),
      });
    });
    return { ...stats, missed: this.#missed("hit") + this.#missed("returned"), rows };
  }

  #readStats(): Omit<Counts, "rows" | "missed"> {
    const cpus = this.#kernel.bpf.possibleCpus();
    const values = new Uint8Array(cpus * STATS.bytes);
    this.#kernel.bpf.lookup(this.#object.mapFd("stats"), new Uint8Array(4), values);
    const view = new DataView(values.buffer);
    const sum = (field: number): number => {
      let total = 0n;
      for (let cpu = 0; cpu < cpus; cpu++) total += view.getBigUint64(cpu * STATS.bytes + field, true);
      return Number(total);
    };
    return {
      hits: sum(STATS.hits),
      emitted: sum(STATS.emitted),
      suppressed: sum(STATS.suppressed),
      lost: sum(STATS.lost),
      uncounted: sum(STATS.uncounted),
      lost_returns: sum(STATS.lost_returns),
    };
  }
}

function waitsInCall({ process_id, thread_id }: TraceEvent): boolean {
  try {
    return isInSystemCall(Deno.readTextFileSync(`/proc/${process_id}/task/${thread_id}/syscall`));
  } catch {
    return false; // the thread has ended
  }
}

const NO_COUNTS: Counts = {
  hits: 0,
  emitted: 0,
  suppressed: 0,
  lost: 0,
  uncounted: 0,
  lost_returns: 0,
  missed: 0,
  rows: [],
};
