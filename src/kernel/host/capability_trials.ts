/** The list of what `ktriage check` tries, and what ktriage does where it is missing. */
import { type Libc, SystemError } from "../../ffi/libc.ts";
import * as trials from "../../ffi/trials.ts";
import { KIND, parseBtf } from "../btf/image.ts";
import { containerKind, isInside, readContainerFacts, shownPidNamespace } from "./container.ts";
import { causeOfLack, mapsAreLockedMemory, type Restrictions, SESSION_MAP_BYTES } from "./restrictions.ts";
import type { TracefsHandle } from "../tracing/tracefs.ts";
import { readTracefs } from "../tracing/tracefs_files.ts";
import { ElfFile } from "../userspace/elf.ts";

const BTF_PATH = "/sys/kernel/btf/vmlinux";
const PMU_PATH = "/sys/bus/event_source/devices";
/** Functions to try; the first is the kernel's own test function (net/bpf/test_run.c), which nobody calls. */
const FUNCTIONS = ["bpf_fentry_test1", "vfs_statfs"];
const TRACEPOINT = "sched_process_exec";
const SOFTWARE_EVENTS = 1, TRACEPOINT_EVENTS = 2;
const ENOENT = 2, ESRCH = 3, EINVAL = 22;
/** Where kprobe.multi came, with what it stands on: on arm64 since fprobes use the function graph tracer. */
const FPROBE_SINCE: Readonly<Record<typeof Deno.build.arch, string>> = { x86_64: "5.18", aarch64: "6.14" };
/** Of /proc/kallsyms: behind the per-CPU variables, whose addresses are small numbers or 0 for everyone. */
const SYMBOL_BYTES = 1 << 18;

/** What the trials stand on. Each part may be missing on this host, and then throws why. */
export interface Ground {
  readonly restrictions: Restrictions;
  libc(): Libc;
  closer(): trials.SlowCloser;
  tracefs(): TracefsHandle;
  btf(): Uint8Array<ArrayBuffer>;
}

export interface Trial {
  readonly id: string;
  /** What ktriage does without it. */
  readonly instead: string;
  /** What would make it available, when permission is not what is missing. */
  readonly fix: string;
  /** What is attached: the kernel has rules for each. */
  readonly probe?: string;
  /** @returns what was found; throws why it is not available */
  readonly run: (ground: Ground) => string;
}

/** Not available, with a reason that is written for people, and perhaps a better fix than the trial's own. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
  constructor(reason: string, readonly fix?: string) {
    super(reason);
  }
}

const ONLY_FILES = "commands and /proc only: no eBPF program runs";
const NEXT_PROBE = "the next of fentry, kprobes and the tracepoint that comes closest";

/** What this host is asked. */
export function trialsFor({ release }: Restrictions): readonly Trial[] {
  return mapsAreLockedMemory(release) ? [...TRIALS, MEMLOCK] : TRIALS;
}

const TRIALS: readonly Trial[] = [
  {
    id: "privileges",
    instead: ONLY_FILES,
    fix: "run ktriage as root (sudo ktriage …)",
    run: checkPrivileges,
  },
  {
    id: "btf",
    instead: "tracepoints as ever; arguments of kernel functions as plain numbers, unless --btf FILE brings one along",
    fix: "a kernel with CONFIG_DEBUG_INFO_BTF=y (Debian 11, Ubuntu 20.10, RHEL 8.2 or newer), or --btf FILE",
    run: (ground) => {
      const btf = ground.btf();
      parseBtf(btf);
      return `${BTF_PATH}, ${(btf.length / 1e6).toFixed(1)} MB`;
    },
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
    fix: "Linux 5.5 or newer",
    run: (ground) => {
      trials.tryKernelRead(ground.libc());
      return `programs may read kernel memory; lockdown: ${ground.restrictions.lockdown ?? "not shown by this kernel"}`;
    },
  },
  {
    id: "tracepoint",
    instead: ONLY_FILES,
    fix: "a kernel with CONFIG_BPF_EVENTS=y",
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
    instead: NEXT_PROBE,
    fix: "a kernel with CONFIG_KPROBES=y",
    probe: "kprobe",
    run: (ground) => {
      const type = pmuType("kprobe", "CONFIG_KPROBES is off");
      const where = { type: "kprobe", pid: -1, cpu: 0, closer: ground.closer() } as const;
      return firstThatWorks((text) => trials.tryPerfEvent(ground.libc(), { type, config: 0n, text }, where));
    },
  },
  {
    id: "kprobe_multi",
    instead: NEXT_PROBE,
    fix: `Linux ${FPROBE_SINCE[Deno.build.arch]} or newer with CONFIG_FPROBE=y`,
    probe: "kprobe",
    run: (ground) => firstThatWorks((name) => trials.tryKprobeMulti(ground.libc(), name)),
  },
  {
    id: "fentry",
    instead: NEXT_PROBE,
    fix: "a kernel with CONFIG_DYNAMIC_FTRACE_WITH_DIRECT_CALLS=y that does not refuse it",
    run: (ground) => {
      const btf = parseBtf(ground.btf());
      return firstThatWorks((name) => {
        const id = btf.find(name, [KIND.function]);
        if (id === undefined) throw new SystemError("BTF", ENOENT);
        trials.tryFentry(ground.libc(), id);
      });
    },
  },
  {
    id: "kernel_symbols",
    instead: "functions are attached by name",
    fix: "run ktriage as root, or grant CAP_SYSLOG",
    run: checkSymbols,
  },
  {
    id: "uprobe",
    instead: "the system calls that the program makes",
    fix: "a kernel with CONFIG_UPROBE_EVENTS=y",
    probe: "uprobe",
    run: (ground) => {
      const type = pmuType("uprobe", "CONFIG_UPROBE_EVENTS is off");
      // not its path, which may have been replaced, or lie outside of a chroot
      const text = "/proc/self/exe";
      // where a process starts: ktriage has started, and does not come by again
      using program = ElfFile.open(text);
      const attr = { type, config: 0n, text, offset: BigInt(program.entry) };
      trials.tryPerfEvent(ground.libc(), attr, { type: "kprobe", pid: Deno.pid, cpu: -1, closer: ground.closer() });
      return "attached to ktriage's own program and detached";
    },
  },
  {
    id: "perf_events",
    instead: "CPU use by process from /proc, without stacks",
    fix: "a kernel with CONFIG_PERF_EVENTS=y",
    run: (ground) => {
      const attr = { type: SOFTWARE_EVENTS, config: 0n, sample_period: 1n, frequency: true };
      trials.tryPerfEvent(ground.libc(), attr, { type: "perf_event", pid: -1, cpu: 0, closer: ground.closer() });
      const paranoid = ground.restrictions.perf_event_paranoid;
      return `sampled a CPU's clock${paranoid === undefined ? "" : `; kernel.perf_event_paranoid is ${paranoid}`}`;
    },
  },
  {
    id: "host_processes",
    instead:
      "events of this container's processes have its own process ids; those of others have the host's and say so",
    fix: "start the container with the host's pid namespace (docker run --pid=host, hostPID: true)",
    run: checkProcesses,
  },
];

