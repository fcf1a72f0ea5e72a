/** libbpf: objects, programs, links and maps, each with an owner; its messages become part of errors. */
import { addressOf, cString, type Libc, SystemError } from "./libc.ts";
import { libbpfSymbols } from "./libbpf_symbols.ts";

type Symbols = Deno.DynamicLibrary<typeof libbpfSymbols>["symbols"];
type Pointer = Deno.PointerObject;

const LIBBPF_WARN = 0;
/** A verifier log can have megabytes; its end says what was wrong. */
const MESSAGE_BYTES = 1 << 20;
const ENOENT = 2;
const OPEN_OPTS_BYTES = 16;
const BATCH_ENTRIES = 4096;
/** What libbpf or the kernel refused; `log` holds libbpf's messages with the verifier's, last lines last. */
export class BpfError extends SystemError {
  override readonly name = "BpfError";
  constructor(operation: string, errno: number, readonly log: string) {
    super(operation, errno);
  }
}

/** A program that is attached until disposed or detached. */
export interface Link extends Disposable {
  /**
   * Resolves when the program can be hit no more. The kernel waits 30 to 80 ms for hits under way, one tracepoint after
   * the other (perf_trace_destroy() holds event_mutex meanwhile): not on this thread, which has events to read.
   */
  detach(): Promise<void>;
}

/** libbpf, loaded from bytes; open until disposed. Everything opened through it must be disposed before. */
export class Libbpf implements Disposable {
  readonly #libc: Libc;
  readonly #lib: Deno.DynamicLibrary<typeof libbpfSymbols>;
  readonly #print: Deno.UnsafeCallback<{ parameters: ["u32", "pointer", "pointer"]; result: "i32" }>;
  #messages: string[] = [];

