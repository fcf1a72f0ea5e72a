/** Whether ktriage runs in a container, and in which kind. */
import { exists } from "../exists.ts";

/** Inode of the initial pid namespace: PROC_PID_INIT_INO, include/linux/proc_ns.h. */
export const INITIAL_PID_NAMESPACE = "pid:[4026531836]";
/** Inodes of the other initial namespaces that never change: PROC_{IPC,UTS,CGROUP}_INIT_INO. */
const INITIAL_NAMESPACES: Readonly<Record<string, string>> = {
  ipc: "ipc:[4026531839]",
  uts: "uts:[4026531838]",
  cgroup: "cgroup:[4026531835]",
};

/** What the kernel and the container managers have left to see. */
export interface ContainerFacts {
  /** `/proc/self/ns/<name>` as the link reads; those that cannot be read are absent. */
  readonly namespaces: Readonly<Record<string, string>>;
  /** Text of /run/systemd/container, where systemd and podman write the kind. */
  readonly run_systemd_container?: string;
  /** `container` in the environment (lxc, systemd-nspawn, podman). */
  readonly environment?: string;
  readonly has_dockerenv: boolean;
  readonly has_containerenv: boolean;
  readonly has_kubernetes: boolean;
  /** Text of /proc/1/cgroup. */
  readonly cgroup: string;
}

/** The facts of this process; needs no privilege. */
export function readContainerFacts(): ContainerFacts {
  const run_systemd_container = optionalText("/run/systemd/container");
  const environment = Deno.env.get("container");
  return {
    namespaces: Object.fromEntries(["pid", "ipc", "uts", "cgroup"].flatMap(namespaceEntry)),
    ...(run_systemd_container === undefined ? {} : { run_systemd_container }),
    ...(environment === undefined ? {} : { environment }),
    has_dockerenv: exists("/.dockerenv"),
    has_containerenv: exists("/run/.containerenv"),
    has_kubernetes: Deno.env.has("KUBERNETES_SERVICE_HOST") || exists("/run/secrets/kubernetes.io/serviceaccount"),
    cgroup: optionalText("/proc/1/cgroup") ?? "",
  };
}

/**
 * The kind of container, or undefined on a host. A marker file alone proves nothing: virtual machines are made from
 * container images too. A container has at least one namespace of its own.
 *
 * @returns `docker`, `podman`, `lxc`, `kubernetes`, `systemd-nspawn` …; `unknown` for a pid namespace without any marker
 */
export function containerKind(facts: ContainerFacts): string | undefined {
  const own_pids = isInside(facts);
  const separate = own_pids ||
    Object.entries(INITIAL_NAMESPACES).some(([name, initial]) => (facts.namespaces[name] ?? initial) !== initial);
  if (!separate) return undefined;
  return markedKind(facts) ?? (own_pids ? "unknown" : undefined);
}

/** Whether process ids here are not the host's. */
export function isInside({ namespaces }: ContainerFacts): boolean {
  return (namespaces.pid ?? INITIAL_PID_NAMESPACE) !== INITIAL_PID_NAMESPACE;
}

/** A pid namespace as bpf_get_ns_current_pid_tgid() wants it named. */
export interface PidNamespace {
  /** dev_t of nsfs as the kernel holds it: the major number above 20 bits of minor number. */
  readonly dev: bigint;
  readonly ino: bigint;
}

/**
 * The pid namespace in which people here know processes: that of /proc, where `ps` looks. Undefined for the host's:
 * on a host, and in a container that was given the host's /proc.
 */
export function shownPidNamespace(): PidNamespace | undefined {
  if (namespacePids(Deno.readTextFileSync("/proc/self/status")).length > 1) return undefined;
  if (Deno.readLinkSync("/proc/self/ns/pid") === INITIAL_PID_NAMESPACE) return undefined;
  const { dev, ino } = Deno.statSync("/proc/self/ns/pid");
  return { dev: kernelDevice(BigInt(dev)), ino: BigInt(ino ?? 0) };
}

/**
 * `NSpid` of `/proc/<pid>/status` (Linux 4.1): the process's ids from the namespace that /proc belongs to down to its
 * own; one id when both are the same.
 */
export function namespacePids(status: string): number[] {
  return (/^NSpid:(.*)$/m.exec(status)?.[1] ?? "").trim().split(/\s+/).filter(Boolean).map(Number);
}

/**
 * A process that /proc shows as `pid`, by its id in this process's own namespace, as system calls want it: another one where
 * /proc was taken over from a namespace above. Undefined for a process of another namespace than ours there.
 */
export function ownIdOf(pid: number): number | undefined {
  if (namespacePids(Deno.readTextFileSync("/proc/self/status")).length <= 1) return pid;
  try {
    if (Deno.readLinkSync(`/proc/${pid}/ns/pid`) !== Deno.readLinkSync("/proc/self/ns/pid")) return undefined;
    return namespacePids(Deno.readTextFileSync(`/proc/${pid}/status`)).at(-1);
  } catch {
    return undefined; // it has ended, or does not let itself be looked at
  }
}

/** stat(2) hands devices out with the minor number in two parts (new_encode_dev(), include/linux/kdev_t.h). */
export function kernelDevice(encoded: bigint): bigint {
  const major = (encoded >> 8n) & 0xfffn, minor = (encoded & 0xffn) | ((encoded >> 12n) & 0xfff00n);
  return (major << 20n) | minor;
}

function markedKind(facts: ContainerFacts): string | undefined {
  // Kubernetes first: its containers carry the marks of docker or podman as well
  if (facts.has_kubernetes || facts.cgroup.includes("kubepods")) return "kubernetes";
  const named = [facts.run_systemd_container, facts.environment].map((text) => text?.trim()).find((text) => text);
  if (named !== undefined) return named;
  if (facts.has_containerenv || facts.cgroup.includes("libpod")) return "podman";
  if (facts.has_dockerenv || /[/-]docker[/-]/.test(facts.cgroup)) return "docker";
  if (/\/lxc(\.payload)?[./]/.test(facts.cgroup)) return "lxc";
  return undefined;
}

function namespaceEntry(name: string): [string, string][] {
  try {
    return [[name, Deno.readLinkSync(`/proc/self/ns/${name}`)]];
  } catch {
    return []; // this kernel has no such namespace
  }
}

function optionalText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined; // absent, or hidden: either way it says nothing
  }
}
