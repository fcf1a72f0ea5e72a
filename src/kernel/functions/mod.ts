/** The kernel's functions: which one a name means here, whether it can be probed, and which tracepoint tells the same. */
export { type Equivalent, type EquivalentOptions, equivalentsOf } from "./equivalents.ts";
export { type Verdict } from "./attachability.ts";
export { type FunctionName, withoutSuffix } from "./kallsyms.ts";
export {
  type FunctionBtf,
  functionsOf,
  type FunctionTexts,
  hostFunctions,
  type HostOptions,
  type KernelFunctions,
} from "./kernel_functions.ts";
export {
  type FunctionResolution,
  mayProbe,
  type ResolvedFunction,
  type ResolvedSyscall,
  resolveFunction,
  type Unresolved,
} from "./resolve.ts";
