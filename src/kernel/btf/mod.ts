/** The kernel's own description of its functions and types, and what a program is to read of them. */
export type { Btf } from "./image.ts";
export { type BtfFinding, KernelBtf, openKernelBtf, type OpenOptions } from "./kernel_btf.ts";
export type { Parameter, Signature } from "./signature.ts";
export { argumentCaptures, returnCapture } from "./captures.ts";
export { MAX_READS } from "../capture.ts";
export { captureOf, type CaptureResult } from "./expression.ts";
export { plainCaptureOf, plainCaptures, type PlainOptions, plainResult, plainReturnCapture } from "./plain.ts";
export { packetLayout, pathLayout } from "./layouts.ts";
