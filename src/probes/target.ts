/** What a target says of its own kind: `kprobe:tcp_connect`, `uprobe:libc:malloc`, `sched:sched_switch`. */
import type { ProbeType } from "../protocol/request.ts";

/** What is to be probed, and how. */
export interface Target {
  readonly type: ProbeType;
  /** Without the kind. */
  readonly target: string;
}

/** Names of the kinds, also those of bpftrace, which models know from their training. */
const TYPES: Readonly<Record<string, ProbeType>> = {
  tracepoint: "tracepoint",
  tp: "tracepoint",
  t: "tracepoint",
  kprobe: "kprobe",
  k: "kprobe",
  kretprobe: "kretprobe",
  kr: "kretprobe",
  fentry: "fentry",
  kfunc: "fentry",
  fexit: "fexit",
  kretfunc: "fexit",
  raw_tracepoint: "raw_tracepoint",
  rawtracepoint: "raw_tracepoint",
  raw_tp: "raw_tracepoint",
  rt: "raw_tracepoint",
  uprobe: "uprobe",
  u: "uprobe",
  uretprobe: "uretprobe",
  ur: "uretprobe",
  profile: "profile",
  tool: "tool",
};

/** Kinds that differ in how they are attached and in when they fire only. */
const FAMILIES: readonly (readonly ProbeType[])[] = [["kprobe", "kretprobe", "fentry", "fexit"], [
  "uprobe",
  "uretprobe",
]];

/**
 * Takes the kind off a target that names it.
 *
 * @param type what was asked for beside the target, a tracepoint by hand; it stands where the target's kind is of its
 * family (`kretprobe` and `kprobe:vfs_read`)
 */
export function parseTarget(text: string, type: ProbeType = "tracepoint"): Target {
  const [, word = "", rest = ""] = /^\s*(\w+)[:/](.*)$/s.exec(text) ?? [];
  const named = Object.hasOwn(TYPES, word) ? TYPES[word] : undefined;
  if (named === undefined) return { type, target: text.trim() };
  const is_family = FAMILIES.some((family) => family.includes(named) && family.includes(type));
  return { type: is_family ? type : named, target: rest.trim() };
}
