/** A plan for a program on a function of the kernel or of a program: what to attach to and what to read there. */
import type { Capture, PacketLayout, PathLayout } from "../../kernel/capture.ts";

/** Where a program is put; each kind has its own way into the kernel. */
export type Attachment =
  /** Chosen at load; by name, in the kernel's or a module's BTF. */
  | { readonly kind: "fentry" | "fexit"; readonly function_name: string }
  /** `kprobe_session` sees the return, with what the call was given: a link on each (Linux 5.18, with CONFIG_FPROBE). */
  | { readonly kind: "kprobe_multi" | "kprobe_session"; readonly address: bigint }
  /** By address where it is known: names may be there twice. */
  | { readonly kind: "kprobe" | "kretprobe"; readonly function_name: string; readonly address?: bigint }
  | { readonly kind: "raw_tracepoint"; readonly event: string }
  /** `path` as this process sees it, `/proc/<pid>/root/…` for another mount namespace; `offset` in the file. */
  | {
    readonly kind: "uprobe" | "uretprobe";
    readonly path: string;
    readonly offset: bigint;
    readonly pid?: number;
  };

export interface FunctionPlan {
  readonly kind: "function";
  /** `event_type` of its events: `kprobe:kernel_clone`. */
  readonly event: string;
  readonly attachment: Attachment;
  /** Slots of arguments that the function has, 0 to 12; what lies behind is never read. */
  readonly argument_count: number;
  /** The function gives back a value. */
  readonly has_return: boolean;
  /** `ret` and its error name are decoded by the capture named `ret`. */
  readonly captures: readonly Capture[];
  readonly path_layout?: PathLayout;
  readonly packet_layout?: PacketLayout;
}
