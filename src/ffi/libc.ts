/** System calls that Deno does not offer, with errno as an error. */
import { libcSymbols } from "./libc_symbols.ts";

/** Numbers by architecture: include/uapi/asm-generic/unistd.h and arch/x86/entry/syscalls/syscall_64.tbl. */
const NUMBERS = {
  x86_64: { perf_event_open: 298n, bpf: 321n },
  aarch64: { perf_event_open: 241n, bpf: 280n },
} as const;
/** The same everywhere: they are younger than the unified table (Linux 5.1). */
const FSOPEN = 430n, FSCONFIG = 431n, FSMOUNT = 432n;
const FSOPEN_CLOEXEC = 1n, FSCONFIG_CMD_CREATE = 6n, FSMOUNT_CLOEXEC = 1n;
const PERF_TYPE_TRACEPOINT = 2;
const PERF_FLAG_FD_CLOEXEC = 8n;
/** PERF_ATTR_SIZE_VER5, Linux 4.1. */
const PERF_ATTR_BYTES = 112;
const MFD_CLOEXEC = 1, MFD_EXEC = 0x10;
const PROT_READ = 1, PROT_WRITE = 2, MAP_SHARED = 1, MAP_FAILED = 0xffff_ffff_ffff_ffffn;
const CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS_CPUTIME_ID = 2;
const RLIMIT_MEMLOCK = 8, RLIM_INFINITY = 0xffff_ffff_ffff_ffffn;
const EINVAL = 22;

/** A system call, or what a library did with several, that failed. */
export class SystemError extends Error {
  override readonly name: string = "SystemError";
  constructor(readonly operation: string, readonly errno: number) {
    super(`${operation} failed with errno ${errno}`);
  }
}

/** The fields of struct perf_event_attr that ktriage sets; sizes and offsets from include/uapi/linux/perf_event.h. */
export interface PerfEventAttr {
  readonly type: number;
  readonly config: bigint;
  /** Period, or frequency in Hz with `frequency`. Default 0: it only counts. */
  readonly sample_period?: bigint;
  readonly frequency?: boolean;
  /** kprobe_func or uprobe_path. */
  readonly text?: string;
  /** probe_offset. */
  readonly offset?: bigint;
}

/** A shared mapping; `bytes` is dead after dispose. Never leaves `src/ffi`. */
export interface Mapping extends Disposable {
  readonly bytes: ArrayBuffer;
}

/** Text with the NUL that C wants. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** The C library, open until disposed. */
export class Libc implements Disposable {
  readonly #lib = Deno.dlopen("libc.so.6", libcSymbols);
  readonly #numbers = NUMBERS[Deno.build.arch];

  /** errno of the last failed call on this thread. */
  errno(): number {
    const at = this.#lib.symbols.__errno_location();
    return at === null ? 0 : new Deno.UnsafePointerView(at).getInt32();
  }

