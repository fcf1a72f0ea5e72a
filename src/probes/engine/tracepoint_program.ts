/** A running program on a tracepoint; system calls are paired with their return. */
import { exists } from "../../kernel/exists.ts";
import type { BpfObject } from "../../ffi/bpf_object.ts";
import { isInSystemCall } from "../../kernel/host/procfs.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import { executes, tracepointConfig } from "./config.ts";
import { BaseProgram } from "./base_program.ts";
import { Decoder } from "../events/decode.ts";
import { CALL, EVENT, EVENT_FLAG, EVENT_KIND } from "./layout.ts";
import { LoadedProgram } from "./loaded_program.ts";
import type { Plan } from "../plan/tracepoint.ts";
import type { Kernel, Program, ProgramOptions } from "./program.ts";

/** Rows for every process times every key, such as a thousand processes with 60 system calls each; 6 MB. */
const KEYED_COUNTS = 65_536;

export class TracepointProgram extends BaseProgram implements Program {
  readonly #kernel: Kernel;
  protected readonly loaded: LoadedProgram;
  readonly #decoder: Decoder;
  readonly #paired: boolean;
  /** Where in a record it is whose call it is: the thread's id, or the process's that executes a program. */
  readonly #caller_at: number;
  /** System calls that were entered and have not returned, by their caller. */
  readonly #calls = new Map<number, TraceEvent>();

  /** @throws {BpfError} the kernel refused the program, or to attach it */
  constructor(
    kernel: Kernel,
    { plan, object: bytes }: { readonly plan: Plan; readonly object: Uint8Array<ArrayBuffer> },
    options: ProgramOptions,
  ) {
    super(options);
    this.plan = plan;
    this.#kernel = kernel;
    this.#decoder = new Decoder(plan, options.epoch_offset_ns);
    this.#paired = plan.return_id !== undefined && options.aggregate !== "count";
    this.#caller_at = executes(plan) ? EVENT.tgid : EVENT.tid;
    const programs = this.#paired ? ["hit", "returned"] : ["hit"];
    const config = tracepointConfig(plan, options);
    using stack = new DisposableStack();
    this.loaded = stack.use(
      new LoadedProgram(kernel, {
        name: "tracepoint",
        bytes,
        config,
        programs,
        prepare: (object) => this.#sizeMaps(object),
      }, { programs, options }),
    );
    // the return first: no call can be entered whose return would not be seen
    if (this.#paired && plan.return_id !== undefined) this.#attach("returned", plan.return_id);
    this.#attach("hit", plan.event_id);
    stack.move();
  }

  readonly plan: Plan;

  take(record: DataView<ArrayBuffer>, at: number): void {
    if (record.getUint8(at + EVENT.kind) === EVENT_KIND.return) return this.#returned(record, at);
    const event = this.#decoder.event(record, at);
    if (this.#paired && (record.getUint8(at + EVENT.flags) & EVENT_FLAG.unpaired) === 0) {
      this.#entered(record.getUint32(at + this.#caller_at, true), event);
    } else this.options.on_event(event);
  }

  /** Entries before returns, so that no call is left waiting for a return that nobody would see. */
  detach(): Promise<void> {
    return this.loaded.detach();
  }

  finish(): void {
    const now = this.#kernel.libc.clocks().monotonic_ns + this.options.epoch_offset_ns;
    const missed_returns = this.#paired ? this.loaded.object.recursionMisses("returned") : 0;
    for (const [caller, event] of this.#calls) {
      // where the kernel skipped returns, its own word is not enough
      if (this.#isUnderWay(caller) && lives(event) && (missed_returns === 0 || waitsInCall(event))) {
        event.data["pending"] = true;
        event.data["latency_ns"] = Number(now - BigInt(event.timestamp));
      }
      this.options.on_event(event);
    }
    this.#calls.clear();
    this.loaded.finish();
  }

  #sizeMaps(object: BpfObject): void {
    if (!this.#paired) object.setMaxEntries("calls", 1);
    if (this.plan.key !== undefined) object.setMaxEntries("counts", KEYED_COUNTS);
  }

  #attach(program: string, event_id: bigint): void {
    const fd = this.#kernel.libc.openTracepoint(event_id);
    this.loaded.keep(this.loaded.object.attachPerfEvent(program, fd));
  }

  #entered(caller: number, event: TraceEvent): void {
    const unfinished = this.#calls.get(caller);
    if (unfinished !== undefined) this.options.on_event(unfinished); // its return was lost
    this.#calls.set(caller, event);
  }

  /** The kernel forgets a call when it returns, also when the ring buffer had no room to say so. */
  #isUnderWay(caller: number): boolean {
    const key = new Uint8Array(new Uint32Array([caller]).buffer);
    return this.#kernel.bpf.lookup(this.loaded.object.mapFd("calls"), key, new Uint8Array(CALL.bytes));
  }

  #returned(record: DataView<ArrayBuffer>, at: number): void {
    const caller = record.getUint32(at + this.#caller_at, true);
    const event = this.#calls.get(caller);
    if (event === undefined) return;
    this.#calls.delete(caller);
    this.#decoder.completeCall(event, record, at);
    this.options.on_event(event);
  }
}

/** A thread that was killed in a call, or whose process executed another program, has left its row behind. */
function lives({ process_id, thread_id, host_process }: TraceEvent): boolean {
  return host_process === true || exists(`/proc/${process_id}/task/${thread_id}`);
}

/** Not known of a process of the host: /proc here does not have it. */
function waitsInCall({ process_id, thread_id, host_process }: TraceEvent): boolean {
  if (host_process === true) return false;
  try {
    return isInSystemCall(Deno.readTextFileSync(`/proc/${process_id}/task/${thread_id}/syscall`));
  } catch {
    return false; // the thread has ended
  }
}
