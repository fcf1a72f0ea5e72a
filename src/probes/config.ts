/** A plan and its filters as the bytes of `struct config`. */
import {
  COMM_BYTES,
  CONFIG,
  CONFIG_FLAG,
  DIRECTIVE,
  DIRECTIVE_KIND,
  MAX_DIRECTIVES,
  MAX_RECORD_BYTES,
} from "./layout.ts";
import type { Directive, Plan } from "./plan.ts";

/** How many seconds' worth of events may come at once before the governor spreads them out. */
const BURST_S = 10;
const NS_PER_S = 1e9;
/** No process and no user has it: (pid_t) -1, (uid_t) -1. */
const NO_ID = 0xffff_ffff;

/** Filters that the kernel applies; a hit must match all of them. */
export interface ProgramFilters {
  readonly comm?: string | undefined;
  readonly pid?: number | undefined;
  readonly tid?: number | undefined;
  readonly uid?: number | undefined;
}

/** A request may hold others, which nothing applies. */
export const FILTER_NAMES = ["comm", "pid", "tid", "uid"] as const satisfies readonly (keyof ProgramFilters)[];

export function configBytes(
  plan: Plan,
  options: { readonly index: number; readonly filters: ProgramFilters; readonly rate_per_s: number },
): Uint8Array<ArrayBuffer> {
  const { index, filters, rate_per_s } = options;
  const bytes = new Uint8Array(CONFIG.bytes);
  const view = new DataView(bytes.buffer);
  writeCommFilter(bytes, filters.comm);
  // larger ids would be cut to those of others, or to 0: any
  view.setUint32(CONFIG.tgid, Math.min(filters.pid ?? 0, NO_ID), true);
  view.setUint32(CONFIG.tid, Math.min(filters.tid ?? 0, NO_ID), true);
  view.setUint32(CONFIG.uid, Math.min(filters.uid ?? 0, NO_ID), true);
  view.setUint32(CONFIG.flags, flagsOf(plan, filters), true);
  if (rate_per_s > 0) {
    view.setBigUint64(CONFIG.interval_ns, BigInt(Math.max(1, Math.round(NS_PER_S / rate_per_s))), true);
    view.setBigUint64(CONFIG.burst_ns, BigInt(BURST_S * NS_PER_S), true);
  }
  view.setUint32(CONFIG.program, index, true);
  view.setUint32(CONFIG.record_bytes, Math.min(plan.record_bytes, MAX_RECORD_BYTES), true);
  view.setUint32(CONFIG.key_offset, plan.key?.offset ?? 0, true);
  view.setUint32(CONFIG.key_bytes, plan.key === undefined ? 0 : 4, true);
  view.setUint32(CONFIG.ret_offset, plan.ret_offset, true);
  writeDirectives(view, plan.directives);
  return bytes;
}

function flagsOf(plan: Plan, filters: ProgramFilters): number {
  return CONFIG_FLAG.emit_events |
    (filters.uid === undefined ? 0 : CONFIG_FLAG.filter_uid) |
    (plan.return_id === undefined ? 0 : CONFIG_FLAG.paired);
}

/** Exact names are compared with their NUL, prefixes (`ngin*`) up to the star. */
function writeCommFilter(bytes: Uint8Array, comm: string | undefined): void {
  if (comm === undefined || comm === "" || comm === "*") return;
  const prefix = comm.endsWith("*");
  const name = new TextEncoder().encode(prefix ? comm.slice(0, -1) : comm).subarray(0, COMM_BYTES - 1);
  bytes.set(name, CONFIG.comm);
  bytes.fill(0xff, CONFIG.comm_mask, CONFIG.comm_mask + name.length + (prefix ? 0 : 1));
}

function writeDirectives(view: DataView, directives: readonly Directive[]): void {
  for (const [i, directive] of directives.slice(0, MAX_DIRECTIVES).entries()) {
    const at = CONFIG.directives + i * DIRECTIVE.bytes;
    view.setUint16(at + DIRECTIVE.offset, directive.offset, true);
    view.setUint16(at + DIRECTIVE.arg, directive.length_offset ?? 0, true);
    view.setUint8(at + DIRECTIVE.kind, DIRECTIVE_KIND[directive.kind]);
  }
}