  constructor(libc: Libc, bytes: Uint8Array<ArrayBuffer>) {
    this.#libc = libc;
    this.#lib = openFromMemory(libc, bytes);
    this.#print = new Deno.UnsafeCallback(
      { parameters: ["u32", "pointer", "pointer"], result: "i32" } as const,
      (level, format, va_list) => this.#keepMessage(level, format, va_list),
    );
    this.#lib.symbols.libbpf_set_print(this.#print.pointer);
  }

  /** Opens a compiled object; nothing reaches the kernel before {@link BpfObject.load}. */
  openObject(name: string, bytes: Uint8Array<ArrayBuffer>): BpfObject {
    // struct bpf_object_open_opts: size_t sz; const char *object_name; the rest may be cut off. The name stands behind,
    // in the same buffer: one of its own, known by its address only, might be collected.
    const text = cString(name);
    const opts = new Uint8Array(OPEN_OPTS_BYTES + text.length);
    opts.set(text, OPEN_OPTS_BYTES);
    const view = new DataView(opts.buffer);
    view.setBigUint64(0, BigInt(OPEN_OPTS_BYTES), true);
    view.setBigUint64(8, addressOf(opts) + BigInt(OPEN_OPTS_BYTES), true);
    const object = this.#lib.symbols.bpf_object__open_mem(bytes, BigInt(bytes.length), opts);
    return new BpfObject(this.#lib.symbols, this.#pointer(`open ${name}`, object), {
      name,
      fail: (operation, errno) => this.#fail(operation, errno),
      errno: () => this.#libc.errno(),
      close: (fd) => this.#libc.close(fd),
    });
  }

  /** @returns a descriptor that the caller closes */
  createMap(
    name: string,
    shape: {
      readonly type: number;
      readonly key_bytes: number;
      readonly value_bytes: number;
      readonly entries: number;
    },
  ): number {
    const { type, key_bytes, value_bytes, entries } = shape;
    const fd = this.#lib.symbols.bpf_map_create(type, cString(name), key_bytes, value_bytes, entries, null);
    if (fd < 0) this.#fail(`create map ${name}`, -fd);
    return fd;
  }

  /** @returns false when the map has no such key */
  lookup(fd: number, key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): boolean {
    const result = this.#lib.symbols.bpf_map_lookup_elem(fd, key, value);
    if (result < 0 && result !== -ENOENT) this.#fail("read map", -result);
    return result === 0;
  }

  update(fd: number, key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): void {
    const result = this.#lib.symbols.bpf_map_update_elem(fd, key, value, 0n);
    if (result < 0) this.#fail("update map", -result);
  }

  /** Hands every entry of a hash map to `visit`; the views are valid during the call only. Linux 5.6. */
  forEach(
    fd: number,
    entry: { readonly key_bytes: number; readonly value_bytes: number },
    visit: (key: DataView, value: DataView) => void,
  ): void {
    const keys = new ArrayBuffer(BATCH_ENTRIES * entry.key_bytes);
    const values = new ArrayBuffer(BATCH_ENTRIES * entry.value_bytes);
    const cursor = new Uint8Array(8);
    const count = new Uint32Array(1);
    for (let first = true, more = true; more; first = false) {
      count[0] = BATCH_ENTRIES;
      const result = this.#lib.symbols.bpf_map_lookup_batch(
        fd,
        first ? null : cursor,
        cursor,
        keys,
        values,
        count,
        null,
      );
      if (result < 0 && result !== -ENOENT) this.#fail("read map", -result);
      more = result === 0;
      for (let i = 0; i < count[0]; i++) {
        visit(
          new DataView(keys, i * entry.key_bytes, entry.key_bytes),
          new DataView(values, i * entry.value_bytes, entry.value_bytes),
        );
      }
    }
  }

  possibleCpus(): number {
    return this.#lib.symbols.libbpf_num_possible_cpus();
  }

  /** Times the kernel skipped this program because one was running on the same CPU; 0 on kernels that do not count it for
   * tracepoints (before about 6.7). */
  recursionMisses(program_fd: number): number {
    // struct bpf_prog_info; recursion_misses stands behind run_cnt (include/uapi/linux/bpf.h)
    const info = new Uint8Array(232);
    const length = new Uint32Array([info.length]);
    const result = this.#lib.symbols.bpf_obj_get_info_by_fd(program_fd, info, length);
    return result < 0 ? 0 : Number(new DataView(info.buffer).getBigUint64(208, true));
  }

  [Symbol.dispose](): void {
    this.#lib.symbols.libbpf_set_print(null);
    this.#print.close();
    this.#lib.close();
  }

  #keepMessage(level: number, format: Deno.PointerValue, va_list: Deno.PointerValue): number {
    if (level !== LIBBPF_WARN) return 0;
    try {
      this.#messages.push(this.#libc.format(format, va_list, MESSAGE_BYTES));
    } catch (error) {
      this.#messages.push(`(a message of libbpf was lost: ${error})`); // an exception must not cross the C frame
    }
    return 0;
  }

  #pointer(operation: string, value: Deno.PointerValue): Pointer {
    return value ?? this.#fail(operation, this.#libc.errno());
  }

  #fail(operation: string, errno: number): never {
    const log = this.#messages.join("").trimEnd();
    this.#messages = [];
    throw new BpfError(operation, errno, log);
  }
}

interface Owner {
  readonly name: string;
  readonly fail: (operation: string, errno: number) => never;
  readonly errno: () => number;
  readonly close: (fd: number) => void;
}

/** One compiled object: configure, load, attach. Disposing it unloads programs whose links are gone. */
export class BpfObject implements Disposable {
  readonly #symbols: Symbols;
  readonly #object: Pointer;
  readonly #owner: Owner;

  /** Only {@link Libbpf.openObject} calls this. */
  constructor(symbols: Symbols, object: Pointer, owner: Owner) {
    this.#symbols = symbols;
    this.#object = object;
    this.#owner = owner;
  }

  /** Sets the whole `const volatile` section. */
  setConstants(bytes: Uint8Array<ArrayBuffer>): void {
    const map = this.#map(".rodata");
    this.#check("set constants", this.#symbols.bpf_map__set_initial_value(map, bytes, BigInt(bytes.length)));
  }

