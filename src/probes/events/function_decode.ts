/** Records of programs on functions become events. */
import { plainResult } from "../../kernel/btf/mod.ts";
import type { Slot } from "../../kernel/capture.ts";
import type { TraceEvent } from "../../protocol/result.ts";
import { errorOf } from "./decode.ts";
import { headedEvent } from "./event_head.ts";
import type { PlacedRead, PlacedReads } from "../engine/function_config.ts";
import type { FunctionPlan } from "../plan/function_plan.ts";
import { EVENT, EVENT_FLAG, FUNCTION_EVENT } from "../engine/layout.ts";

type View = DataView<ArrayBuffer>;

export interface FunctionDecoderOptions {
  readonly epoch_offset_ns: bigint;
  /** What the hit is: of a return, the returned value and the latency are known. */
  readonly on: "entry" | "return";
}

/** Turns the records of one program into events. */
export class FunctionDecoder {
  readonly #plan: FunctionPlan;
  readonly #placed: PlacedReads;
  readonly #options: FunctionDecoderOptions;
  /** Results of the kernel's functions below 0 are errors; those of programs have meanings of their own. */
  readonly #of_kernel: boolean;

  constructor(plan: FunctionPlan, placed: PlacedReads, options: FunctionDecoderOptions) {
    this.#plan = plan;
    this.#placed = placed;
    this.#options = options;
    this.#of_kernel = !("path" in plan.attachment);
  }

  /** `struct function_event` at `at`, with its slots behind it. */
  event(view: View, at: number): TraceEvent {
    const { epoch_offset_ns } = this.#options;
    return headedEvent(view, at, { event_type: this.#plan.event, data: this.#data(view, at), epoch_offset_ns });
  }

  #data(view: View, at: number): Record<string, unknown> {
    const data: Record<string, unknown> = {};
    const has_entry = (view.getUint8(at + EVENT.flags) & EVENT_FLAG.no_entry) === 0;
    // the lower half: there are fewer than 32 reads
    const faults = view.getUint32(at + FUNCTION_EVENT.faults, true);
    const slotOf = ({ read, index, at: offset, bytes }: PlacedRead): Slot | undefined =>
      (faults & (1 << index)) !== 0 || (!has_entry && read.source !== "ret")
        ? undefined
        : { view, at: at + FUNCTION_EVENT.bytes + offset, bytes };
    for (const [i, capture] of this.#plan.captures.entries()) {
      data[capture.name] = capture.decode((this.#placed.by_capture[i] ?? []).map(slotOf));
    }
    if (this.#options.on === "entry") return data;
    if (this.#plan.has_return) this.#addReturn(data, view, at);
    if (has_entry) data["latency_ns"] = Number(view.getBigUint64(at + FUNCTION_EVENT.latency_ns, true));
    return data;
  }

  #addReturn(data: Record<string, unknown>, view: View, at: number): void {
    // every record has the result, also where captures left it no room
    if (!("ret" in data)) data["ret"] = plainResult(view, at + FUNCTION_EVENT.ret);
    const { ret } = data;
    const is_number = typeof ret === "number" || typeof ret === "bigint";
    const error = this.#of_kernel && is_number ? errorOf(ret) : undefined;
    if (error !== undefined) data["error"] = error;
  }
}
