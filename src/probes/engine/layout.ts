/** Offsets, sizes and numbers of bpf/include/{event,function}.h. A test holds them against the objects' own BTF. */

export const EVENT = {
  time_ns: 0,
  tgid: 8,
  tid: 12,
  uid: 16,
  program: 20,
  kind: 22,
  flags: 23,
  record_bytes: 24,
  extra_bytes: 26,
  comm: 32,
  bytes: 48,
} as const;

export const EVENT_RETURN = {
  time_ns: 0,
  tgid: 8,
  tid: 12,
  program: 20,
  kind: 22,
  extra_bytes: 26,
  ret: 32,
  latency_ns: 40,
  bytes: 48,
} as const;

export const EVENT_KIND = { hit: 0, return: 1, function: 2 } as const;
export const EVENT_FLAG = { unpaired: 1, no_entry: 2 } as const;

export const EXTRA = { directive: 0, flags: 1, length: 2, bytes: 8 } as const;
export const EXTRA_FLAG = { fault: 1, truncated: 2 } as const;

export const DIRECTIVE = { offset: 0, arg: 2, kind: 4, bytes: 8 } as const;
export const DIRECTIVE_KIND = {
  user_string: 1,
  sockaddr: 2,
  argv: 3,
  data_loc: 4,
  rel_loc: 5,
  kernel_string: 6,
} as const;

export const SESSION_CONFIG = {
  comm: 0,
  comm_mask: 16,
  tgid: 32,
  tid: 36,
  uid: 40,
  flags: 44,
  interval_ns: 48,
  burst_ns: 56,
  pidns_dev: 64,
  pidns_ino: 72,
  program: 80,
  bytes: 88,
} as const;
export const CONFIG_FLAG = { filter_uid: 1, emit_events: 2, paired: 4, histogram: 8, executes: 16 } as const;

export const TRACEPOINT_CONFIG = {
  session: 0,
  record_bytes: 88,
  key_offset: 92,
  key_bytes: 96,
  ret_offset: 100,
  match_offset: 104,
  match_bytes: 108,
  matches: 112,
  match: 120,
  endless: 184,
  unmade: 200,
  unmades: 212,
  directives: 216,
  bytes: 312,
} as const;

export const FUNCTION_CONFIG = {
  session: 0,
  slot_bytes: 88,
  argument_count: 92,
  user_function: 96,
  path: 104,
  packet: 136,
  reads: 144,
  bytes: 912,
} as const;

export const READ = {
  steps: 0,
  kind: 24,
  source: 25,
  step_count: 26,
  flags: 27,
  at: 28,
  bytes_read: 30,
  bytes: 32,
} as const;
export const READ_KIND = { value: 1, memory: 2, string: 3, dentry_path: 4, path: 5, packet: 6 } as const;
export const READ_FLAG = { user: 1, follow_user: 2 } as const;

export const PATH_LAYOUT = {
  dentry_parent: 0,
  dentry_name: 4,
  path_mnt: 8,
  path_dentry: 12,
  vfsmount_root: 16,
  mount_vfsmount: 20,
  mount_parent: 24,
  mount_mountpoint: 28,
  bytes: 32,
} as const;
export const PACKET_LAYOUT = { skb_head: 0, skb_network_header: 4, bytes: 8 } as const;

/** Starts with struct event; the slots follow. */
export const FUNCTION_EVENT = { event: 0, faults: 48, ret: 56, latency_ns: 64, bytes: 72 } as const;

export const COUNT_KEY = { tgid: 0, key: 4, comm: 8, bytes: 24 } as const;
export const STATS = {
  suppressed: 0,
  lost: 8,
  uncounted: 16,
  lost_returns: 24,
  entered: 32,
  returned: 40,
  bytes: 48,
} as const;

/** struct call of bpf/tracepoint.bpf.c. */
export const CALL = { time_ns: 0, faults: 8, args: 16, key: 64, emitted: 68, bytes: 72 } as const;

/** struct call_key and struct function_call of bpf/include/function.h. */
export const CALL_KEY = { frame: 0, tid: 8, bytes: 16 } as const;
export const FUNCTION_CALL = { time_ns: 0, in_window: 8, values: 16, bytes: 120 } as const;

/** enum window of bpf/include/function.h. */
export const WINDOW = { open: 1, closed: 2 } as const;

export const COMM_BYTES = 16;
export const MAX_DIRECTIVES = 12;
export const MAX_MATCHES = 8;
export const MAX_ENDLESS = 4;
/** Stands for no system call. */
export const NO_KEY = 0xffff_ffff;
export const MAX_ARGUMENTS = 12;
export { MAX_READS, MAX_STEPS } from "../../kernel/capture.ts";
export const LATENCY_BUCKETS = 496;
export const MAX_RECORD_BYTES = 2048;
export const ARGUMENT_SLOT_BYTES = 128;
