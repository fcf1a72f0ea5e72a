/** What keeps this process from tracing though the kernel could: the facts, and which of them explains a refusal. */
import { Libc } from "../../ffi/libc.ts";
import { type Privileges, readPrivileges } from "./privileges.ts";
import { isBefore } from "./release.ts";

const EPERM = 1, EACCES = 13, EINVAL = 22;
/** Debian's, Ubuntu's and Android's own level: from here on perf_event_open(2) asks for CAP_SYS_ADMIN. */
const PARANOID_WANTS_ADMIN = 3;
/** What the maps of a session with several programs take. */
export const SESSION_MAP_BYTES = 16 << 20;

export interface Restrictions {
  readonly privileges: Privileges;
  /** `uname -r`. */
  readonly release: string;
  /** `none`, `integrity` or `confidentiality`; undefined where the kernel has no lockdown, or does not show it. */
  readonly lockdown: string | undefined;
  readonly perf_event_paranoid: number | undefined;
  /** Bytes that this process may let itself lock; Infinity without limit. */
  readonly locked_memory_bytes: number;
}

/** A step that the kernel refused. */
export interface RefusedStep {
  /** As {@link SystemError} names it: `perf_event_open`, `create map events`, `load own` … */
  readonly operation: string;
  readonly errno: number;
  /** Kind of what was to be attached (`kprobe`, `uretprobe` …), when the step was about that. */
  readonly probe?: string;
}

/** Clauses without a full stop. */
export interface Cause {
  /** `lack`: privileges that every program needs; `rule`: what forbids this step. */
  readonly kind: "lack" | "rule";
  readonly reason: string;
  readonly fix: string;
}

/** A capability that is not there and would have to be. */
interface Lack {
  readonly capability: string;
  /** What of this host asks for it, when not every host does. */
  readonly because?: string;
  readonly otherwise?: string;
}

/** The facts of this process. */
export function readRestrictions(): Restrictions {
  using libc = new Libc();
  return {
    privileges: readPrivileges(),
    release: Deno.osRelease(),
    lockdown: readLockdown(),
    perf_event_paranoid: optionalNumber("/proc/sys/kernel/perf_event_paranoid"),
    locked_memory_bytes: libc.lockedMemoryLimit(),
  };
}

/** Before Linux 5.11 maps count as locked memory of the user, since then as memory of the cgroup. */
export function mapsAreLockedMemory(release: string): boolean {
  return isBefore(release, [5, 11]);
}

/**
 * Why the kernel refused, most certain first, and what would help.
 *
 * @returns undefined when the refusal is not one of permission
 */
export function causeOfRefusal(step: RefusedStep, restrictions: Restrictions): Cause | undefined {
  if (step.errno !== EPERM && step.errno !== EACCES) return lockdownOf(step, restrictions);
  // the verifier's word for a program that does what it may not; without privileges it may do less
  if (step.errno === EACCES && /load/i.test(step.operation)) return causeOfLack(restrictions);
  return uprobeRule(step, restrictions) ?? causeOfLack(restrictions) ?? lockdownOf(step, restrictions) ??
    filterOf(restrictions) ?? UNKNOWN;
}

/** What this process lacks to trace tracepoints and kernel functions on this host; undefined: nothing. */
export function causeOfLack(restrictions: Restrictions): Cause | undefined {
  const lacks = lacksOf(restrictions);
  if (lacks.length > 0) {
    const named = lacks.map(({ capability, because }) => capability + (because === undefined ? "" : ` (${because})`));
    const others = lacks.flatMap(({ otherwise }) => otherwise ?? []).map((text) => `; or ${text}`);
    const names = lacks.map(({ capability }) => capability).join(", ");
    return {
      kind: "lack",
      reason: `this process lacks ${named.join(", ")}`,
      fix: `run ktriage as root (sudo ktriage …), or grant ${names} (AmbientCapabilities= of a systemd service, ` +
        `setpriv --ambient-caps)${others.join("")}`,
    };
  }
  if (restrictions.privileges.is_initial_user_namespace) return undefined;
  return {
    kind: "lack",
    reason: "capabilities of a user namespace do not count for BPF",
    fix: "run ktriage outside of the user namespace; rootless containers always have one",
  };
}

