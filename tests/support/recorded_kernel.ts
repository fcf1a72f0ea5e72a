/** What is known of a recorded kernel, as planning a program wants it. */
import type { BtfFinding } from "../../src/kernel/btf/mod.ts";
import type { FunctionTexts } from "../../src/kernel/functions/mod.ts";
import type { Sources } from "../../src/probes/plan/kernel_facts.ts";
import { recordedFunctions } from "../kernel/functions/recorded_functions.ts";
import type { RecordedKernel } from "../kernel/recorded_formats.ts";
import { recordedTracefs } from "./recorded_tracefs.ts";

export const NO_BTF: BtfFinding = { ok: false, error: "this kernel has no BTF", hint: "take another" };

export interface RecordedOptions extends Partial<FunctionTexts> {
  /** What arguments are decoded by. Default: nothing. */
  readonly types?: BtfFinding;
}

/** Sources of that kernel; options replace single ones. */
export function recordedSources(kernel: RecordedKernel, { types = NO_BTF, ...texts }: RecordedOptions = {}): Sources {
  const functions = recordedFunctions(`linux-${kernel}`, texts);
  return { tracefs: recordedTracefs(kernel), facts: () => Promise.resolve({ btf: types, functions }) };
}
