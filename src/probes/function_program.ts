/** A running program on a function of the kernel or of a program. */
import type { BpfObject } from "../ffi/bpf_object.ts";
import type { ProgramFilters } from "./config.ts";
import type { Counts } from "./counts.ts";
import { attachProgram, prepareProgram, programsFor } from "./function_attach.ts";
import { functionConfig, placeReads } from "./function_config.ts";
import { FunctionDecoder } from "./function_decode.ts";
import type { Attachment, FunctionPlan } from "./function_plan.ts";
import { LoadedProgram } from "./loaded_program.ts";
import type { Kernel, Program, ProgramOptions } from "./program.ts";

interface Source {
  readonly plan: FunctionPlan;
  /** Bytes of bpf/function.bpf.c, compiled. */
  readonly object: Uint8Array<ArrayBuffer>;
}

export class FunctionProgram implements Program {
  readonly #loaded: LoadedProgram;
  readonly #decoder: FunctionDecoder;
  readonly #options: ProgramOptions;

  /**
   * @throws {BpfError} the kernel refused the program, or to attach it
   * @throws {RangeError} the plan reads more than one program can
   */
  constructor(kernel: Kernel, { plan, object }: Source, options: ProgramOptions) {
    this.plan = plan;
    this.#options = options;
    const { entered, hit } = programsFor(plan.attachment);
    const placed = placeReads(plan);
    const on = entered === undefined ? "entry" : "return";
    this.#decoder = new FunctionDecoder(plan, placed, { epoch_offset_ns: options.epoch_offset_ns, on });
    const file = { name: "function", bytes: object, config: functionConfig(plan, placed, options) };
    // who only counts returns need not know when they were entered
    const programs = entered === undefined || options.aggregate === "count" ? [hit] : [entered, hit];
    const prepare = (object: BpfObject): void => prepareObject(object, programs, plan.attachment);
    using stack = new DisposableStack();
    this.#loaded = stack.use(
      new LoadedProgram(kernel, { ...file, programs, prepare }, { programs: [hit], options }),
    );
    // The entry first: a call that was entered before has no probe on its return. Its row, if any, ages out.
    for (const program of programs) {
      const at = { attachment: plan.attachment, on: program === hit ? on : "entry", libc: kernel.libc } as const;
      this.#loaded.keep(attachProgram(this.#loaded.object, program, at));
    }
    stack.move();
  }

  readonly plan: FunctionPlan;

  get filters(): ProgramFilters {
    return this.#options.filters;
  }

  get ended(): boolean {
    return this.#loaded.ended;
  }

  get counts(): Counts {
    return this.#loaded.counts;
  }

  take(record: DataView<ArrayBuffer>, at: number): void {
    this.#options.on_event(this.#decoder.event(record, at));
  }

  detach(): Promise<void> {
    return this.#loaded.detach();
  }

  finish(): void {
    this.#loaded.finish();
  }

  [Symbol.dispose](): void {
    this.#loaded[Symbol.dispose]();
  }
}

function prepareObject(object: BpfObject, programs: readonly string[], attachment: Attachment): void {
  if (programs.length === 1) object.setMaxEntries("calls", 1);
  for (const program of programs) prepareProgram(object, program, attachment);
}
