/** Which fields hold a signal, an error, open flags …: what the kernel's own `print fmt` does not say. */
import { type Describe, flagDescriber, symbolDescriber } from "./describe.ts";
import { errnoName } from "../errno.ts";
import { TCP_STATES } from "../kernel_constants.ts";
import * as symbols from "./symbols.ts";
import { type SyscallArch, syscallName } from "./syscalls.ts";

/** Makes the describer of each kind of value; the architecture matters for open flags and system call numbers. */
const DESCRIBERS = {
  errno: () => (value) => Number(value) < 0 ? errnoName(value) ?? value : value,
  /** Where the kernel keeps an error as a positive number. */
  positive_errno: () => (value) => errnoName(value) ?? value,
  signal: () => (value) => symbols.signalName(Number(value)) ?? value,
  signal_code: () => symbolDescriber(symbols.SIGNAL_CODES),
  signal_result: () => symbolDescriber(symbols.SIGNAL_RESULTS),
  syscall: (arch) => (value) => syscallName(Number(value), arch) ?? value,
  address_family: () => symbolDescriber(symbols.ADDRESS_FAMILIES),
  socket_type: () => flagDescriber(symbols.SOCKET_TYPES),
  accept_flags: () => flagDescriber(symbols.ACCEPT_FLAGS),
  ip_protocol: () => symbolDescriber(symbols.IP_PROTOCOLS),
  ether_type: () => symbolDescriber(symbols.ETHER_TYPES),
  tcp_state: () => (value) => TCP_STATES[Number(value)] ? `TCP_${TCP_STATES[Number(value)]}` : value,
  open_flags: (arch) => flagDescriber(symbols.OPEN_FLAGS[arch]),
  descriptor_flags: () => flagDescriber(symbols.DESCRIPTOR_FLAGS),
  directory: () => symbolDescriber(symbols.DIRECTORY_DESCRIPTORS),
  at_flags: () => flagDescriber(symbols.AT_FLAGS),
  faccessat_flags: () => flagDescriber(symbols.FACCESSAT_FLAGS),
  access_mode: () => flagDescriber(symbols.ACCESS_MODE),
  file_mode: () => (value) => `0${(Number(value) & 0o177777).toString(8)}`,
  mmap_prot: () => flagDescriber(symbols.MMAP_PROT),
  map_flags: () => flagDescriber(symbols.MAP_FLAGS),
  clone_flags: () => flagDescriber(symbols.CLONE_FLAGS),
  futex_op: () => flagDescriber(symbols.FUTEX_OPS),
  fcntl_command: () => symbolDescriber(symbols.FCNTL_COMMANDS),
  flock_op: () => flagDescriber(symbols.FLOCK_OPS),
  seek_whence: () => symbolDescriber(symbols.SEEK_WHENCE),
  epoll_op: () => symbolDescriber(symbols.EPOLL_OPS),
  shutdown_how: () => symbolDescriber(symbols.SHUTDOWN_HOW),
  clock: () => symbolDescriber(symbols.CLOCKS),
  wait_options: () => flagDescriber(symbols.WAIT_OPTIONS),
  message_flags: () => flagDescriber(symbols.MESSAGE_FLAGS),
  page_fault_code: () => flagDescriber(symbols.PAGE_FAULT_CODES),
} as const satisfies Record<string, (arch: SyscallArch) => Describe>;

export type MeaningKind = keyof typeof DESCRIBERS;

export interface Meaning {
  readonly kind: MeaningKind;
  /** The value's name; a value without one comes back as it is. */
  readonly describe: Describe;
}

export interface MeaningOptions {
  /** Default: the architecture that this program runs on. */
  readonly arch?: SyscallArch;
}

