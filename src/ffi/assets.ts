/** What is compiled once and carried along as bytes. Read when first asked for, never at import. */

/** libbpf with libelf and zlib inside, from scripts/build-libbpf.sh. */
export async function libbpfBytes(): Promise<Uint8Array<ArrayBuffer>> {
  return (await import("../../build/libbpf.so", { with: { type: "bytes" } })).default;
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
