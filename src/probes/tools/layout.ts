/** Offsets and sizes of bpf/include/{tool,tool_exemplars,tool_slots}.h. A test holds them against the objects' own BTF. */
export { COMM_BYTES, COUNT_KEY, LATENCY_BUCKETS, SESSION_CONFIG } from "../engine/layout.ts";

export const TOOL_CONFIG = {
  session: 0,
  offsets: 88,
  numbers: 184,
  max_offsets: 24,
  max_numbers: 8,
  bytes: 248,
} as const;

export const TOOL_STATS = { hits: 0, lost_rows: 8, lost_events: 16, bytes: 24 } as const;

export const EXEMPLAR = { time_ns: 0, tgid: 8, tid: 12, uid: 16, kind: 20, comm: 24, bytes: 40 } as const;

export const SLOT = { key: 0, is_wanted: 8, row: 12, bytes: 40 } as const;
export const SLOTS = 256;
