/** What is compiled once and carried along as bytes. Read when first asked for, never at import. */
import { TOOL_OBJECTS } from "./tool_assets.ts";

/** libbpf with libelf and zlib inside, from scripts/build-libbpf.sh. */
export async function libbpfBytes(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/libbpf.so", { with: { type: "bytes" } })).default;
}

/** What this build was made from, from scripts/build-info.sh: JSON. */
export async function buildInfoBytes(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/info.json", { with: { type: "bytes" } })).default;
}

/** The generic tracepoint program, from bpf/tracepoint.bpf.c. */
export async function tracepointObject(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/bpf/tracepoint.bpf.o", { with: { type: "bytes" } })).default;
}

/** The generic programs on functions, from bpf/function.bpf.c. */
export async function functionObject(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/bpf/function.bpf.o", { with: { type: "bytes" } })).default;
}

/** What keeps ktriage out of its own traces, from bpf/own.bpf.c. */
export async function ownObject(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/bpf/own.bpf.o", { with: { type: "bytes" } })).default;
}

/** Every BPF object that is carried along, by its file's name. */
export const BPF_OBJECTS: Readonly<Record<string, () => Promise<Uint8Array<ArrayBuffer>>>> = {
  "function.bpf.o": functionObject,
  "own.bpf.o": ownObject,
  "tracepoint.bpf.o": tracepointObject,
  ...Object.fromEntries(Object.entries(TOOL_OBJECTS).map(([name, load]) => [`tool_${name}.bpf.o`, load])),
};

/** What is inside of ktriage, and under which licences, from scripts/components.ts. */
export async function componentList(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/components.json", { with: { type: "bytes" } })).default;
}
