/** What tracing this host allows: each answer comes from doing it, and taking it back. */
import { Libc, SystemError } from "../ffi/libc.ts";
import * as trials from "../ffi/trials.ts";
import type { Capability } from "../protocol/mod.ts";
import { findBtfFunction, parseBtfHeader } from "./btf_functions.ts";
import { containerKind, isInside, readContainerFacts } from "./container.ts";
import { entryOffset } from "./elf_entry.ts";
import { errnoOf } from "./errno.ts";
import { type Privileges, readPrivileges } from "./privileges.ts";
import { openTracefs, TracefsError, type TracefsHandle } from "./tracefs.ts";
import { readTracefs } from "./tracefs_files.ts";

/** Without these no eBPF program of ktriage's runs. */
const NEEDED = ["btf", "ring_buffer", "tracefs", "kernel_memory", "tracepoint"];
const BTF_PATH = "/sys/kernel/btf/vmlinux";
const PMU_PATH = "/sys/bus/event_source/devices";
/** Functions to try; the first is the kernel's own test function (net/bpf/test_run.c), which nobody calls. */
const FUNCTIONS = ["bpf_fentry_test1", "vfs_statfs"];
const TRACEPOINT = "sched_process_exec";
const SOFTWARE_EVENTS = 1, TRACEPOINT_EVENTS = 2;
const EPERM = 1, ENOENT = 2, EACCES = 13, EINVAL = 22;

/** What the trials stand on. Each part may be missing on this host, and then throws why. */
interface Ground {
  readonly privileges: Privileges;
  libc(): Libc;
  closer(): trials.SlowCloser;
  tracefs(): TracefsHandle;
  btf(): Uint8Array<ArrayBuffer>;
}

interface Trial {
  readonly id: string;
  /** What ktriage does without it. */
  readonly instead: string;
  /** What would make it available, when privileges are not what is missing. */
  readonly fix: string;
  /** @returns what was found; throws why it is not available */
  readonly run: (ground: Ground) => string;
}

/** Not available, with a reason that is written for people. */
class Unavailable extends Error {
  override readonly name = "Unavailable";
}

const ONLY_FILES = "commands and /proc only: no eBPF program runs";
const TRIALS: readonly Trial[] = [
  {
    id: "privileges",
    instead: ONLY_FILES,
    fix: "run ktriage as root (sudo ktriage …), or give it the missing capabilities",
    run: checkPrivileges,
  },
  {
    id: "btf",
    instead: ONLY_FILES,
    fix: "a kernel with CONFIG_DEBUG_INFO_BTF=y (Debian 11, Ubuntu 20.10, RHEL 8.2 or newer)",
    run: (ground) => `${BTF_PATH}, ${(parseBtf(ground).length / 1e6).toFixed(1)} MB`,
  },
  {
    id: "ring_buffer",
    instead: ONLY_FILES,
    fix: "Linux 5.8 or newer",
    run: (ground) => (trials.tryRingBuffer(ground.libc()), "created one and closed it"),
  },
  {
    id: "tracefs",
    instead: ONLY_FILES,
    fix: "as root: mount -t tracefs nodev /sys/kernel/tracing",
    run: (ground) => {
      const { root, how } = ground.tracefs();
      return how === "mounted" ? `mounted at ${root}` : "not mounted; ktriage mounts it for itself alone";
    },
  },
  {
    id: "kernel_memory",
    instead: ONLY_FILES,
    fix: "boot with lockdown=integrity, or none; Linux 5.5 or newer",
    run: checkKernelMemory,
  },
  {
    id: "tracepoint",
    instead: ONLY_FILES,
    fix: "a kernel with CONFIG_BPF_EVENTS=y, and a container policy that allows perf_event_open",
    run: (ground) => {
      const config = BigInt(readTracefs(ground.tracefs(), `events/sched/${TRACEPOINT}/id`).trim());
      const attr = { type: TRACEPOINT_EVENTS, config };
      trials.tryPerfEvent(ground.libc(), attr, { type: "tracepoint", pid: -1, cpu: 0, closer: ground.closer() });
      return `attached to sched:${TRACEPOINT} and detached`;
    },
  },
  {
    id: "raw_tracepoint",
    instead: "the tracepoint of the same name",
    fix: "a kernel with CONFIG_BPF_EVENTS=y",
    run: (ground) => (trials.tryRawTracepoint(ground.libc(), TRACEPOINT), `attached to ${TRACEPOINT} and detached`),
  },
  {
    id: "kprobe",
    instead: "fentry where it works, else the tracepoint that comes closest",
    fix: "a kernel with CONFIG_KPROBES=y",
    run: (ground) => {
      const type = pmuType("kprobe", "CONFIG_KPROBES is off");
      const name = firstThatWorks((text) =>
        trials.tryPerfEvent(ground.libc(), { type, config: 0n, text }, {
          type: "kprobe",
          pid: -1,
          cpu: 0,
          closer: ground.closer(),
        })
      );
      return `attached to ${name} and detached`;
    },
  },
  {
    id: "fentry",
    instead: "kprobes where they work, else the tracepoint that comes closest",
    fix: "a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y that does not refuse it",
    run: (ground) => {
      const btf = ground.btf();
      const name = firstThatWorks((candidate) => {
        const id = findBtfFunction(btf, candidate);
        if (id === undefined) throw new SystemError("BTF", ENOENT);
        trials.tryFentry(ground.libc(), id);
      });
      return `attached to ${name} and detached`;
    },
  },
  {
    id: "uprobe",
    instead: "the system calls that the program makes",
    fix: "a kernel with CONFIG_UPROBE_EVENTS=y",
    run: (ground) => {
      const type = pmuType("uprobe", "CONFIG_UPROBE_EVENTS is off");
      const text = Deno.execPath();
      // where a process starts: ktriage has started, and does not come by again
      const attr = { type, config: 0n, text, offset: entryOffset(readStart(text)) };
      trials.tryPerfEvent(ground.libc(), attr, { type: "kprobe", pid: Deno.pid, cpu: -1, closer: ground.closer() });
      return "attached to ktriage's own program and detached";
    },
  },
  {
    id: "perf_events",
    instead: "CPU use by process from /proc, without stacks",
    fix: "run as root, or sysctl kernel.perf_event_paranoid=-1, and a container policy that allows perf_event_open",
    run: (ground) => {
      const attr = { type: SOFTWARE_EVENTS, config: 0n, sample_period: 1n, frequency: true };
      trials.tryPerfEvent(ground.libc(), attr, { type: "perf_event", pid: -1, cpu: 0, closer: ground.closer() });
      return `sampled a CPU's clock; kernel.perf_event_paranoid is ${sysctl("perf_event_paranoid")}`;
    },
  },
  {
    id: "host_processes",
    instead: "events carry the host's process ids; /proc shows only this container's processes",
    fix: "start the container with the host's pid namespace (docker run --pid=host, hostPID: true)",
    run: checkProcesses,
  },
];

