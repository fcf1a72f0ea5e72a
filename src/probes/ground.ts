/** What the programs of one request stand on: tracefs, a session, and what was learnt of this kernel on the way. */
import { openTracefs } from "../kernel/tracing/tracefs.ts";
import type { TracefsRoot } from "../kernel/tracing/tracefs_files.ts";
import { explainFailure } from "./failure.ts";
import type { KernelFacts } from "./plan/kernel_facts.ts";
import type { Refusal } from "./plan/tracepoint.ts";
import { Session, type SessionOptions } from "./engine/session.ts";
import type { ProbeKind } from "./plan/ways.ts";

export interface GroundOptions extends SessionOptions {
  /** BTF of this kernel from elsewhere, for a kernel that has none of its own. */
  readonly btf_file?: string | undefined;
}

export class Ground implements Disposable {
  /** Families of probes that this kernel refuses as such, and why: one is tried once. */
  readonly refused_kinds = new Map<ProbeKind, string>();
  readonly #resources: DisposableStack;
  #facts: Promise<KernelFacts | Refusal> | undefined;

  private constructor(
    readonly tracefs: TracefsRoot,
    readonly session: Session,
    readonly options: GroundOptions,
    resources: DisposableStack,
  ) {
    this.#resources = resources;
  }

  /** @returns a refusal for what this host lacks: privileges, tracefs, BPF */
  static async open(options: GroundOptions = {}): Promise<Ground | Refusal> {
    using resources = new DisposableStack();
    try {
      const tracefs = resources.use(openTracefs());
      const session = resources.use(await Session.open(tracefs, options));
      return new Ground(tracefs, session, options, resources.move());
    } catch (error) {
      return explainFailure("start eBPF programs", error);
    }
  }

  /** Symbols and types, read when the first program on a function asks. */
  facts(): Promise<KernelFacts | Refusal> {
    this.#facts ??= import("./plan/kernel_facts.ts").then(({ openKernelFacts }) =>
      openKernelFacts({ tracefs: this.tracefs, btf_file: this.options.btf_file })
    );
    return this.#facts;
  }

  [Symbol.dispose](): void {
    this.#resources.dispose();
  }
}
