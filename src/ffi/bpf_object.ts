/** One compiled object with its programs and maps: configured, loaded, attached. */
import { addressOf, cString } from "./libc.ts";
import { BpfLink } from "./bpf_link.ts";
import type { libbpfSymbols } from "./libbpf_symbols.ts";

type Symbols = Deno.DynamicLibrary<typeof libbpfSymbols>["symbols"];
type Pointer = Deno.PointerObject;

/** struct bpf_test_run_opts: its size comes first. */
const TEST_RUN_OPTS = { retval: 56, flags: 68, cpu: 72, bytes: 80 } as const;
const BPF_F_TEST_RUN_ON_CPU = 1;
/** struct bpf_kprobe_multi_opts: its size comes first. */
const KPROBE_MULTI_OPTS = { addrs: 16, cnt: 32, retprobe: 40, bytes: 48 } as const;
/** enum bpf_attach_type in include/uapi/linux/bpf.h. */
const BPF_TRACE_KPROBE_MULTI = 42;
/** struct bpf_prog_info; recursion_misses stands behind run_cnt. */
const PROG_INFO = { recursion_misses: 208, bytes: 232 } as const;

interface Owner {
  readonly name: string;
  readonly fail: (operation: string, errno: number) => never;
  readonly errno: () => number;
  readonly close: (fd: number) => void;
}

/** Disposing it unloads programs whose links are gone. */
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

  /** Leaves all programs but these out of the load. */
  selectPrograms(names: readonly string[]): void {
    let program = this.#symbols.bpf_object__next_program(this.#object, null);
    for (; program !== null; program = this.#symbols.bpf_object__next_program(this.#object, program)) {
      this.#check("select programs", this.#symbols.bpf_program__set_autoload(program, false));
    }
    for (const name of names) {
      this.#check(`select ${name}`, this.#symbols.bpf_program__set_autoload(this.#program(name), true));
    }
  }

  /**
   * The function of the kernel or of a module that a program is for; chosen before the load.
   *
   * @throws {BpfError} ESRCH: no BTF; ENOENT: no such function in it
   */
  setTarget(name: string, function_name: string): void {
    const result = this.#symbols.bpf_program__set_attach_target(this.#program(name), 0, cString(function_name));
    this.#check(`find ${function_name} in BTF`, result);
  }

  /** A program on kprobes is for many functions at once; chosen before the load. */
  setKprobeMulti(name: string): void {
    const program = this.#program(name);
    const result = this.#symbols.bpf_program__set_expected_attach_type(program, BPF_TRACE_KPROBE_MULTI);
    this.#check(`prepare ${name}`, result);
  }

  /** @throws {BpfError} with the verifier's log */
  load(): void {
    this.#check(`load ${this.#owner.name}`, this.#symbols.bpf_object__load(this.#object));
  }

  /** Descriptor of a map, owned by the object. */
  mapFd(name: string): number {
    return this.#symbols.bpf_map__fd(this.#map(name));
  }

  /**
   * Runs a program of type raw_tp once, without attaching it (BPF_PROG_TEST_RUN, Linux 5.10).
   *
   * @param on.cpu where it runs, on top of what runs there. Default: in this process
   * @returns what the program returned
   */
  run(name: string, on: { readonly cpu?: number } = {}): number {
    const opts = new Uint8Array(TEST_RUN_OPTS.bytes);
    const view = new DataView(opts.buffer);
    view.setBigUint64(0, BigInt(TEST_RUN_OPTS.bytes), true);
    if (on.cpu !== undefined) {
      view.setUint32(TEST_RUN_OPTS.flags, BPF_F_TEST_RUN_ON_CPU, true);
      view.setUint32(TEST_RUN_OPTS.cpu, on.cpu, true);
    }
    const program_fd = this.#symbols.bpf_program__fd(this.#program(name));
    this.#check(`run ${name}`, this.#symbols.bpf_prog_test_run_opts(program_fd, opts));
    return view.getUint32(TEST_RUN_OPTS.retval, true);
  }

  /** Times the kernel skipped a program because one was running on the same CPU; 0 on kernels that do not count it for
   * tracepoints and probes (before about 6.7). */
  recursionMisses(name: string): number {
    const info = new Uint8Array(PROG_INFO.bytes);
    const length = new Uint32Array([info.length]);
    const program_fd = this.#symbols.bpf_program__fd(this.#program(name));
    const result = this.#symbols.bpf_obj_get_info_by_fd(program_fd, info, length);
    return result < 0 ? 0 : Number(new DataView(info.buffer).getBigUint64(PROG_INFO.recursion_misses, true));
  }

  /** Attaches a program to a perf event and enables it. The link owns the descriptor; on failure it is closed. */
  attachPerfEvent(name: string, perf_event_fd: number): BpfLink {
    try {
      return this.#link(name, this.#symbols.bpf_program__attach_perf_event(this.#program(name), perf_event_fd));
    } catch (error) {
      this.#owner.close(perf_event_fd); // libbpf takes it only when it succeeds
      throw error;
    }
  }

  /** Attaches a program to the function of {@link setTarget}. */
  attachTrace(name: string): BpfLink {
    return this.#link(name, this.#symbols.bpf_program__attach_trace(this.#program(name)));
  }

  attachRawTracepoint(name: string, event: string): BpfLink {
    return this.#link(name, this.#symbols.bpf_program__attach_raw_tracepoint(this.#program(name), cString(event)));
  }

  /** Attaches a program to the entry or the return of the function at `address` (Linux 5.18). */
  attachKprobeMulti(name: string, at: { readonly address: bigint; readonly on: "entry" | "return" }): BpfLink {
    // the array of one address stands behind the structure: known by its address only, it might be collected
    const opts = new Uint8Array(KPROBE_MULTI_OPTS.bytes + 8);
    const view = new DataView(opts.buffer);
    view.setBigUint64(0, BigInt(KPROBE_MULTI_OPTS.bytes), true);
    view.setBigUint64(KPROBE_MULTI_OPTS.addrs, addressOf(opts) + BigInt(KPROBE_MULTI_OPTS.bytes), true);
    view.setBigUint64(KPROBE_MULTI_OPTS.cnt, 1n, true);
    view.setUint8(KPROBE_MULTI_OPTS.retprobe, Number(at.on === "return"));
    view.setBigUint64(KPROBE_MULTI_OPTS.bytes, at.address, true);
    return this.#link(
      name,
      this.#symbols.bpf_program__attach_kprobe_multi_opts(this.#program(name), null, opts),
    );
  }

  [Symbol.dispose](): void {
    this.#symbols.bpf_object__close(this.#object);
  }

  #link(name: string, link: Deno.PointerValue): BpfLink {
    if (link === null) this.#owner.fail(`attach ${name}`, this.#owner.errno());
    return new BpfLink(this.#symbols, link);
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
