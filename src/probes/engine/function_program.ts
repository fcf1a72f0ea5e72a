/** A running program on a function of the kernel or of a program. */
import type { BpfObject } from "../../ffi/bpf_object.ts";
import { BaseProgram } from "./base_program.ts";
import { attachProgram, prepareProgram, programsFor } from "./attach_function.ts";
import { functionConfig, placeReads } from "./function_config.ts";
import { FunctionDecoder } from "../events/function_decode.ts";
import type { Attachment, FunctionPlan } from "../plan/function_plan.ts";
import { WINDOW } from "./layout.ts";
import { LoadedProgram } from "./loaded_program.ts";
import type { Kernel, Program, ProgramOptions } from "./program.ts";
import { type Call, callsUnderWay, countRemaining } from "./unreturned.ts";

const SECOND_LOOK_MS = 10;

interface Source {
  readonly plan: FunctionPlan;
  /** Bytes of bpf/function.bpf.c, compiled. */
  readonly object: Uint8Array<ArrayBuffer>;
}

export class FunctionProgram extends BaseProgram implements Program {
  protected readonly loaded: LoadedProgram;
  readonly #decoder: FunctionDecoder;
  readonly #kernel: Kernel;
  /** Entries are seen, too, and their returns waited for. */
  readonly #waits: boolean;
  #under_way: ReadonlySet<Call> = new Set();

  /**
   * @throws {BpfError} the kernel refused the program, or to attach it
   * @throws {RangeError} the plan reads more than one program can
   */
  constructor(kernel: Kernel, { plan, object }: Source, options: ProgramOptions) {
    super(options);
    this.plan = plan;
    this.#kernel = kernel;
    const { entered, hit } = programsFor(plan.attachment);
    const placed = placeReads(plan);
    const on = entered === undefined ? "entry" : "return";
    this.#decoder = new FunctionDecoder(plan, placed, { epoch_offset_ns: options.epoch_offset_ns, on });
    const file = { name: "function", bytes: object, config: functionConfig(plan, placed, options) };
    // with the entry also where returns are only counted: a function that does not come back was called all the same
    const programs = entered === undefined ? [hit] : [entered, hit];
    this.#waits = entered !== undefined;
    const prepare = (object: BpfObject): void => prepareObject(object, programs, plan.attachment);
    using stack = new DisposableStack();
    this.loaded = stack.use(
      new LoadedProgram(kernel, { ...file, programs, prepare }, { programs: [hit], options }),
    );
    // The entry first: a call that was entered before has no probe on its return. Its row, if any, ages out.
    for (const program of programs) {
      const at = { attachment: plan.attachment, on: program === hit ? on : "entry", libc: kernel.libc } as const;
      this.loaded.keep(attachProgram(this.loaded.object, program, at));
    }
    if (this.#waits) this.#setWindow("open");
    stack.move();
  }

  readonly plan: FunctionPlan;

  take(record: DataView<ArrayBuffer>, at: number): void {
    this.options.on_event(this.#decoder.event(record, at));
  }

  /** Which calls are under way is seen first: by the time that the probes are gone, most have returned unseen. */
  async detach(): Promise<void> {
    if (!this.ended && this.#waits) {
      this.#setWindow("closed");
      this.#under_way = this.#callsUnderWay();
      if (this.#under_way.size > 0) {
        // where a thread is that runs cannot be told: most soon return, or wait
        await new Promise((resolve) => setTimeout(resolve, SECOND_LOOK_MS));
        if (!this.ended) this.#under_way = this.#callsUnderWay();
      }
    }
    await this.loaded.detach();
  }

  finish(): void {
    const under_way = countRemaining(this.#kernel.bpf, this.loaded.object.mapFd("calls"), this.#under_way);
    this.loaded.finish({ under_way });
  }

  #callsUnderWay(): ReadonlySet<Call> {
    const calls_of = "path" in this.plan.attachment ? "program" : "kernel";
    return callsUnderWay(this.#kernel.bpf, this.loaded.object.mapFd("calls"), calls_of);
  }

  /** Calls count as entered from when the last probe is in place until the first is taken away. */
  #setWindow(state: keyof typeof WINDOW): void {
    const value = new BigUint64Array([BigInt(WINDOW[state])]);
    this.#kernel.bpf.update(this.loaded.object.mapFd("window"), new Uint8Array(4), new Uint8Array(value.buffer));
  }
}

function prepareObject(object: BpfObject, programs: readonly string[], attachment: Attachment): void {
  if (programs.length === 1) object.setMaxEntries("calls", 1);
  for (const program of programs) prepareProgram(object, program, attachment);
}
