/** Offsets, sizes and numbers of bpf/include/event.h. A test holds them against the object's own BTF. */

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

export const EVENT_KIND = { hit: 0, return: 1 } as const;
export const EVENT_FLAG = { unpaired: 1 } as const;

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

export const CONFIG = {
  comm: 0,
  comm_mask: 16,
  tgid: 32,
  tid: 36,
  uid: 40,
  flags: 44,
  interval_ns: 48,
  burst_ns: 56,
  program: 64,
  record_bytes: 68,
  key_offset: 72,
  key_bytes: 76,
  ret_offset: 80,
  directives: 88,
  bytes: 184,
} as const;
export const CONFIG_FLAG = { filter_uid: 1, emit_events: 2, paired: 4 } as const;

export const COUNT_KEY = { tgid: 0, key: 4, comm: 8, bytes: 24 } as const;
export const STATS = {
  hits: 0,
  emitted: 8,
  suppressed: 16,
  lost: 24,
  uncounted: 32,
  lost_returns: 40,
  bytes: 48,
} as const;

/** struct call of bpf/tracepoint.bpf.c. */
export const CALL = { time_ns: 0, faults: 8, args: 16, bytes: 64 } as const;

export const COMM_BYTES = 16;
export const MAX_DIRECTIVES = 12;
export const MAX_RECORD_BYTES = 2048;
export const ARGUMENT_SLOT_BYTES = 128;
