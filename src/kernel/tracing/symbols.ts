/** Names of values that the kernel prints as plain numbers: signals, address families, flags of system calls. */
import type { SyscallArch } from "./syscalls.ts";

/** Value to name; Numbers, for none of these needs more than 32 bits. */
export type SymbolTable = ReadonlyMap<number, string>;

export interface FlagTable {
  /** A combination stands before its bits. */
  readonly flags: readonly (readonly [mask: number, name: string])[];
  /** A field inside the flags that is a number, such as the access mode of open. */
  readonly low?: { readonly mask: number; readonly names: SymbolTable };
  /** When no bit is set and there is no `low`. */
  readonly none?: string;
}

/** From `first` on, one name a number; "-" leaves one out. */
function numbered(first: number, names: string): SymbolTable {
  return new Map(
    names.split(" ").map((name, i): [number, string] => [first + i, name]).filter(([, name]) => name !== "-"),
  );
}

/** One name a bit from `first` on; "-" leaves one out. */
function bits(first: number, names: string): [number, string][] {
  return [...numbered(0, names)].map(([i, name]) => [first * 2 ** i, name]);
}

/** include/uapi/asm-generic/signal.h; x86-64 and arm64 agree. */
export const SIGNALS: SymbolTable = numbered(
  1,
  "SIGHUP SIGINT SIGQUIT SIGILL SIGTRAP SIGABRT SIGBUS SIGFPE SIGKILL SIGUSR1 SIGSEGV SIGUSR2 SIGPIPE SIGALRM SIGTERM " +
    "SIGSTKFLT SIGCHLD SIGCONT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGURG SIGXCPU SIGXFSZ SIGVTALRM SIGPROF SIGWINCH SIGIO " +
    "SIGPWR SIGSYS",
);

/** Numbers from 32 on are real-time signals; the C library keeps 32 and 33 for itself. */
export function signalName(signal: number): string | undefined {
  const name = SIGNALS.get(signal);
  if (name !== undefined) return name;
  if (signal < 32 || signal > 64) return undefined;
  return signal < 34 ? `SIG${signal}` : `SIGRTMIN+${signal - 34}`;
}

/** Codes of siginfo that mean the same for every signal (include/uapi/asm-generic/siginfo.h). */
export const SIGNAL_CODES: SymbolTable = new Map([
  [0, "SI_USER"],
  [0x80, "SI_KERNEL"],
  [-1, "SI_QUEUE"],
  [-2, "SI_TIMER"],
  [-3, "SI_MESGQ"],
  [-4, "SI_ASYNCIO"],
  [-5, "SI_SIGIO"],
  [-6, "SI_TKILL"],
]);

/** `result` of signal:signal_generate (include/trace/events/signal.h). */
export const SIGNAL_RESULTS: SymbolTable = numbered(0, "delivered ignored already_pending overflow_fail lose_info");

/** include/linux/socket.h */
export const ADDRESS_FAMILIES: SymbolTable = numbered(
  0,
  "AF_UNSPEC AF_UNIX AF_INET AF_AX25 AF_IPX AF_APPLETALK AF_NETROM AF_BRIDGE AF_ATMPVC AF_X25 AF_INET6 AF_ROSE AF_DECnet " +
    "AF_NETBEUI AF_SECURITY AF_KEY AF_NETLINK AF_PACKET AF_ASH AF_ECONET AF_ATMSVC AF_RDS AF_SNA AF_IRDA AF_PPPOX " +
    "AF_WANPIPE AF_LLC AF_IB AF_MPLS AF_CAN AF_TIPC AF_BLUETOOTH AF_IUCV AF_RXRPC AF_ISDN AF_PHONET AF_IEEE802154 " +
    "AF_CAIF AF_ALG AF_NFC AF_VSOCK AF_KCM AF_QIPCRTR AF_SMC AF_XDP AF_MCTP",
);

/** include/linux/net.h */
export const SOCKET_TYPES: FlagTable = {
  flags: [[0x80000, "SOCK_CLOEXEC"], [0x800, "SOCK_NONBLOCK"]],
  low: {
    mask: 0xf,
    names: new Map([
      [1, "SOCK_STREAM"],
      [2, "SOCK_DGRAM"],
      [3, "SOCK_RAW"],
      [4, "SOCK_RDM"],
      [5, "SOCK_SEQPACKET"],
      [6, "SOCK_DCCP"],
      [10, "SOCK_PACKET"],
    ]),
  },
};

export const ACCEPT_FLAGS: FlagTable = { flags: SOCKET_TYPES.flags };