/** Before Linux 5.11 maps counted as locked memory. */
const MEMLOCK_TRIAL: Trial = {
  id: "memlock",
  instead: "smaller maps, or no eBPF program",
  fix: "ulimit -l unlimited, or CAP_SYS_RESOURCE",
  run: (ground) => (trials.tryMapMemory(ground.libc(), 4 << 20), "a map of 4 MiB was granted"),
};

/**
 * Tries everything that tracing needs. Never throws for what the host lacks: that is in the answer, with the reason,
 * what ktriage does instead, and what would help. Nothing is left behind.
 */
export async function readCapabilities(): Promise<Capability[]> {
  await using resources = new AsyncDisposableStack();
  const ground = openGround(resources);
  const list = isBefore(Deno.osRelease(), [5, 11]) ? [...TRIALS, MEMLOCK_TRIAL] : TRIALS;
  const kernel = { id: "kernel", available: true, detail: `Linux ${Deno.osRelease()} on ${Deno.build.arch}` };
  return [kernel, ...list.map((trial) => measure(trial, ground))];
}

/** Whether eBPF programs can run, by what {@link readCapabilities} found. */
export function isReady(capabilities: readonly Capability[]): boolean {
  const available = new Set(capabilities.filter((capability) => capability.available).map(({ id }) => id));
  return NEEDED.every((id) => available.has(id));
}

/** Whether a kernel release (`uname -r`) is older than a version. */
export function isBefore(release: string, [major, minor]: readonly [number, number]): boolean {
  const [, has_major, has_minor] = /^(\d+)\.(\d+)/.exec(release) ?? [];
  if (has_major === undefined) return false;
  return Number(has_major) < major || Number(has_major) === major && Number(has_minor) < minor;
}

function measure({ id, instead, fix, run }: Trial, ground: Ground): Capability {
  try {
    return { id, available: true, detail: run(ground) };
  } catch (error) {
    const { missing } = ground.privileges;
    const is_denied = missing.length > 0 && isDenial(error);
    return {
      id,
      available: false,
      detail: is_denied ? `not permitted: ${lackOf(missing)}` : reasonOf(error),
      instead,
      fix: is_denied ? "run ktriage as root (sudo ktriage …)" : error instanceof TracefsError ? error.hint : fix,
    };
  }
}

