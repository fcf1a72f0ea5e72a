/** What a program on a function reads at a hit, resolved for this kernel: what user space prepares, the kernel follows. */

/**
 * One read. The program starts from an argument, or from the returned value; follows `path`; and puts `bytes` bytes into
 * its slot of the record.
 */
export interface Read {
  /** Index of the argument (0 is the first), or the returned value. */
  readonly source: number | "ret";
  /**
   * Offsets in bytes. Each one but the last is added and the pointer there is followed; the last one is added to give
   * the address that is read. Empty: nothing is followed, the argument is the value (`value`) or the address.
   */
  readonly path: readonly number[];
  /**
   * `value`: the argument itself, 8 bytes. `memory`: `bytes` bytes at the address. `string`: up to the first NUL, at most
   * `bytes` bytes with it. `dentry_path` and `path`: the names from the `struct dentry` or `struct path` at the address up
   * to the root, see {@link PathLayout}. `packet`: the network header of the `struct sk_buff` at the address, see
   * {@link PacketLayout}.
   */
  readonly kind: "value" | "memory" | "string" | "dentry_path" | "path" | "packet";
  /** Size of the slot: 1 to 256; {@link PATH_SLOT_BYTES} for paths. */
  readonly bytes: number;
  /**
   * Where the address is that is read. Pointers on the way to it are followed in the kernel's memory by a program on a
   * function of the kernel, in the process's memory by a program on one of its own.
   */
  readonly space: "kernel" | "user";
}

/** Reads that one program makes, for all its captures. */
export const MAX_READS = 24;
/** Length of {@link Read.path}. */
export const MAX_STEPS = 6;

/** Names from the innermost on, each with its NUL, one after the other; an empty name ends them. */
export const PATH_SLOT_BYTES = 1024;
/** What `packet` copies: an IPv6 header. */
export const PACKET_SLOT_BYTES = 40;

/** Where things are that a path consists of (include/linux/dcache.h, include/linux/mount.h, fs/mount.h). */
export interface PathLayout {
  readonly dentry_parent: number;
  /** Of the `const unsigned char *` in `struct dentry.d_name`. */
  readonly dentry_name: number;
  readonly path_mnt: number;
  readonly path_dentry: number;
  readonly vfsmount_root: number;
  /** Of `struct vfsmount` inside of `struct mount`. */
  readonly mount_vfsmount: number;
  readonly mount_parent: number;
  readonly mount_mountpoint: number;
}

/** Where a packet's network header is (include/linux/skbuff.h). */
export interface PacketLayout {
  readonly skb_head: number;
  /** Of the u16 `network_header`, an offset from head. */
  readonly skb_network_header: number;
}

/** A slot as the program filled it; undefined where memory could not be read. */
export interface Slot {
  readonly view: DataView<ArrayBuffer>;
  /** Of the slot in the view. */
  readonly at: number;
  /** Size of the slot in bytes. */
  readonly bytes: number;
}

/** One field of an event's `data`, made of one or more reads. */
export interface Capture {
  /** As the event shows it: `size`, `sk`, `sk.__sk_common.skc_dport`, `ret`. */
  readonly name: string;
  /** As C would declare it, for `ktriage probes list`: `struct sock *`. */
  readonly type: string;
  readonly reads: readonly Read[];
  /** @param slots one for each of `reads`, valid during the call only */
  decode(slots: readonly (Slot | undefined)[]): unknown;
}
