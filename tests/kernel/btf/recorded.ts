/** BTF of several kernels, see tests/data/btf/README.md. */
import { gunzipSync } from "node:zlib";
import { type Btf, parseBtf } from "../../../src/kernel/btf/image.ts";
import { KernelBtf, type Signature } from "../../../src/kernel/btf/mod.ts";
import type { Offsets } from "../../support/bpftool_offsets.ts";

const FOLDER = new URL("../../data/btf/", import.meta.url);

export const RECORDED = ["5.10", "6.1", "6.12", "6.18-hardened", "7.3"] as const;
export type RecordedBtf = (typeof RECORDED)[number];

const parsed = new Map<RecordedBtf, Btf>();

export function recordedBytes(kernel: RecordedBtf): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gunzipSync(Deno.readFileSync(new URL(`${kernel}.btf.gz`, FOLDER))));
}

export function recordedBtf(kernel: RecordedBtf): Btf {
  const btf = parsed.get(kernel) ?? parseBtf(recordedBytes(kernel));
  parsed.set(kernel, btf);
  return btf;
}

/** As the running kernel's would be found. */
export function recordedKernelBtf(kernel: RecordedBtf): KernelBtf {
  return new KernelBtf(recordedBtf(kernel), { path: `${kernel}.btf`, modules_path: undefined });
}

export function recordedSignature(kernel: RecordedBtf, name: string): Signature {
  const signature = recordedKernelBtf(kernel).signature(name);
  if (signature === undefined) throw new Error(`${name} is not in the recorded BTF of ${kernel}`);
  return signature;
}

/** What bpftool said about the same kernel. */
export function recordedOffsets(kernel: RecordedBtf): Offsets {
  return JSON.parse(Deno.readTextFileSync(new URL(`${kernel}.offsets.json`, FOLDER)));
}
