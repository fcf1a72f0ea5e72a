/** What keeps a program attached. */
import type { libbpfSymbols } from "./libbpf_symbols.ts";

type Symbols = Deno.DynamicLibrary<typeof libbpfSymbols>["symbols"];

/** struct bpf_link_info in include/uapi/linux/bpf.h: its `missed` is another field for each type of link. */
const LINK_INFO = { type: 0, perf_event_type: 16, bytes: 72 } as const;
const LINK_TYPE_PERF_EVENT = 7, LINK_TYPE_KPROBE_MULTI = 8;
const PERF_EVENT_KPROBE = 3, PERF_EVENT_KRETPROBE = 4;
const MISSED_AT = { perf_event: 48, kprobe_multi: 32 } as const;

/** A program that is attached until disposed or detached. */
export class BpfLink implements Disposable {
  readonly #symbols: Symbols;
  readonly #link: Deno.PointerObject;
  #attached = true;

  /** Only {@link BpfObject} calls this. */
  constructor(symbols: Symbols, link: Deno.PointerObject) {
    this.#symbols = symbols;
    this.#link = link;
  }

  /**
   * Hits of this link that the kernel could not handle: nested, or more calls at once than it keeps track of; 0 for
   * links of other kinds than kprobes, once detached, and before Linux 6.8, which does not tell.
   */
  missed(): number {
    if (!this.#attached) return 0;
    const bytes = new Uint8Array(LINK_INFO.bytes);
    const length = new Uint32Array([bytes.length]);
    const fd = this.#symbols.bpf_link__fd(this.#link);
    if (this.#symbols.bpf_obj_get_info_by_fd(fd, bytes, length) < 0) return 0;
    const info = new DataView(bytes.buffer);
    const at = missedAt(info.getUint32(LINK_INFO.type, true), info.getUint32(LINK_INFO.perf_event_type, true));
    return at === undefined ? 0 : Number(info.getBigUint64(at, true));
  }

  /**
   * Resolves when the program can be hit no more. The kernel waits 30 to 80 ms for hits under way, one probe after the
   * other (perf_trace_destroy() holds event_mutex meanwhile): not on this thread, which has events to read.
   */
  async detach(): Promise<void> {
    if (this.#release()) await this.#symbols.bpf_link__destroy_elsewhere(this.#link);
  }

  [Symbol.dispose](): void {
    if (this.#release()) this.#symbols.bpf_link__destroy(this.#link);
  }

  #release(): boolean {
    const was_attached = this.#attached;
    this.#attached = false;
    return was_attached;
  }
}

function missedAt(link_type: number, perf_event_type: number): number | undefined {
  if (link_type === LINK_TYPE_KPROBE_MULTI) return MISSED_AT.kprobe_multi;
  const is_kprobe = perf_event_type === PERF_EVENT_KPROBE || perf_event_type === PERF_EVENT_KRETPROBE;
  return link_type === LINK_TYPE_PERF_EVENT && is_kprobe ? MISSED_AT.perf_event : undefined;
}
