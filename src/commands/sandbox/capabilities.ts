/** The capabilities that a command keeps. */
import type { SystemCalls } from "../../ffi/confine.ts";
import type { NeededCapability } from "../needs.ts";

/** include/uapi/linux/capability.h */
const BITS: Readonly<Record<NeededCapability | "DAC_READ_SEARCH" | "SYS_PTRACE" | "SYSLOG", number>> = {
  DAC_READ_SEARCH: 2,
  NET_ADMIN: 12,
  NET_RAW: 13,
  SYS_RAWIO: 17,
  SYS_CHROOT: 18,
  SYS_PTRACE: 19,
  SYS_ADMIN: 21,
  SYSLOG: 34,
  PERFMON: 38,
  BPF: 39,
};
const SETPCAP = 8;
/** Reading files of everyone, what /proc shows of others, the kernel's log. */
const FOR_READING = ["DAC_READ_SEARCH", "SYS_PTRACE", "SYSLOG"] as const;
const VERSION_3 = 0x2008_0522;
const PR_CAPBSET_READ = 23, PR_CAPBSET_DROP = 24, PR_CAP_AMBIENT = 47;
const AMBIENT_RAISE = 2, AMBIENT_CLEAR_ALL = 4;

/** As a mask. */
export function keptCapabilities(needed: readonly NeededCapability[]): bigint {
  return [...FOR_READING, ...needed].reduce((mask, name) => mask | 1n << BigInt(BITS[name]), 0n);
}

/**
 * Reduces what this thread has to a mask, for good: together with no_new_privs, executing a program as root gives nothing
 * back.
 *
 * @param wanted what it may keep of what it has
 */
export function reduceCapabilities(system: SystemCalls, wanted: bigint): void {
  const status = Deno.readTextFileSync("/proc/thread-self/status");
  const permitted = maskOf(status, "CapPrm");
  const kept = permitted & wanted;
  system.call("prctl", PR_CAP_AMBIENT, AMBIENT_CLEAR_ALL, 0, 0, 0);
  if ((maskOf(status, "CapEff") >> BigInt(SETPCAP) & 1n) === 1n) dropBounding(system, kept);
  const view = new DataView(new ArrayBuffer(24));
  for (const half of [0, 1]) {
    const mask = Number(kept >> BigInt(32 * half) & 0xffff_ffffn);
    for (const set of [0, 1, 2]) view.setUint32(12 * half + 4 * set, mask, true);
  }
  const header = new Uint8Array(new Uint32Array([VERSION_3, 0]).buffer);
  system.call("capset", header, new Uint8Array(view.buffer));
  // a program that a user other than root executes gets what is ambient
  if (Deno.uid() === 0) return;
  for (let bit = 0; bit < 64; bit++) {
    if ((kept >> BigInt(bit) & 1n) === 1n) system.call("prctl", PR_CAP_AMBIENT, AMBIENT_RAISE, bit, 0, 0);
  }
}

function dropBounding(system: SystemCalls, kept: bigint): void {
  for (let bit = 0; system.attempt("prctl", PR_CAPBSET_READ, bit, 0, 0, 0) >= 0; bit++) {
    if ((kept >> BigInt(bit) & 1n) === 0n) system.call("prctl", PR_CAPBSET_DROP, bit, 0, 0, 0);
  }
}

function maskOf(status: string, field: string): bigint {
  return BigInt(`0x${new RegExp(`^${field}:\\s*([0-9a-f]+)$`, "m").exec(status)?.[1] ?? "0"}`);
}
