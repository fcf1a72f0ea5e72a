/** What this process may do, in the kernel's words. */
import { parseEffectiveCapabilities } from "./procfs.ts";

/** By bit: include/uapi/linux/capability.h. */
const CAPABILITIES =
  ("chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable net_bind_service " +
    "net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace sys_pacct sys_admin " +
    "sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control setfcap mac_override " +
    "mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore")
    .split(" ").map((name) => `CAP_${name.toUpperCase()}`);

/** Inode of the initial user namespace: PROC_USER_INIT_INO, include/linux/proc_ns.h. */
const INITIAL_USER_NAMESPACE = "user:[4026531837]";

export interface Privileges {
  readonly user_id: number;
  /** Effective capabilities by name. */
  readonly capabilities: ReadonlySet<string>;
  /** Capabilities that tracing needs and that are not there; the least that suffices. */
  readonly missing: readonly string[];
  /** In the initial user namespace; capabilities of any other do not count for BPF. */
  readonly is_initial_user_namespace: boolean;
}

/** Names of the capabilities in a mask; bits that are newer than this list are `CAP_<number>`. */
export function capabilityNames(mask: bigint): ReadonlySet<string> {
  const names = new Set<string>();
  for (let bit = 0; mask >> BigInt(bit) !== 0n; bit++) {
    if (((mask >> BigInt(bit)) & 1n) === 1n) names.add(CAPABILITIES[bit] ?? `CAP_${bit}`);
  }
  return names;
}

/**
 * Privileges that tracing needs and this user lacks. CAP_SYS_ADMIN holds the first two (all there is before Linux 5.8);
 * the third is for tracefs, whose files belong to root.
 */
export function missingForTracing({ user_id, capabilities }: Pick<Privileges, "user_id" | "capabilities">): string[] {
  const has = (...names: string[]): boolean => names.some((name) => capabilities.has(name));
  const reads_tracefs = user_id === 0 || has("CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE");
  return [
    ...(has("CAP_BPF", "CAP_SYS_ADMIN") ? [] : ["CAP_BPF"]),
    ...(has("CAP_PERFMON", "CAP_SYS_ADMIN") ? [] : ["CAP_PERFMON"]),
    ...(reads_tracefs ? [] : ["CAP_DAC_READ_SEARCH"]),
  ];
}

/** Privileges of this process. */
export function readPrivileges(): Privileges {
  const user_id = Deno.uid() ?? -1;
  const capabilities = capabilityNames(parseEffectiveCapabilities(Deno.readTextFileSync("/proc/self/status")));
  return {
    user_id,
    capabilities,
    missing: missingForTracing({ user_id, capabilities }),
    is_initial_user_namespace: Deno.readLinkSync("/proc/self/ns/user") === INITIAL_USER_NAMESPACE,
  };
}