/** include/uapi/linux/in.h; 0 is the default of the family and stays a number. */
export const IP_PROTOCOLS: SymbolTable = new Map([
  [1, "IPPROTO_ICMP"],
  [2, "IPPROTO_IGMP"],
  [6, "IPPROTO_TCP"],
  [17, "IPPROTO_UDP"],
  [33, "IPPROTO_DCCP"],
  [41, "IPPROTO_IPV6"],
  [47, "IPPROTO_GRE"],
  [50, "IPPROTO_ESP"],
  [58, "IPPROTO_ICMPV6"],
  [132, "IPPROTO_SCTP"],
  [136, "IPPROTO_UDPLITE"],
  [255, "IPPROTO_RAW"],
  [262, "IPPROTO_MPTCP"],
]);

/** include/uapi/linux/if_ether.h, in host byte order. */
export const ETHER_TYPES: SymbolTable = new Map([
  [0x0800, "IPv4"],
  [0x0806, "ARP"],
  [0x86dd, "IPv6"],
  [0x8100, "802.1Q"],
  [0x88a8, "802.1ad"],
  [0x8847, "MPLS"],
  [0x8863, "PPPoE discovery"],
  [0x8864, "PPPoE"],
  [0x888e, "802.1X"],
  [0x88cc, "LLDP"],
  [0x88f7, "PTP"],
]);

const ACCESS_MODES: SymbolTable = numbered(0, "O_RDONLY O_WRONLY O_RDWR");

/** Flags of every architecture (include/uapi/asm-generic/fcntl.h); O_TMPFILE holds the bit of O_DIRECTORY. */
function openFlagTable(bit: { directory: number; nofollow: number; direct: number; largefile: number }): FlagTable {
  return {
    low: { mask: 3, names: ACCESS_MODES },
    flags: [
      [0o20000000 | bit.directory, "O_TMPFILE"],
      [0o4010000, "O_SYNC"],
      ...bits(0o100, "O_CREAT O_EXCL O_NOCTTY O_TRUNC O_APPEND O_NONBLOCK O_DSYNC FASYNC"),
      [bit.direct, "O_DIRECT"],
      [bit.largefile, "O_LARGEFILE"],
      [bit.directory, "O_DIRECTORY"],
      [bit.nofollow, "O_NOFOLLOW"],
      ...bits(0o1000000, "O_NOATIME O_CLOEXEC - O_PATH"),
    ],
  };
}

/** arm64 has four flags elsewhere (arch/arm64/include/uapi/asm/fcntl.h). */
export const OPEN_FLAGS: Readonly<Record<SyscallArch, FlagTable>> = {
  x86_64: openFlagTable({ direct: 0o40000, largefile: 0o100000, directory: 0o200000, nofollow: 0o400000 }),
  aarch64: openFlagTable({ directory: 0o40000, nofollow: 0o100000, direct: 0o200000, largefile: 0o400000 }),
};

/** pipe2, dup3, eventfd2, inotify_init1 …: no access mode. */
export const DESCRIPTOR_FLAGS: FlagTable = {
  flags: [[0o2000000, "O_CLOEXEC"], [0o4000, "O_NONBLOCK"], [0o1, "EFD_SEMAPHORE"]],
};

/** include/uapi/linux/fcntl.h: the current directory in place of a directory's descriptor. */
export const DIRECTORY_DESCRIPTORS: SymbolTable = new Map([[-100, "AT_FDCWD"]]);

export const AT_FLAGS: FlagTable = {
  flags: bits(
    0x100,
    "AT_SYMLINK_NOFOLLOW AT_REMOVEDIR AT_SYMLINK_FOLLOW AT_NO_AUTOMOUNT AT_EMPTY_PATH AT_STATX_FORCE_SYNC " +
      "AT_STATX_DONT_SYNC AT_RECURSIVE",
  ),
};

/** faccessat2 reads the bit of AT_REMOVEDIR as AT_EACCESS. */
export const FACCESSAT_FLAGS: FlagTable = {
  flags: [[0x100, "AT_SYMLINK_NOFOLLOW"], [0x200, "AT_EACCESS"], [0x1000, "AT_EMPTY_PATH"]],
};

export const ACCESS_MODE: FlagTable = { flags: [[4, "R_OK"], [2, "W_OK"], [1, "X_OK"]], none: "F_OK" };

/** include/uapi/asm-generic/mman-common.h */
export const MMAP_PROT: FlagTable = {
  flags: [...bits(1, "PROT_READ PROT_WRITE PROT_EXEC PROT_SEM"), [0x01000000, "PROT_GROWSDOWN"], [
    0x02000000,
    "PROT_GROWSUP",
  ]],
  none: "PROT_NONE",
};

export const MAP_FLAGS: FlagTable = {
  low: { mask: 0xf, names: numbered(1, "MAP_SHARED MAP_PRIVATE MAP_SHARED_VALIDATE") },
  flags: [
    ...bits(0x10, "MAP_FIXED MAP_ANONYMOUS MAP_32BIT - MAP_GROWSDOWN - - MAP_DENYWRITE MAP_EXECUTABLE MAP_LOCKED"),
    ...bits(0x4000, "MAP_NORESERVE MAP_POPULATE MAP_NONBLOCK MAP_STACK MAP_HUGETLB MAP_SYNC MAP_FIXED_NOREPLACE"),
  ],
};

