/** libbpf: what it opens, maps, and its messages, which become part of errors. */
import { BpfObject } from "./bpf_object.ts";
import { addressOf, cString, type Libc, SystemError } from "./libc.ts";
import { libbpfSymbols } from "./libbpf_symbols.ts";

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
    this.#messages = []; // those of objects that went well are of no use to anyone
    const object = this.#lib.symbols.bpf_object__open_mem(bytes, BigInt(bytes.length), opts);
    return new BpfObject(this.#lib.symbols, this.#pointer(`open ${name}`, object), {
      name,
      fail: (operation, errno) => this.fail(operation, errno),
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
    if (fd < 0) this.fail(`create map ${name}`, -fd);
    return fd;
  }

  /** @returns false when the map has no such key */
  lookup(fd: number, key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): boolean {
    const result = this.#lib.symbols.bpf_map_lookup_elem(fd, key, value);
    if (result < 0 && result !== -ENOENT) this.fail("read map", -result);
    return result === 0;
  }

  update(fd: number, key: Uint8Array<ArrayBuffer>, value: Uint8Array<ArrayBuffer>): void {
    const result = this.#lib.symbols.bpf_map_update_elem(fd, key, value, 0n);
    if (result < 0) this.fail("update map", -result);
  }

  /** Hands every entry of a hash map to `visit`; the views are valid during the call only. Linux 5.6. */
  forEach(
    fd: number,
    entry: { readonly key_bytes: number; readonly value_bytes: number },
    visit: (key: DataView<ArrayBuffer>, value: DataView<ArrayBuffer>) => void,
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
      if (result < 0 && result !== -ENOENT) this.fail("read map", -result);
      more = result === 0;
      for (let i = 0; i < count[0]; i++) {
        visit(
          new DataView(keys, i * entry.key_bytes, entry.key_bytes),
          new DataView(values, i * entry.value_bytes, entry.value_bytes),
        );
      }
    }
  }

  /** @throws {BpfError} /sys/devices/system/cpu/possible cannot be read: /sys is not mounted */
  possibleCpus(): number {
    const cpus = this.#lib.symbols.libbpf_num_possible_cpus();
    return cpus > 0 ? cpus : this.fail("read /sys/devices/system/cpu/possible", -cpus);
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
    return value ?? this.fail(operation, this.#libc.errno());
  }

  /**
   * What went wrong with the messages of libbpf until now.
   *
   * @throws {BpfError} always
   */
  fail(operation: string, errno: number): never {
    const log = this.#messages.join("").trimEnd();
    this.#messages = [];
    throw new BpfError(operation, errno, log);
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