function openGround(resources: AsyncDisposableStack): Ground {
  return {
    privileges: readPrivileges(),
    libc: once(() => resources.use(new Libc())),
    closer: once(() => resources.use(new trials.SlowCloser())),
    tracefs: once(() => resources.use(openTracefs())),
    btf: once(() => Deno.readFileSync(BTF_PATH)),
  };
}

/** The same value, or the same error, at every call. */
function once<T>(open: () => T): () => T {
  let result: { readonly value: T } | { readonly error: unknown } | undefined;
  return () => {
    if (result === undefined) {
      try {
        result = { value: open() };
      } catch (error) {
        result = { error };
      }
    }
    if ("error" in result) throw result.error;
    return result.value;
  };
}

/** The first function that this kernel has and lets be probed. */
function firstThatWorks(attach: (name: string) => void): string {
  let last: unknown;
  for (const name of FUNCTIONS) {
    try {
      attach(name);
      return name;
    } catch (error) {
      // absent or not traceable: another function may do; any other refusal is about probing as such
      if (!(error instanceof SystemError) || ![ENOENT, EINVAL].includes(error.errno)) throw error;
      last = error;
    }
  }
  throw last;
}

function checkPrivileges({ privileges }: Ground): string {
  const { user_id, capabilities, missing, is_initial_user_namespace } = privileges;
  const unprivileged = `kernel.unprivileged_bpf_disabled is ${sysctl("unprivileged_bpf_disabled")}`;
  if (missing.length > 0) {
    throw new Unavailable(`user id ${user_id}, ${capabilities.size} capabilities: ${lackOf(missing)}; ${unprivileged}`);
  }
  if (!is_initial_user_namespace) {
    throw new Unavailable("capabilities of a user namespace do not count for BPF: ktriage must run outside of it");
  }
  const who = user_id === 0 ? "root" : `user id ${user_id}`;
  return `${who}, with ${
    ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"].filter((name) => capabilities.has(name)).join(", ")
  }`;
}

function checkKernelMemory(ground: Ground): string {
  try {
    trials.tryKernelRead(ground.libc());
  } catch (error) {
    // the verifier does not know the helper: under lockdown it is taken away (kernel/trace/bpf_trace.c)
    if (!(error instanceof SystemError) || error.errno !== EINVAL) throw error;
    throw new Unavailable(`programs may not read kernel memory; lockdown: ${lockdown()}`);
  }
  return `programs may read kernel memory; lockdown: ${lockdown()}`;
}

function checkProcesses(): string {
  const facts = readContainerFacts();
  const kind = containerKind(facts);
  if (isInside(facts)) {
    throw new Unavailable(`ktriage runs in a container (${kind ?? "unknown"}) with process ids of its own`);
  }
  return kind === undefined ? "ktriage does not run in a container" : `container (${kind}) with the host's process ids`;
}

function parseBtf(ground: Ground): Uint8Array<ArrayBuffer> {
  const btf = ground.btf();
  parseBtfHeader(btf);
  return btf;
}

function pmuType(name: string, absent: string): number {
  try {
    return Number(Deno.readTextFileSync(`${PMU_PATH}/${name}/type`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Unavailable(`this kernel has no ${name} events: ${absent}`);
    throw error;
  }
}

/** The mode in brackets: `none [integrity] confidentiality`. */
function lockdown(): string {
  try {
    const text = Deno.readTextFileSync("/sys/kernel/security/lockdown");
    return /\[(\w+)\]/.exec(text)?.[1] ?? text.trim();
  } catch {
    return "not shown by this kernel";
  }
}

function sysctl(name: string): string {
  try {
    return Deno.readTextFileSync(`/proc/sys/kernel/${name}`).trim();
  } catch {
    return "unknown";
  }
}

function readStart(path: string): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const bytes = new Uint8Array(4096);
  return bytes.subarray(0, file.readSync(bytes) ?? 0);
}

function isDenial(error: unknown): boolean {
  if (error instanceof SystemError) return error.errno === EPERM || error.errno === EACCES;
  if (error instanceof TracefsError) return isDenial(error.cause);
  return error instanceof Deno.errors.PermissionDenied || error instanceof Deno.errors.NotCapable;
}

function lackOf(missing: readonly string[]): string {
  return `this process lacks ${missing.join(", ")} (root has them)`;
}

function reasonOf(error: unknown): string {
  if (error instanceof SystemError) {
    const known = errnoOf(error.errno);
    const name = known === undefined ? `errno ${error.errno}` : `${known.name}: ${known.meaning}`;
    const policy = isDenial(error) ? "; a hardened kernel, a security module or a container's filter refuses it" : "";
    return `${error.operation} failed with ${name}${policy}`;
  }
  if (error instanceof Deno.errors.NotFound) return `this kernel does not have it (${error.message})`;
  return error instanceof Error ? error.message : String(error);
}
