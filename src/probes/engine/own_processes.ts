/** ktriage and everything it starts, which no program traces: the kernel keeps the set, and follows every fork. */
import type { Libbpf } from "../../ffi/libbpf.ts";
import type { Libc } from "../../ffi/libc.ts";
import { type Format, parseFormat } from "../../kernel/tracing/format.ts";
import { readTracefs, type TracefsRoot } from "../../kernel/tracing/tracefs_files.ts";

const MAP_TYPE_HASH = 1;
const ENTRIES = 16_384;

/** The set, kept up to date until disposed. */
export interface OwnProcesses extends Disposable {
  /** Descriptor of the map `own` (bpf/include/own.h), which programs share; valid until disposed. */
  readonly map_fd: number;
}

/**
 * From here on this process and every child of it is known as ktriage's own.
 *
 * @param from.object bytes of bpf/own.bpf.c, compiled
 * @throws {BpfError} the kernel refused the map, a program or its attachment
 */
export function followOwnProcesses(
  { libc, bpf }: { readonly libc: Libc; readonly bpf: Libbpf },
  from: { readonly object: Uint8Array<ArrayBuffer>; readonly tracefs: TracefsRoot },
): OwnProcesses {
  using stack = new DisposableStack();
  const fork = readFormat(from.tracefs, "sched_process_fork"), free = readFormat(from.tracefs, "sched_process_free");
  const map_fd = bpf.createMap("own", { type: MAP_TYPE_HASH, key_bytes: 4, value_bytes: 1, entries: ENTRIES });
  stack.defer(() => libc.close(map_fd));
  const object = stack.use(bpf.openObject("own", from.object));
  object.setConstants(words(offsetOf(fork, "child_pid"), offsetOf(free, "pid")));
  object.shareMap("own", map_fd);
  object.load();
  // not Deno.pid: in a container that is another number than the one by which the kernel's records know this process
  bpf.update(map_fd, words(object.run("host_tgid")), new Uint8Array([1]));
  for (const [program, { id }] of [["forked", fork], ["freed", free]] as const) {
    stack.use(object.attachPerfEvent(program, libc.openTracepoint(BigInt(id))));
  }
  const resources = stack.move();
  return { map_fd, [Symbol.dispose]: () => resources.dispose() };
}

function readFormat(tracefs: TracefsRoot, event: string): Format {
  return parseFormat(readTracefs(tracefs, `events/sched/${event}/format`));
}

function offsetOf(format: Format, name: string): number {
  const field = format.fields.find((field) => field.name === name);
  if (field === undefined) throw new Error(`Cannot follow own processes: ${format.name} has no ${name}.`);
  return field.offset;
}

function words(...values: readonly number[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(new Uint32Array(values).buffer);
}
