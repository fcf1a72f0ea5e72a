/** What a session and its callers know of a running program, whatever it is attached to. */
import type { Libbpf } from "../../ffi/libbpf.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import type { ProgramFilters, SessionConfig } from "./config.ts";
import type { Counts } from "./counts.ts";
import type { FunctionPlan } from "../plan/function_plan.ts";
import type { Plan } from "../plan/tracepoint.ts";

export type { Counts } from "./counts.ts";

export interface ProgramOptions extends SessionConfig {
  readonly epoch_offset_ns: bigint;
  /** Gets every event when it is complete: a system call when it returned, or at the end when it did not. */
  readonly on_event: (event: TraceEvent) => void;
}

/** What all programs of a session share. */
export interface Kernel {
  readonly libc: Libc;
  readonly bpf: Libbpf;
  readonly ring_fd: number;
  readonly own_fd: number;
}

/** A program that traces until it is detached. Owned by a session, which calls everything that changes it. */
export interface Program extends Disposable {
  readonly plan: Plan | FunctionPlan;
  readonly filters: ProgramFilters;
  readonly ended: boolean;
  /** Exact; only after {@link finish}. */
  readonly counts: Counts;
  /** One record of the ring buffer. */
  take(record: DataView<ArrayBuffer>, at: number): void;
  /** Resolves when no more hits can come; meanwhile events are taken as before. */
  detach(): Promise<void>;
  /** After the last record was taken: what is still open becomes events, then the counts are read. */
  finish(): void;
}
