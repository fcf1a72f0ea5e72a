/**
 * Tries what tracing is made of on the real kernel, and takes it back: every descriptor is closed when a
 * function returns, those of perf events when their {@link SlowCloser} is disposed. Nothing else is left.
 *
 * The programs are two instructions long. Those on tracepoints return 1, for 0 would hide the event from others.
 */
import { addressOf, cString, type Libc, type PerfEventAttr, SystemError } from "./libc.ts";
import { libcSymbols } from "./libc_symbols.ts";

/** include/uapi/linux/bpf.h */
const MAP_CREATE = 0, PROG_LOAD = 5, RAW_TRACEPOINT_OPEN = 17, LINK_CREATE = 28;
const MAP_TYPE_ARRAY = 2, MAP_TYPE_RINGBUF = 27;
const TRACE_FENTRY = 24, TRACE_KPROBE_MULTI = 42;
const FN_PROBE_READ_KERNEL = 113;
/** include/uapi/linux/perf_event.h: _IOW('$', 8, __u32) */
const PERF_EVENT_IOC_SET_BPF = 0x4004_2408n;

/** enum bpf_prog_type */
const PROGRAM_TYPES = { kprobe: 2, tracepoint: 5, perf_event: 7, raw_tracepoint: 17, tracing: 26 } as const;
export type ProgramType = keyof typeof PROGRAM_TYPES;

/** `r0 = value; exit` */
const returning = (value: number): bigint[] => [BigInt(value) << 32n | 0xb7n, 0x95n];
/** `r1 = r10 - 8; r2 = 8; r3 = 0; call probe_read_kernel; r0 = 0; exit` */
const READS_KERNEL = [
  0xa1bfn,
  0xffff_fff8_0000_0107n,
  0x8_0000_02b7n,
  0x3b7n,
  BigInt(FN_PROBE_READ_KERNEL) << 32n | 0x85n,
  ...returning(0),
];

/** @throws {SystemError} the kernel has no ring buffer (Linux 5.8), or does not grant one */
export function tryRingBuffer(libc: Libc): void {
  // a power of two and a multiple of every page size
  using _map = createMap(libc, { type: MAP_TYPE_RINGBUF, key_bytes: 0, value_bytes: 0, entries: 64 << 10 });
}

/** @param bytes a multiple of 4096. @throws {SystemError} a map of this size is more memory than this process may lock (before Linux 5.11) */
export function tryMapMemory(libc: Libc, bytes: number): void {
  const value_bytes = 4096;
  using _map = createMap(libc, { type: MAP_TYPE_ARRAY, key_bytes: 4, value_bytes, entries: bytes / value_bytes });
}

/** @throws {SystemError} programs may not read kernel memory: lockdown, or Linux before 5.5 */
export function tryKernelRead(libc: Libc): void {
  using _program = loadProgram(libc, { type: "tracepoint", instructions: READS_KERNEL });
}

/**
 * Opens a perf event and attaches a program to it. It is gone when `closer` has been disposed.
 *
 * @throws {SystemError} which of the three steps was refused
 */
export function tryPerfEvent(
  libc: Libc,
  attr: PerfEventAttr,
  options: { readonly type: ProgramType; readonly pid: number; readonly cpu: number; readonly closer: SlowCloser },
): void {
  using program = loadProgram(libc, { type: options.type, instructions: returning(1) });
  using event = new Descriptor(options.closer, libc.perfEventOpen(attr, options));
  named("PERF_EVENT_IOC_SET_BPF", () => libc.ioctl(event.fd, PERF_EVENT_IOC_SET_BPF, BigInt(program.fd)));
}

/** @throws {SystemError} which of the two steps was refused */
export function tryRawTracepoint(libc: Libc, name: string): void {
  using program = loadProgram(libc, { type: "raw_tracepoint", instructions: returning(0) });
  using _link = openRawTracepoint(libc, program, name);
}

/**
 * Loads a program for the entry of a kernel function and attaches it.
 *
 * @param btf_id of the function, in the kernel's own BTF
 * @throws {SystemError} which of the two steps was refused
 */
export function tryFentry(libc: Libc, btf_id: number): void {
  using program = loadProgram(libc, { type: "tracing", instructions: returning(0), attach_type: TRACE_FENTRY, btf_id });
  using _link = openRawTracepoint(libc, program);
}

/**
 * Attaches a program to a list of functions, here of one (kprobe.multi).
 *
 * @throws {SystemError} which of the two steps was refused; EINVAL before Linux 5.18
 */
