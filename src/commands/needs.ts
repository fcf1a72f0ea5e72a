/** What a command line needs beyond reading files: the policy says it, the sandbox leaves it to the line. */

/** Capabilities that an entry of the policy may ask for, as capabilities(7) names them without `CAP_`. */
export type NeededCapability = "NET_ADMIN" | "NET_RAW" | "SYS_ADMIN" | "SYS_RAWIO" | "BPF" | "PERFMON" | "SYS_CHROOT";

/** System calls that the sandbox denies where no entry asks for them. */
export type NeededCall = "bpf" | "perf_event_open" | "ptrace" | "setns";

export interface Needs {
  /** Beyond those that every line keeps for reading. */
  readonly capabilities: readonly NeededCapability[];
  readonly calls: readonly NeededCall[];
  /** Sockets of services of this host (AF_UNIX): systemd, D-Bus, a container engine, a database. */
  readonly local_sockets: boolean;
}

export const NO_NEEDS: Needs = { capabilities: [], calls: [], local_sockets: false };

/** What several programs of one line need together. */
export function together(needs: readonly Partial<Needs>[]): Needs {
  return {
    capabilities: [...new Set(needs.flatMap(({ capabilities = [] }) => capabilities))],
    calls: [...new Set(needs.flatMap(({ calls = [] }) => calls))],
    local_sockets: needs.some(({ local_sockets = false }) => local_sockets),
  };
}