  /** Uses an existing map instead of creating `name`. */
  shareMap(name: string, fd: number): void {
    this.#check(`share map ${name}`, this.#symbols.bpf_map__reuse_fd(this.#map(name), fd));
  }

  setMaxEntries(name: string, entries: number): void {
    this.#check(`size map ${name}`, this.#symbols.bpf_map__set_max_entries(this.#map(name), entries));
  }

  /** Leaves a program out of the load. */
  skipProgram(name: string): void {
    this.#check(`skip program ${name}`, this.#symbols.bpf_program__set_autoload(this.#program(name), false));
  }

  /** @throws {BpfError} with the verifier's log */
  load(): void {
    this.#check(`load ${this.#owner.name}`, this.#symbols.bpf_object__load(this.#object));
  }

  /** Descriptor of a map, owned by the object. */
  mapFd(name: string): number {
    return this.#symbols.bpf_map__fd(this.#map(name));
  }

  /** Descriptor of a loaded program, owned by the object. */
  programFd(name: string): number {
    return this.#symbols.bpf_program__fd(this.#program(name));
  }

  /** Attaches a program to a perf event and enables it. The link owns the descriptor; on failure it is closed. */
  attachPerfEvent(name: string, perf_event_fd: number): Link {
    const link = this.#symbols.bpf_program__attach_perf_event(this.#program(name), perf_event_fd);
    if (link === null) {
      const errno = this.#owner.errno();
      this.#owner.close(perf_event_fd); // libbpf takes it only when it succeeds
      this.#owner.fail(`attach ${name}`, errno);
    }
    let attached = true;
    const once = (): boolean => attached && !(attached = false);
    return {
      detach: async () => {
        if (once()) await this.#symbols.bpf_link__destroy_elsewhere(link);
      },
      [Symbol.dispose]: () => {
        if (once()) this.#symbols.bpf_link__destroy(link);
      },
    };
  }

  [Symbol.dispose](): void {
    this.#symbols.bpf_object__close(this.#object);
  }

  #map(name: string): Pointer {
    return this.#symbols.bpf_object__find_map_by_name(this.#object, cString(name)) ??
      this.#owner.fail(`find map ${name} of ${this.#owner.name}`, this.#owner.errno());
  }

  #program(name: string): Pointer {
    return this.#symbols.bpf_object__find_program_by_name(this.#object, cString(name)) ??
      this.#owner.fail(`find program ${name} of ${this.#owner.name}`, this.#owner.errno());
  }

  #check(operation: string, result: number): void {
    if (result < 0) this.#owner.fail(operation, -result);
  }
}

/** From a memfd; where executing one is refused (a noexec policy), from a private file that is gone at once. */
function openFromMemory(libc: Libc, bytes: Uint8Array<ArrayBuffer>): Deno.DynamicLibrary<typeof libbpfSymbols> {
  let refusal: unknown;
  try {
    const fd = libc.memoryFile("libbpf.so", bytes);
    try {
      return Deno.dlopen(`/proc/self/fd/${fd}`, libbpfSymbols);
    } finally {
      libc.close(fd);
    }
  } catch (error) {
    refusal = error;
  }
  for (const parent of ["/run", "/dev/shm", "/var/tmp", "/tmp"]) {
    try {
      return openFromDirectory(Deno.makeTempDirSync({ dir: parent, prefix: "ktriage-" }), bytes);
    } catch { /* not writable, or mounted noexec: the next one */ }
  }
  throw new Error(`Cannot load libbpf: neither a memfd nor a private file may be executed here (${refusal}).`);
}

function openFromDirectory(
  directory: string,
  bytes: Uint8Array<ArrayBuffer>,
): Deno.DynamicLibrary<typeof libbpfSymbols> {
  try {
    const path = `${directory}/libbpf.so`;
    Deno.writeFileSync(path, bytes, { mode: 0o700 });
    return Deno.dlopen(path, libbpfSymbols);
  } finally {
    Deno.removeSync(directory, { recursive: true });
  }
}
