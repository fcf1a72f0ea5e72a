/** Which system calls a command may not make. Reading needs none of them. */
import type { SystemCall } from "../../ffi/system_calls.ts";
import type { Needs } from "../needs.ts";
import type { Rule } from "./filter.ts";
import { readingIoctls } from "./ioctls.ts";

const EPERM = 1, EACCES = 13, ENOSYS = 38;
const DENIED = { errno: EPERM } as const;

/** How writing to files is prevented. `broker`: who asks to write is served by ktriage, see broker.ts. */
export type WriteProtection = "landlock" | "broker";

export interface FilterOptions {
  readonly needs: Needs;
  readonly writes: WriteProtection;
  /** Landlock sees when a file is cut off (ABI 3). */
  readonly truncation_seen: boolean;
  /** Landlock keeps signals within the command (ABI 6). */
  readonly signals_scoped: boolean;
  /** No process leaves the session. */
  readonly one_session: boolean;
}

const ALWAYS: readonly SystemCall[] = [
  // mounts
  ...(["mount", "umount2", "pivot_root", "move_mount", "open_tree", "open_tree_attr", "fsopen", "fsconfig"] as const),
  ...(["fsmount", "fspick", "mount_setattr"] as const),
  // the kernel, its modules, its clock
  ...(["init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"] as const),
  ...(["swapon", "swapoff", "settimeofday", "clock_settime", "sethostname", "setdomainname", "acct"] as const),
  ...(["quotactl", "quotactl_fd", "iopl", "ioperm", "vhangup", "uselib", "nfsservctl"] as const),
  // other processes
  ...(["process_vm_writev", "pidfd_getfd", "process_madvise", "process_mrelease"] as const),
  // ways around what is checked here
  ...(["unshare", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"] as const),
  ...(["open_by_handle_at", "_sysctl"] as const),
  "fanotify_init", // its events bring descriptors that the kernel opened, for writing if asked to
  // keys
  ...(["keyctl", "add_key", "request_key"] as const),
  // what Landlock does not cover: who owns a file, and what else is known about it
  ...(["mknod", "mknodat", "chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown"] as const),
  ...(["fchownat", "setxattr", "lsetxattr", "fsetxattr", "setxattrat", "removexattr", "lremovexattr"] as const),
  ...(["fremovexattr", "removexattrat", "utime", "utimes", "utimensat", "futimesat", "file_setattr"] as const),
  // memory, semaphores and messages that processes share
  ...(["mq_unlink", "mq_timedsend", "mq_timedreceive", "mq_notify"] as const),
  ...(["semop", "semtimedop", "msgsnd", "msgrcv"] as const),
  // servers
  "listen",
];

const CLONE_NEW = 0x7e02_0000;
const AF_UNIX = 1, AF_INET = 2, AF_INET6 = 10, AF_NETLINK = 16, AF_PACKET = 17;
const SOCK_STREAM = 1, SOCK_RAW = 3, SOCK_SEQPACKET = 5;
/** IP, ICMP, TCP, UDP, ICMPv6, MPTCP. */
const PROTOCOLS = [0, 1, 6, 17, 58, 262];
const IPC_CREAT = 0o1000, SHM_RDONLY = 0o10000, IPC_COMMAND = 0xff;
const PRIO_PROCESS = 0, PRIO_PGRP = 1, IOPRIO_WHO_PROCESS = 1, IOPRIO_WHO_PGRP = 2;
const F_SETOWN = 8, F_SETOWN_EX = 15, F_SETLEASE = 1024;
/**
 * BPF_MAP_LOOKUP_ELEM, MAP_GET_NEXT_KEY, OBJ_GET, PROG and MAP_GET_NEXT_ID, PROG and MAP_GET_FD_BY_ID, OBJ_GET_INFO_BY_FD,
 * PROG_QUERY, BTF_GET_FD_BY_ID, TASK_FD_QUERY, BTF_GET_NEXT_ID, MAP_LOOKUP_BATCH, LINK_GET_FD_BY_ID, LINK_GET_NEXT_ID; and
 * what makes a map, a program or BTF without attaching it: so `bpftool feature` finds out what the kernel has.
 */
const READING_BPF = [1, 4, 7, 11, 12, 13, 14, 15, 16, 19, 20, 23, 24, 30, 31].concat([0, 5, 18]);
/** PTRACE_POKETEXT, POKEDATA, POKEUSR, KILL, SETREGS, SETFPREGS, SETREGSET, SETSIGINFO, SETSIGMASK, SET_SYSCALL_INFO. */
const CHANGING_PTRACE = [4, 5, 6, 8, 13, 15, 0x4205, 0x4203, 0x420b, 0x4212];
/** syslog(2): reading that consumes, clearing, and the console's level. */
const SYSLOG_CHANGES = [2, 4, 5, 6, 7, 8];
/** O_ACCMODE, O_CREAT, O_TRUNC */
const WRITE_FLAGS = 0o3 | 0o100 | 0o1000;

const CHECKED: readonly Rule[] = [
  { calls: ["clone3"], action: { errno: ENOSYS } }, // its flags are in memory; glibc falls back to clone
  { calls: ["clone"], action: DENIED, tests: [{ argument: 0, mask: CLONE_NEW, is: "not_in", values: [0] }] },
  { calls: ["syslog"], action: DENIED, tests: [{ argument: 0, is: "in", values: SYSLOG_CHANGES }] },
  {
    calls: ["setpriority"],
    action: DENIED,
    tests: [{ argument: 0, is: "not_in", values: [PRIO_PROCESS, PRIO_PGRP] }],
  },
  {
    calls: ["ioprio_set"],
    action: DENIED,
    tests: [{ argument: 0, is: "not_in", values: [IOPRIO_WHO_PROCESS, IOPRIO_WHO_PGRP] }],
  },
  { calls: ["setpriority", "ioprio_set"], action: DENIED, tests: [{ argument: 1, is: "not_in", values: [0] }] },
  {
    calls: [
      "sched_setaffinity",
      "sched_setscheduler",
      "sched_setparam",
      "sched_setattr",
      "migrate_pages",
      "move_pages",
    ],
    action: DENIED,
    tests: [{ argument: 0, is: "not_in", values: [0] }],
  },
  // a new limit for someone else: the pointer is not null
  ...(["low", "high"] as const).map((half): Rule => ({
    calls: ["prlimit64"],
    action: DENIED,
    tests: [{ argument: 0, is: "not_in", values: [0] }, { argument: 2, half, is: "not_in", values: [0] }],
  })),
  { calls: ["shmget", "semget"], action: DENIED, tests: [{ argument: 2, mask: IPC_CREAT, is: "not_in", values: [0] }] },
  { calls: ["msgget"], action: DENIED, tests: [{ argument: 1, mask: IPC_CREAT, is: "not_in", values: [0] }] },
  { calls: ["shmat"], action: DENIED, tests: [{ argument: 2, mask: SHM_RDONLY, is: "in", values: [0] }] },
  // IPC_RMID, IPC_SET, SHM_LOCK, SHM_UNLOCK; SETVAL, SETALL
  {
    calls: ["shmctl", "msgctl"],
    action: DENIED,
    tests: [{ argument: 1, mask: IPC_COMMAND, is: "in", values: [0, 1, 11, 12] }],
  },
  {
    calls: ["semctl"],
    action: DENIED,
    tests: [{ argument: 2, mask: IPC_COMMAND, is: "in", values: [0, 1, 16, 17] }],
  },
  // who opens the file elsewhere would wait for this command
  { calls: ["fcntl"], action: DENIED, tests: [{ argument: 1, is: "in", values: [F_SETLEASE] }] },
  // of these calls a need lifts only the reading half
  { calls: ["bpf"], action: DENIED, tests: [{ argument: 0, is: "not_in", values: READING_BPF }] },
  { calls: ["ptrace"], action: DENIED, tests: [{ argument: 0, is: "in", values: CHANGING_PTRACE }] },
  { calls: ["mq_open"], action: DENIED, tests: [{ argument: 1, mask: WRITE_FLAGS, is: "not_in", values: [0] }] },
];

/** The rules for one command line. */
export function rulesFor(options: FilterOptions): readonly Rule[] {
  const { needs, writes, truncation_seen, signals_scoped, one_session } = options;
  const lifted = new Set<SystemCall>(needs.calls);
  const called = (["bpf", "perf_event_open", "ptrace", "setns"] as const).filter((name) => !lifted.has(name));
  const chroot: readonly SystemCall[] = needs.capabilities.includes("SYS_CHROOT") ? [] : ["chroot"];
  return [
    ...writes === "broker" ? BROKERED : truncation_seen ? [] : TRUNCATING,
    { calls: [...ALWAYS, ...called, ...chroot], action: DENIED },
    ...CHECKED,
    ...socketRules(needs),
    { calls: ["ioctl"], action: DENIED, tests: [{ argument: 1, is: "not_in", values: readingIoctls(needs) }] },
    ...signals_scoped ? [] : signalRules(writes),
    ...one_session ? [{ calls: ["setsid"], action: DENIED } as const] : [],
  ];
}

function socketRules({ local_sockets }: Needs): readonly Rule[] {
  const families = [AF_INET, AF_INET6, AF_NETLINK, AF_PACKET, ...local_sockets ? [AF_UNIX] : []];
  return [
    { calls: ["socket"], action: DENIED, tests: [{ argument: 0, is: "not_in", values: families }] },
    // of other protocols the kernel would load the module
    {
      calls: ["socket"],
      action: DENIED,
      tests: [
        { argument: 0, is: "in", values: [AF_INET, AF_INET6] },
        { argument: 1, mask: 0xf, is: "not_in", values: [SOCK_RAW] },
        { argument: 2, is: "not_in", values: PROTOCOLS },
      ],
    },
    // a pair of datagram sockets could be connected elsewhere
    ...local_sockets ? [] : [
      {
        calls: ["socketpair"],
        action: DENIED,
        tests: [{ argument: 1, mask: 0xf, is: "not_in", values: [SOCK_STREAM, SOCK_SEQPACKET] }],
      } as const,
    ],
  ];
}

/** Signal 0 only asks whether there is such a process; pid 0 is the own group. */
function signalRules(writes: WriteProtection): readonly Rule[] {
  const other = (argument: number) => ({ argument, is: "not_in", values: [0] }) as const;
  // where there is a broker, it lets signals within the command pass
  const action = writes === "broker" ? "ask" : DENIED;
  return [
    { calls: ["kill"], action, tests: [other(0), other(1)] },
    { calls: ["tkill"], action, tests: [other(1)] },
    { calls: ["tgkill"], action, tests: [other(2)] },
    { calls: ["rt_sigqueueinfo"], action: DENIED, tests: [other(1)] },
    { calls: ["rt_tgsigqueueinfo"], action: DENIED, tests: [other(2)] },
    { calls: ["pidfd_send_signal"], action: DENIED, tests: [other(1)] },
    // SIGIO, or any signal of choice, to whoever is made the owner of a file
    { calls: ["fcntl"], action: DENIED, tests: [{ argument: 1, is: "in", values: [F_SETOWN, F_SETOWN_EX] }] },
  ];
}

const O_TRUNC = 0o1000;
/** A file is cut off through a path, or on opening it for reading; openat2 has its flags in memory. */
const TRUNCATING: readonly Rule[] = [
  { calls: ["openat2"], action: { errno: ENOSYS } },
  { calls: ["truncate"], action: { errno: EACCES } },
  {
    calls: ["open"],
    action: { errno: EACCES },
    tests: [{ argument: 1, mask: 0o3 | O_TRUNC, is: "in", values: [O_TRUNC] }],
  },
  {
    calls: ["openat"],
    action: { errno: EACCES },
    tests: [{ argument: 2, mask: 0o3 | O_TRUNC, is: "in", values: [O_TRUNC] }],
  },
];

/** Every way to write begins with one of these: a file opened for it, or a name that is changed. */
const BROKERED: readonly Rule[] = [
  { calls: ["openat2"], action: { errno: ENOSYS } }, // its flags are in memory; programs fall back to openat
  { calls: ["open"], action: "ask", tests: [{ argument: 1, mask: WRITE_FLAGS, is: "not_in", values: [0] }] },
  { calls: ["openat"], action: "ask", tests: [{ argument: 2, mask: WRITE_FLAGS, is: "not_in", values: [0] }] },
  { calls: ["creat", "unlink", "unlinkat", "mkdir", "mkdirat", "rmdir"], action: "ask" },
  { calls: ["bind"], action: "ask" }, // makes a file of a local socket, even of one out of socketpair(2)
  {
    calls: ["rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "truncate"],
    action: { errno: EACCES },
  },
];