/** CAP_SYS_ADMIN holds CAP_BPF and CAP_PERFMON; tracefs belongs to root. */
function lacksOf({ privileges: { user_id, capabilities }, ...facts }: Restrictions): Lack[] {
  const has = (...names: string[]): boolean => names.some((name) => capabilities.has(name));
  const { perf_event_paranoid: paranoid = 0, release, locked_memory_bytes: bytes } = facts;
  const lacks: Lack[] = [];
  if (paranoid >= PARANOID_WANTS_ADMIN && !has("CAP_SYS_ADMIN")) {
    lacks.push({
      capability: "CAP_SYS_ADMIN",
      because: `kernel.perf_event_paranoid is ${paranoid}`,
      otherwise: "sysctl kernel.perf_event_paranoid=2, after which CAP_BPF and CAP_PERFMON do instead of CAP_SYS_ADMIN",
    });
  } else {
    if (!has("CAP_BPF", "CAP_SYS_ADMIN")) lacks.push({ capability: "CAP_BPF" });
    if (!has("CAP_PERFMON", "CAP_SYS_ADMIN")) lacks.push({ capability: "CAP_PERFMON" });
  }
  if (user_id !== 0 && !has("CAP_DAC_READ_SEARCH", "CAP_DAC_OVERRIDE")) {
    lacks.push({ capability: "CAP_DAC_READ_SEARCH" });
  }
  if (mapsAreLockedMemory(release) && bytes < SESSION_MAP_BYTES && !has("CAP_SYS_RESOURCE")) {
    lacks.push({
      capability: "CAP_SYS_RESOURCE",
      because: `before Linux 5.11 maps count as locked memory, which is limited to ${bytes >> 10} KiB`,
      otherwise: "ulimit -l unlimited (LimitMEMLOCK=infinity of a systemd service)",
    });
  }
  return lacks;
}

/** perf_uprobe_event_init() of kernel/events/core.c; for tracepoints and kprobes CAP_PERFMON suffices. */
function uprobeRule({ operation, probe }: RefusedStep, { privileges }: Restrictions): Cause | undefined {
  if (
    operation !== "perf_event_open" || !/^u(ret)?probe$/.test(probe ?? "") ||
    privileges.capabilities.has("CAP_SYS_ADMIN")
  ) {
    return undefined;
  }
  return {
    kind: "rule",
    reason: "functions of programs need CAP_SYS_ADMIN, which this process lacks",
    fix: "run ktriage as root, or grant CAP_SYS_ADMIN",
  };
}

/** "confidentiality" takes the helpers away that read kernel memory, and probes on functions with them. */
function lockdownOf({ operation, errno, probe }: RefusedStep, { lockdown }: Restrictions): Cause | undefined {
  if (lockdown !== "confidentiality") return undefined;
  const reads_memory = errno === EINVAL && /load/i.test(operation);
  if (!reads_memory && !(errno === EPERM && /^k(ret)?probe/.test(probe ?? ""))) return undefined;
  return {
    kind: "rule",
    reason: 'kernel lockdown is "confidentiality": eBPF programs may not read kernel memory, and there are no kprobes',
    fix: "boot with lockdown=integrity, or none",
  };
}

function filterOf({ privileges }: Restrictions): Cause | undefined {
  if (!privileges.has_seccomp_filter) return undefined;
  return {
    kind: "rule",
    reason: "the capabilities are there, but a seccomp filter, which probably refuses it",
    fix:
      "allow bpf and perf_event_open in the seccomp profile of the container (docker run --security-opt seccomp=…) " +
      "or service (SystemCallFilter=)",
  };
}

const UNKNOWN: Cause = {
  kind: "rule",
  reason: "a hardened kernel or a security module refuses it",
  fix: "a kernel or policy that allows it; the kernel log (dmesg) or the audit log may name the rule",
};

/** The mode in brackets: `none [integrity] confidentiality`. */
function readLockdown(): string | undefined {
  const text = optionalText("/sys/kernel/security/lockdown");
  return text === undefined ? undefined : /\[(\w+)\]/.exec(text)?.[1];
}

function optionalNumber(path: string): number | undefined {
  const text = optionalText(path);
  return text === undefined ? undefined : Number(text);
}

function optionalText(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path).trim();
  } catch {
    return undefined; // not mounted, or not in this kernel
  }
}