/** System call arguments, as `<call>.<argument>` in the kernel's own names. */
const SYSCALL_FIELDS: Readonly<Record<string, MeaningKind>> = {
  "open.flags": "open_flags",
  "openat.flags": "open_flags",
  "open_by_handle_at.flags": "open_flags",
  "mq_open.oflag": "open_flags",
  "pipe2.flags": "descriptor_flags",
  "dup3.flags": "descriptor_flags",
  "eventfd2.flags": "descriptor_flags",
  "inotify_init1.flags": "descriptor_flags",
  "timerfd_create.flags": "descriptor_flags",
  "signalfd4.flags": "descriptor_flags",
  "epoll_create1.flags": "descriptor_flags",
  "accept4.flags": "accept_flags",
  "socket.family": "address_family",
  "socket.type": "socket_type",
  "socket.protocol": "ip_protocol",
  "socketpair.family": "address_family",
  "socketpair.type": "socket_type",
  "shutdown.how": "shutdown_how",
  "sendto.flags": "message_flags",
  "sendmsg.flags": "message_flags",
  "sendmmsg.flags": "message_flags",
  "recvfrom.flags": "message_flags",
  "recvmsg.flags": "message_flags",
  "recvmmsg.flags": "message_flags",
  "kill.sig": "signal",
  "tkill.sig": "signal",
  "tgkill.sig": "signal",
  "rt_sigaction.sig": "signal",
  "rt_sigqueueinfo.sig": "signal",
  "rt_tgsigqueueinfo.sig": "signal",
  "pidfd_send_signal.sig": "signal",
  "access.mode": "access_mode",
  "faccessat.mode": "access_mode",
  "faccessat2.mode": "access_mode",
  "faccessat2.flags": "faccessat_flags",
  "newfstatat.flag": "at_flags",
  "unlinkat.flag": "at_flags",
  "linkat.flags": "at_flags",
  "fchownat.flag": "at_flags",
  "fchmodat2.flags": "at_flags",
  "statx.flags": "at_flags",
  "execveat.flags": "at_flags",
  "utimensat.flags": "at_flags",
  "mmap.prot": "mmap_prot",
  "mprotect.prot": "mmap_prot",
  "pkey_mprotect.prot": "mmap_prot",
  "mmap.flags": "map_flags",
  "clone.clone_flags": "clone_flags",
  "unshare.unshare_flags": "clone_flags",
  "setns.flags": "clone_flags",
  "futex.op": "futex_op",
  "fcntl.cmd": "fcntl_command",
  "flock.cmd": "flock_op",
  "lseek.whence": "seek_whence",
  "epoll_ctl.op": "epoll_op",
  "wait4.options": "wait_options",
  "waitid.options": "wait_options",
};

/** By argument name, in whatever system call. */
const ANY_SYSCALL_FIELD: Readonly<Record<string, MeaningKind>> = {
  dfd: "directory",
  olddfd: "directory",
  newdfd: "directory",
  from_dfd: "directory",
  to_dfd: "directory",
  which_clock: "clock",
  clockid: "clock",
  mode: "file_mode",
};

/** Fields of tracepoints, as `<category>:<event>.<field>`, `*` for every event of a category. */
const EVENT_FIELDS: Readonly<Record<string, MeaningKind>> = {
  "raw_syscalls:sys_enter.id": "syscall",
  "raw_syscalls:sys_exit.id": "syscall",
  "raw_syscalls:sys_exit.ret": "errno",
  "signal:*.sig": "signal",
  "signal:*.errno": "positive_errno",
  "signal:*.code": "signal_code",
  "signal:signal_generate.result": "signal_result",
  "sock:inet_sk_error_report.error": "positive_errno",
  "sock:sock_send_length.ret": "errno",
  "sock:sock_recv_length.ret": "errno",
  "sock:sock_exceed_buf_limit.protocol": "ip_protocol",
  "sock:inet_sock_set_state.oldstate": "tcp_state",
  "sock:inet_sock_set_state.newstate": "tcp_state",
  "tcp:*.state": "tcp_state",
  "tcp:*.oldstate": "tcp_state",
  "tcp:*.newstate": "tcp_state",
  "tcp:*.family": "address_family",
  "skb:kfree_skb.protocol": "ether_type",
  "net:*.protocol": "ether_type",
  "fib:*.proto": "ip_protocol",
  "task:task_newtask.clone_flags": "clone_flags",
  "exceptions:page_fault_user.error_code": "page_fault_code",
  "exceptions:page_fault_kernel.error_code": "page_fault_code",
};

const ERROR_FIELDS: ReadonlySet<string> = new Set(["error", "err", "errno"]);

const made = new Map<string, Meaning>();

/**
 * What the values of a field stand for, where `print fmt` is silent or poorer. Where both know, this one is to be
 * preferred for system calls (access modes, AT_FDCWD), the kernel's own table for everything else.
 *
 * @returns undefined when the field is a plain value
 */
export function fieldMeaning(
  category: string,
  event: string,
  field: string,
  options: MeaningOptions = {},
): Meaning | undefined {
  const kind = category === "syscalls" ? syscallField(event, field) : eventField(category, event, field);
  if (kind === undefined) return undefined;
  const arch = options.arch ?? Deno.build.arch;
  const key = `${arch} ${kind}`;
  let meaning = made.get(key);
  if (meaning === undefined) {
    const make: (arch: SyscallArch) => Describe = DESCRIBERS[kind];
    meaning = { kind, describe: make(arch) };
    made.set(key, meaning);
  }
  return meaning;
}

function syscallField(event: string, field: string): MeaningKind | undefined {
  if (event.startsWith("sys_exit_")) return field === "ret" ? "errno" : undefined;
  const call = event.replace(/^sys_enter_/, "");
  const kind = SYSCALL_FIELDS[`${call}.${field}`] ?? ANY_SYSCALL_FIELD[field];
  // In these two, mode is no file mode.
  return kind === "file_mode" && (call === "set_mempolicy" || call === "mbind" || call === "fallocate")
    ? undefined
    : kind;
}

function eventField(category: string, event: string, field: string): MeaningKind | undefined {
  return EVENT_FIELDS[`${category}:${event}.${field}`] ?? EVENT_FIELDS[`${category}:*.${field}`] ??
    (ERROR_FIELDS.has(field) ? "errno" : undefined);
}