export function tryKprobeMulti(libc: Libc, name: string): void {
  const attach_type = TRACE_KPROBE_MULTI;
  using program = loadProgram(libc, { type: "kprobe", instructions: returning(0), attach_type });
  // the array of names and the name stand behind what points at them, in the same buffer
  const text = cString(name);
  const array_at = MULTI_ATTR_BYTES, text_at = array_at + 8;
  const bytes = new Uint8Array(text_at + text.length);
  bytes.set(text, text_at);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, program.fd, true);
  view.setUint32(8, attach_type, true);
  view.setUint32(20, 1, true); // kprobe_multi.cnt
  view.setBigUint64(24, addressOf(bytes) + BigInt(array_at), true); // kprobe_multi.syms
  view.setBigUint64(array_at, addressOf(bytes) + BigInt(text_at), true);
  using _link = bpf(libc, { name: "BPF_LINK_CREATE", command: LINK_CREATE, attr: bytes.subarray(0, MULTI_ATTR_BYTES) });
}

/**
 * Closes descriptors on other threads, together: to close a probe is to wait until no CPU runs it any more, for up to
 * 100 ms each.
 */
export class SlowCloser implements AsyncDisposable {
  readonly #lib = Deno.dlopen("libc.so.6", { close: { ...libcSymbols.close, nonblocking: true } });
  readonly #closing: Promise<number>[] = [];

  close(fd: number): void {
    this.#closing.push(this.#lib.symbols.close(fd));
  }

  /** Settles when all are closed. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#closing);
    this.#lib.close();
  }
}

class Descriptor implements Disposable {
  constructor(readonly closer: { close(fd: number): void }, readonly fd: number) {}
  [Symbol.dispose](): void {
    this.closer.close(this.fd);
  }
}

function createMap(
  libc: Libc,
  shape: { readonly type: number; readonly key_bytes: number; readonly value_bytes: number; readonly entries: number },
): Descriptor {
  const attr = new Uint32Array([shape.type, shape.key_bytes, shape.value_bytes, shape.entries, 0, 0]);
  return bpf(libc, { name: "BPF_MAP_CREATE", command: MAP_CREATE, attr: new Uint8Array(attr.buffer) });
}

const LOAD_ATTR_BYTES = 120;
/** To the end of kprobe_multi.cookies, which came together with the rest. */
const MULTI_ATTR_BYTES = 48;

function loadProgram(
  libc: Libc,
  program: {
    readonly type: ProgramType;
    readonly instructions: readonly bigint[];
    readonly attach_type?: number;
    readonly btf_id?: number;
  },
): Descriptor {
  // what the attributes point at stands behind them in the same buffer: it cannot be collected before the call
  const { instructions } = program;
  const bytes = new Uint8Array(LOAD_ATTR_BYTES + 8 * (instructions.length + 1));
  const instructions_at = LOAD_ATTR_BYTES, license_at = LOAD_ATTR_BYTES + 8 * instructions.length;
  bytes.set(cString("GPL"), license_at);
  const view = new DataView(bytes.buffer);
  instructions.forEach((instruction, i) => view.setBigUint64(instructions_at + 8 * i, instruction, true));
  view.setUint32(0, PROGRAM_TYPES[program.type], true);
  view.setUint32(4, instructions.length, true);
  view.setBigUint64(8, addressOf(bytes) + BigInt(instructions_at), true);
  view.setBigUint64(16, addressOf(bytes) + BigInt(license_at), true);
  view.setUint32(68, program.attach_type ?? 0, true); // expected_attach_type
  view.setUint32(108, program.btf_id ?? 0, true); // attach_btf_id
  return bpf(libc, { name: "BPF_PROG_LOAD", command: PROG_LOAD, attr: bytes.subarray(0, LOAD_ATTR_BYTES) });
}

const LINK_ATTR_BYTES = 16;

/** @param name of the tracepoint; none for a program that was loaded for one function */
function openRawTracepoint(libc: Libc, program: Descriptor, name?: string): Descriptor {
  const text = cString(name ?? "");
  const bytes = new Uint8Array(LINK_ATTR_BYTES + text.length);
  bytes.set(text, LINK_ATTR_BYTES);
  const view = new DataView(bytes.buffer);
  if (name !== undefined) view.setBigUint64(0, addressOf(bytes) + BigInt(LINK_ATTR_BYTES), true);
  view.setUint32(8, program.fd, true);
  const attr = bytes.subarray(0, LINK_ATTR_BYTES);
  return bpf(libc, { name: "BPF_RAW_TRACEPOINT_OPEN", command: RAW_TRACEPOINT_OPEN, attr });
}

interface BpfCall {
  readonly name: string;
  readonly command: number;
  readonly attr: Uint8Array<ArrayBuffer>;
}

function bpf(libc: Libc, { name, command, attr }: BpfCall): Descriptor {
  return new Descriptor(libc, named(name, () => libc.bpf(command, attr)));
}

/** The step's own name in place of the system call's. */
function named<T>(step: string, run: () => T): T {
  try {
    return run();
  } catch (error) {
    throw error instanceof SystemError ? new SystemError(step, error.errno) : error;
  }
}
