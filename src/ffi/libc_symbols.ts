/** The C library's symbols that ktriage calls: nothing else stands in this file. */

const syscall = { name: "syscall", result: "i64" } as const;

export const libcSymbols = {
  mmap: {
    parameters: [
      "pointer", // void *addr
      "usize", // size_t length
      "i32", // int prot
      "i32", // int flags
      "i32", // int fd
      "i64", // off_t offset
    ],
    result: "pointer",
  },
  munmap: { parameters: ["pointer", "usize"], result: "i32" }, // void *addr, size_t length
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" }, // const char *name, unsigned int flags
  write: { parameters: ["i32", "buffer", "usize"], result: "i64" }, // int fd, const void *buf, size_t count
  close: { parameters: ["i32"], result: "i32" }, // int fd
  ioctl: { parameters: ["i32", "u64", "u64"], result: "i32" }, // int fd, unsigned long request, unsigned long arg
  clock_gettime: { parameters: ["i32", "buffer"], result: "i32" }, // clockid_t clock, struct timespec *ts
  getpagesize: { parameters: [], result: "i32" },
  vsnprintf: {
    parameters: [
      "buffer", // char *str
      "usize", // size_t size
      "pointer", // const char *format
      "pointer", // va_list ap, passed by address on x86-64 and arm64
    ],
    result: "i32",
  },
  prlimit: {
    parameters: [
      "i32", // pid_t pid, 0: this process
      "i32", // enum __rlimit_resource resource
      "buffer", // const struct rlimit *new_limit
      "buffer", // struct rlimit *old_limit
    ],
    result: "i32",
  },
  __errno_location: { parameters: [], result: "pointer" },
  syscall_perf_event_open: {
    ...syscall,
    parameters: [
      "i64", // long number
      "buffer", // struct perf_event_attr *attr
      "i64", // pid_t pid
      "i64", // int cpu
      "i64", // int group_fd
      "u64", // unsigned long flags
    ],
  },
  syscall_bpf: { ...syscall, parameters: ["i64", "i64", "buffer", "u64"] }, // long number, int cmd, union bpf_attr *, size
  syscall_fsopen: { ...syscall, parameters: ["i64", "buffer", "u64"] }, // long number, const char *fs_name, flags
  syscall_fsconfig: {
    ...syscall,
    parameters: ["i64", "i64", "u64", "buffer", "buffer", "i64"], // long number, int fd, cmd, key, value, int aux
  },
  syscall_fsmount: { ...syscall, parameters: ["i64", "i64", "u64", "u64"] }, // long number, int fd, flags, attr_flags
} as const satisfies Deno.ForeignLibraryInterface;

const word = "u64";

/** What confines a process and watches over a confined one. */
export const confineSymbols = {
  syscall: {
    parameters: [word, word, word, word, word, word, word], // long number, up to six arguments: numbers or addresses
    result: "i64",
  },
  poll: { parameters: ["buffer", "u64", "i32"], result: "i32", nonblocking: true }, // struct pollfd *, nfds_t, int timeout
  signal: { parameters: ["i32", "usize"], result: "usize" }, // int signum, sighandler_t handler
  waitpid: { parameters: ["i32", "buffer", "i32"], result: "i32" }, // pid_t pid, int *wstatus, int options
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** What the worker of the self-test calls. */
export const knownCallSymbols = {
  atoi: { parameters: ["buffer"], result: "i32" }, // const char *nptr
} as const satisfies Deno.ForeignLibraryInterface;

/** The kernel's view of its clock. */
export const clockSymbols = {
  adjtimex: { parameters: ["buffer"], result: "i32" }, // struct timex *
} as const satisfies Deno.ForeignLibraryInterface;
