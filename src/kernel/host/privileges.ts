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
  /** In the initial user namespace; capabilities of any other do not count for BPF. */
  readonly is_initial_user_namespace: boolean;
  /** A seccomp filter decides over its system calls (seccomp mode 2). */
  readonly has_seccomp_filter: boolean;
}

/** Names of the capabilities in a mask; bits that are newer than this list are `CAP_<number>`. */
export function capabilityNames(mask: bigint): ReadonlySet<string> {
  const names = new Set<string>();
  for (let bit = 0; mask >> BigInt(bit) !== 0n; bit++) {
    if (((mask >> BigInt(bit)) & 1n) === 1n) names.add(CAPABILITIES[bit] ?? `CAP_${bit}`);
  }
  return names;
}

/** Privileges of this process. */
export function readPrivileges(): Privileges {
  const status = Deno.readTextFileSync("/proc/self/status");
  return {
    user_id: Deno.uid() ?? -1,
    capabilities: capabilityNames(parseEffectiveCapabilities(status)),
    is_initial_user_namespace: Deno.readLinkSync("/proc/self/ns/user") === INITIAL_USER_NAMESPACE,
    has_seccomp_filter: /^Seccomp:\s*2$/m.test(status),
  };
}
