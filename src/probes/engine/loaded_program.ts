/** A loaded object with its links: what programs of every family are made of. */
import type { BpfLink } from "../../ffi/bpf_link.ts";
import type { BpfObject } from "../../ffi/bpf_object.ts";
import { type Counts, NO_COUNTS, readCounts } from "./counts.ts";
import { LATENCY_BUCKETS } from "./layout.ts";
import type { Kernel, ProgramOptions } from "./program.ts";

export interface ObjectFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The whole `.rodata`. */
  readonly config: Uint8Array<ArrayBuffer>;
  /** Programs in it that are to be loaded. */
  readonly programs: readonly string[];
  /** What else is to be set before the load. */
  readonly prepare: (object: BpfObject) => void;
}

export interface Hits {
  /** Programs whose misses are missed hits. */
  readonly programs: readonly string[];
  readonly options: Pick<ProgramOptions, "aggregate">;
}

/** Loaded, attached link by link, detached, read out, gone. */
export class LoadedProgram implements Disposable {
  readonly object: BpfObject;
  readonly #kernel: Kernel;
  readonly #hits: Hits;
  readonly #links: BpfLink[] = [];
  #missed = 0;
  #counts: Counts | undefined;

  /** @throws {BpfError} with the verifier's log */
  constructor(kernel: Kernel, { name, bytes, config, programs, prepare }: ObjectFile, hits: Hits) {
    this.#kernel = kernel;
    this.#hits = hits;
    using stack = new DisposableStack();
    this.object = stack.use(kernel.bpf.openObject(name, bytes));
    this.object.selectPrograms(programs);
    this.object.setConstants(config);
    this.object.shareMap("events", kernel.ring_fd);
    this.object.shareMap("own", kernel.own_fd);
    this.object.setMaxEntries("latencies", hits.options.aggregate === "latency" ? LATENCY_BUCKETS : 1);
    prepare(this.object);
    this.object.load();
    stack.move();
  }

  /** Keeps a link until the end. Links are detached in the reverse order. */
  keep(link: BpfLink): void {
    this.#links.push(link);
  }

  get ended(): boolean {
    return this.#counts !== undefined;
  }

  get counts(): Counts {
    if (this.#counts === undefined) throw new Error("the program still traces");
    return this.#counts;
  }

  async detach(): Promise<void> {
    for (const link of this.#links.toReversed()) {
      this.#missed += link.missed();
      await link.detach();
    }
  }

  /** Reads the counts, and unloads. */
  finish({ under_way = 0 }: Partial<Pick<Counts, "under_way">> = {}): void {
    const { programs, options } = this.#hits;
    const missed = programs.reduce((sum, name) => sum + this.object.recursionMisses(name), this.#missed);
    this.#counts = readCounts(this.#kernel.bpf, this.object, { missed, under_way, ...options });
    this.object[Symbol.dispose]();
  }

  [Symbol.dispose](): void {
    if (this.ended) return;
    for (const link of this.#links) link[Symbol.dispose]();
    this.object[Symbol.dispose]();
    this.#counts = NO_COUNTS;
  }
}