const MEMLOCK: Trial = {
  id: "memlock",
  instead: ONLY_FILES,
  fix: "Linux 5.11 or newer, where maps no longer count as locked memory",
  run: (ground) => {
    trials.tryMapMemory(ground.libc(), SESSION_MAP_BYTES);
    return `a map of ${SESSION_MAP_BYTES >> 20} MiB was granted`;
  },
};

/** The first function that this kernel has and lets be probed. */
function firstThatWorks(attach: (name: string) => void): string {
  let last: unknown;
  for (const name of FUNCTIONS) {
    try {
      attach(name);
      return `attached to ${name} and detached`;
    } catch (error) {
      // absent or not traceable: another function may do; any other refusal is about probing as such
      if (!(error instanceof SystemError) || ![ENOENT, ESRCH, EINVAL].includes(error.errno)) throw error;
      last = error;
    }
  }
  throw last;
}

/** What ktriage does worse without them, as tried with each alone. */
const OPTIONAL_CAPABILITIES: Readonly<Record<string, string>> = {
  CAP_SYS_ADMIN: "functions of programs (uprobes)",
  CAP_SYSLOG: "addresses of kernel functions",
  CAP_SYS_PTRACE: "files of containers and of other users' processes",
};

function checkPrivileges({ restrictions }: Ground): string {
  const { user_id, capabilities } = restrictions.privileges;
  const who = user_id === 0 ? "root" : `user id ${user_id}`;
  const lack = causeOfLack(restrictions);
  if (lack !== undefined) throw new Unavailable(`${who}, ${capabilities.size} capabilities: ${lack.reason}`, lack.fix);
  const used = ["CAP_BPF", "CAP_PERFMON", "CAP_SYS_ADMIN"].filter((name) => capabilities.has(name));
  const without = Object.entries(OPTIONAL_CAPABILITIES).filter(([name]) => !capabilities.has(name))
    .map(([name, what]) => `; without ${name}: no ${what}`);
  return `${who}, with ${used.join(", ")}${without.join("")}`;
}

/** Who may not know where the kernel is sees every address as 0 (kallsyms_show_value() of kernel/kallsyms.c). */
function checkSymbols(): string {
  const text = new TextDecoder().decode(readStart("/proc/kallsyms", SYMBOL_BYTES));
  const restrict = Number(Deno.readTextFileSync("/proc/sys/kernel/kptr_restrict"));
  const setting = `kernel.kptr_restrict is ${restrict}`;
  if (/^0*[1-9a-f][0-9a-f]* [tT] /m.test(text)) return `/proc/kallsyms has addresses; ${setting}`;
  const fix = restrict > 1 ? "sysctl kernel.kptr_restrict=1, and root or CAP_SYSLOG" : undefined;
  throw new Unavailable(`/proc/kallsyms hides the addresses from this process; ${setting}`, fix);
}

function checkProcesses(): string {
  const facts = readContainerFacts();
  const kind = containerKind(facts);
  if (shownPidNamespace() !== undefined) {
    throw new Unavailable(`ktriage runs in a container (${kind ?? "unknown"}) with process ids of its own`);
  }
  if (isInside(facts)) return `container (${kind ?? "unknown"}) with a /proc of the host, whose process ids are shown`;
  return kind === undefined ? "ktriage does not run in a container" : `container (${kind}) with the host's process ids`;
}

function pmuType(name: string, absent: string): number {
  try {
    return Number(Deno.readTextFileSync(`${PMU_PATH}/${name}/type`));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Unavailable(`this kernel has no ${name} events: ${absent}`);
    throw error;
  }
}

function readStart(path: string, bytes = 4096): Uint8Array<ArrayBuffer> {
  using file = Deno.openSync(path);
  const buffer = new Uint8Array(bytes);
  let length = 0;
  // a file of /proc gives a page at a time
  for (let read: number | null; (read = file.readSync(buffer.subarray(length))) !== null && read > 0;) length += read;
  return buffer.subarray(0, length);
}