  /** @returns the descriptor, for every CPU (`pid` -1) or one process, closed on exec */
  perfEventOpen(attr: PerfEventAttr, at: { readonly pid: number; readonly cpu: number }): number {
    // the text stands behind the structure: a buffer of its own, known by its address only, might be collected
    const text = cString(attr.text ?? "");
    const bytes = new Uint8Array(PERF_ATTR_BYTES + text.length);
    bytes.set(text, PERF_ATTR_BYTES);
    const view = new DataView(bytes.buffer);
    view.setUint32(0, attr.type, true);
    view.setUint32(4, PERF_ATTR_BYTES, true);
    view.setBigUint64(8, attr.config, true);
    view.setBigUint64(16, attr.sample_period ?? 0n, true);
    view.setBigUint64(40, attr.frequency ? 1n << 10n : 0n, true);
    if (attr.text !== undefined) view.setBigUint64(56, addressOf(bytes) + BigInt(PERF_ATTR_BYTES), true);
    view.setBigUint64(64, attr.offset ?? 0n, true);
    const { pid, cpu } = at;
    return this.#checked(
      "perf_event_open",
      this.#lib.symbols.syscall_perf_event_open(
        this.#numbers.perf_event_open,
        bytes,
        BigInt(pid),
        BigInt(cpu),
        -1n,
        PERF_FLAG_FD_CLOEXEC,
      ),
    );
  }

  /** A tracepoint's event, by the id in its tracefs folder; a program attached to it runs on every CPU. */
  openTracepoint(id: bigint): number {
    return this.perfEventOpen({ type: PERF_TYPE_TRACEPOINT, config: id }, { pid: -1, cpu: 0 });
  }

  /** bpf(2) with a union bpf_attr that the caller laid out; pointers inside come from {@link addressOf}. */
  bpf(command: number, attr: Uint8Array<ArrayBuffer>): number {
    return this.#checked(
      "bpf",
      this.#lib.symbols.syscall_bpf(this.#numbers.bpf, BigInt(command), attr, BigInt(attr.length)),
    );
  }

  ioctl(fd: number, request: bigint, argument: bigint): number {
    return this.#checked("ioctl", this.#lib.symbols.ioctl(fd, request, argument));
  }

  close(fd: number): void {
    this.#lib.symbols.close(fd);
  }

  /** A descriptor of memory that holds `bytes` and may be executed. */
  memoryFile(name: string, bytes: Uint8Array<ArrayBuffer>): number {
    const text = cString(name);
    let fd = this.#lib.symbols.memfd_create(text, MFD_CLOEXEC | MFD_EXEC);
    // MFD_EXEC is 6.3's; older kernels refuse the flag and make every memfd executable
    if (fd < 0 && this.errno() === EINVAL) fd = this.#lib.symbols.memfd_create(text, MFD_CLOEXEC);
    this.#checked("memfd_create", fd);
    for (let at = 0; at < bytes.length;) {
      const written = Number(this.#lib.symbols.write(fd, bytes.subarray(at), BigInt(bytes.length - at)));
      if (written < 0) {
        const error = new SystemError("write", this.errno());
        this.close(fd);
        throw error;
      }
      at += written;
    }
    return fd;
  }

  /** A file system that only this process sees, gone with it; files are below `/proc/self/fd/<descriptor>`. */
  mountDetached(type: string): number {
    const { syscall_fsopen, syscall_fsconfig, syscall_fsmount } = this.#lib.symbols;
    const context = this.#checked("fsopen", syscall_fsopen(FSOPEN, cString(type), FSOPEN_CLOEXEC));
    try {
      this.#checked(
        "fsconfig",
        syscall_fsconfig(FSCONFIG, BigInt(context), FSCONFIG_CMD_CREATE, null, null, 0n),
      );
      return this.#checked("fsmount", syscall_fsmount(FSMOUNT, BigInt(context), FSMOUNT_CLOEXEC, 0n));
    } finally {
      this.close(context);
    }
  }

  /** Maps `length` bytes of `fd` at `offset`, shared; writable when asked. */
  map(fd: number, options: { readonly offset: number; readonly length: number; readonly writable: boolean }): Mapping {
    const { offset, length, writable } = options;
    const protection = writable ? PROT_READ | PROT_WRITE : PROT_READ;
    const at = this.#lib.symbols.mmap(null, BigInt(length), protection, MAP_SHARED, fd, BigInt(offset));
    if (at === null || Deno.UnsafePointer.value(at) === MAP_FAILED) throw new SystemError("mmap", this.errno());
    return {
      bytes: Deno.UnsafePointerView.getArrayBuffer(at, length),
      [Symbol.dispose]: () => void this.#lib.symbols.munmap(at, BigInt(length)),
    };
  }

  /** Bytes of memory that this process may let itself lock (the hard limit); Infinity without limit. */
  lockedMemoryLimit(): number {
    const limits = new BigUint64Array(2);
    this.#checked("prlimit", this.#lib.symbols.prlimit(0, RLIMIT_MEMLOCK, null, limits));
    return limits[1] === RLIM_INFINITY ? Infinity : Number(limits[1]);
  }

  /** Lets this process and its children lock as much memory as they may be granted: all, or up to the hard limit. */
  raiseLockedMemoryLimit(): void {
    const limits = new BigUint64Array([RLIM_INFINITY, RLIM_INFINITY]);
    if (this.#lib.symbols.prlimit(0, RLIMIT_MEMLOCK, limits, null) === 0) return;
    this.#checked("prlimit", this.#lib.symbols.prlimit(0, RLIMIT_MEMLOCK, null, limits));
    limits.fill(limits[1] ?? 0n);
    this.#checked("prlimit", this.#lib.symbols.prlimit(0, RLIMIT_MEMLOCK, limits, null));
  }

  pageBytes(): number {
    return this.#lib.symbols.getpagesize();
  }

  /** Nanoseconds of CLOCK_MONOTONIC, as bpf_ktime_get_ns() reads it, and what to add for the time since the epoch. */
  clocks(): { readonly monotonic_ns: bigint; readonly epoch_offset_ns: bigint } {
    const before = this.#clock(CLOCK_MONOTONIC);
    const real = this.#clock(CLOCK_REALTIME);
    const monotonic_ns = (before + this.#clock(CLOCK_MONOTONIC)) / 2n;
    return { monotonic_ns, epoch_offset_ns: real - monotonic_ns };
  }

  /** CPU time of this process and all its threads, and the time that passes; in nanoseconds. */
  ownTime(): { readonly cpu_ns: bigint; readonly wall_ns: bigint } {
    return { cpu_ns: this.#clock(CLOCK_PROCESS_CPUTIME_ID), wall_ns: this.#clock(CLOCK_MONOTONIC) };
  }

  /** What a printf-like callback was given, as text; at most `limit` bytes. */
  format(format: Deno.PointerValue, va_list: Deno.PointerValue, limit: number): string {
    const text = new Uint8Array(limit);
    const length = this.#lib.symbols.vsnprintf(text, BigInt(limit), format, va_list);
    return new TextDecoder().decode(text.subarray(0, Math.max(0, Math.min(length, limit - 1))));
  }

  [Symbol.dispose](): void {
    this.#lib.close();
  }

  #clock(clock: number): bigint {
    const time = new BigInt64Array(2);
    this.#lib.symbols.clock_gettime(clock, time);
    return (time[0] ?? 0n) * 1_000_000_000n + (time[1] ?? 0n);
  }

  #checked(call: string, result: number | bigint): number {
    const value = Number(result);
    if (value < 0) throw new SystemError(call, this.errno());
    return value;
  }
}

/** The address of a buffer that the caller keeps alive, for a field inside another structure. */
export function addressOf(bytes: Uint8Array<ArrayBuffer>): bigint {
  return BigInt(Deno.UnsafePointer.value(Deno.UnsafePointer.of(bytes)));
}