/** include/uapi/linux/sched.h; the low byte of clone's flags is the signal that the parent gets. */
export const CLONE_FLAGS: FlagTable = {
  flags: bits(
    0x80,
    "CLONE_NEWTIME CLONE_VM CLONE_FS CLONE_FILES CLONE_SIGHAND CLONE_PIDFD CLONE_PTRACE CLONE_VFORK CLONE_PARENT " +
      "CLONE_THREAD CLONE_NEWNS CLONE_SYSVSEM CLONE_SETTLS CLONE_PARENT_SETTID CLONE_CHILD_CLEARTID CLONE_DETACHED " +
      "CLONE_UNTRACED CLONE_CHILD_SETTID CLONE_NEWCGROUP CLONE_NEWUTS CLONE_NEWIPC CLONE_NEWUSER CLONE_NEWPID " +
      "CLONE_NEWNET CLONE_IO CLONE_CLEAR_SIGHAND CLONE_INTO_CGROUP",
  ),
  low: { mask: 0x7f, names: SIGNALS },
};

export const FUTEX_OPS: FlagTable = {
  low: {
    mask: 0x7f,
    names: numbered(
      0,
      "FUTEX_WAIT FUTEX_WAKE FUTEX_FD FUTEX_REQUEUE FUTEX_CMP_REQUEUE FUTEX_WAKE_OP FUTEX_LOCK_PI FUTEX_UNLOCK_PI " +
        "FUTEX_TRYLOCK_PI FUTEX_WAIT_BITSET FUTEX_WAKE_BITSET FUTEX_WAIT_REQUEUE_PI FUTEX_CMP_REQUEUE_PI FUTEX_LOCK_PI2",
    ),
  },
  flags: [[0x80, "FUTEX_PRIVATE_FLAG"], [0x100, "FUTEX_CLOCK_REALTIME"]],
};

export const FCNTL_COMMANDS: SymbolTable = new Map([
  ...numbered(
    0,
    "F_DUPFD F_GETFD F_SETFD F_GETFL F_SETFL F_GETLK F_SETLK F_SETLKW F_SETOWN F_GETOWN F_SETSIG F_GETSIG",
  ),
  ...numbered(36, "F_OFD_GETLK F_OFD_SETLK F_OFD_SETLKW"),
  ...numbered(
    1024,
    "F_SETLEASE F_GETLEASE F_NOTIFY - - - F_DUPFD_CLOEXEC F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_GET_SEALS",
  ),
]);

export const FLOCK_OPS: FlagTable = { flags: [...bits(1, "LOCK_SH LOCK_EX LOCK_NB LOCK_UN")] };
export const SEEK_WHENCE: SymbolTable = numbered(0, "SEEK_SET SEEK_CUR SEEK_END SEEK_DATA SEEK_HOLE");
export const EPOLL_OPS: SymbolTable = numbered(1, "EPOLL_CTL_ADD EPOLL_CTL_DEL EPOLL_CTL_MOD");
export const SHUTDOWN_HOW: SymbolTable = numbered(0, "SHUT_RD SHUT_WR SHUT_RDWR");

/** include/uapi/linux/time.h */
export const CLOCKS: SymbolTable = numbered(
  0,
  "CLOCK_REALTIME CLOCK_MONOTONIC CLOCK_PROCESS_CPUTIME_ID CLOCK_THREAD_CPUTIME_ID CLOCK_MONOTONIC_RAW " +
    "CLOCK_REALTIME_COARSE CLOCK_MONOTONIC_COARSE CLOCK_BOOTTIME CLOCK_REALTIME_ALARM CLOCK_BOOTTIME_ALARM - CLOCK_TAI",
);

export const WAIT_OPTIONS: FlagTable = {
  flags: [...bits(1, "WNOHANG WUNTRACED WEXITED WCONTINUED"), [0x01000000, "WNOWAIT"]],
};

/** include/linux/socket.h: flags of send and receive. */
export const MESSAGE_FLAGS: FlagTable = {
  flags: bits(
    1,
    "MSG_OOB MSG_PEEK MSG_DONTROUTE MSG_CTRUNC MSG_PROBE MSG_TRUNC MSG_DONTWAIT MSG_EOR MSG_WAITALL MSG_FIN MSG_SYN " +
      "MSG_CONFIRM MSG_RST MSG_ERRQUEUE MSG_NOSIGNAL MSG_MORE MSG_WAITFORONE",
  ),
};

/** arch/x86/include/asm/trap_pf.h */
export const PAGE_FAULT_CODES: FlagTable = {
  flags: bits(1, "PROTECTION WRITE USER RESERVED INSTRUCTION PROTECTION_KEY SHADOW_STACK"),
  none: "READ",
};
